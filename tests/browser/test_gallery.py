"""The shared patterns in a real browser: nothing overflows, axe finds no fault, what is pressed is large."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from shared.web.assets import BUILT
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.browser.gallery import author_cookie, gallery_app, staff_cookie

AXE = Path("node_modules/axe-core/axe.min.js")
PAGES = ("/cases/1", "/cases/1/sheet", "/cases/1/check", "/cases/1/receipt", "/centre", "/empty", "/login", "/nowhere")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

PRESSED = (
    ".govuk-button:visible, .govuk-input:visible, .govuk-select:visible, .zj-nav summary:visible, .zj-nav a:visible"
)

pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None or not (BUILT / "manifest.json").exists() or not AXE.exists(),
    reason="needs Debian's Chromium and the built front end: npm ci && npm run build",
)


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The address of the gallery."""
    server = make_server("127.0.0.1", 0, gallery_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    """What the browser complained of."""
    return []


@pytest.fixture
def page(browser: Browser, base: str, faults: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page at the width the test asks for, with an author and an officer logged in."""
    width = getattr(request, "param", 375)
    context = browser.new_context(viewport={"width": width, "height": 800}, base_url=base, locale="zh-CN")
    context.add_cookies(
        [
            {"name": "author", "value": author_cookie(), "url": base},
            {"name": "staff", "value": staff_cookie(), "url": base},
        ]
    )
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()


@pytest.mark.parametrize("page", [320, 375, 1280], indirect=True)
def test_no_page_is_wider_than_its_window_or_breaks_its_own_policy(page: Page, faults: list[str]) -> None:
    wide = {}
    for path in PAGES:
        page.goto(path)
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            wide[path] = over
    assert (wide, faults) == ({}, [])


@pytest.mark.parametrize("page", [375, 1280], indirect=True)
def test_axe_finds_no_fault(browser: Browser, base: str, page: Page) -> None:
    context = browser.new_context(viewport=page.viewport_size, base_url=base, bypass_csp=True)  # axe is injected
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type] # the same shape under two names
    looked = context.new_page()
    found = {}
    for path in PAGES:
        looked.goto(path)
        looked.add_script_tag(path=AXE)
        result = looked.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
        for fault in result["violations"]:
            found[f"{path} {fault['id']}"] = [node["html"][:160] for node in fault["nodes"]]
    context.close()
    assert found == {}


def test_on_a_phone_head_and_bell_take_a_line_each_and_the_title_comes_soon(page: Page) -> None:
    page.goto("/cases/1")
    head = page.locator(".zj-header").bounding_box()
    bell = page.locator(".zj-bell").bounding_box()
    title = page.locator("h1").bounding_box()
    assert head is not None
    assert bell is not None
    assert title is not None
    assert head["height"] <= 64
    assert bell["height"] <= 44
    assert title["y"] <= 200


def test_the_menu_opens_without_scripts(browser: Browser, base: str) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 800}, base_url=base, java_script_enabled=False)
    page = context.new_page()
    page.goto("/empty")
    link = page.locator(".zj-nav--small").get_by_role("link", name="证书查询")
    assert not link.is_visible()
    page.locator(".zj-nav--small summary").click()
    assert link.is_visible()
    context.close()


def test_what_a_finger_presses_is_44_pixels_high(page: Page) -> None:
    small = {}
    for path in PAGES:
        page.goto(path)
        for element in page.locator(PRESSED).all():
            box = element.bounding_box()
            if box is not None and box["height"] < 44 and element.get_attribute("type") != "file":
                small[path] = element.evaluate("element => element.outerHTML.slice(0, 120)")
    assert small == {}


def test_the_last_hour_counts_seconds_by_the_servers_clock(page: Page) -> None:
    page.goto("/cases/1/sheet")
    timer = page.locator("[data-countdown]")
    first = timer.inner_text()
    assert first.startswith("还有42分")
    expect(timer).not_to_have_text(first)
    page.goto("/cases/1")
    assert page.locator("[data-countdown]").inner_text() == "还有1天14小时42分"


def test_the_counter_counts_as_the_server_does(page: Page) -> None:
    page.goto("/cases/1/sheet")
    page.fill("#summary", "研修 2024 年")
    note = page.locator("[data-count-for=summary]")
    expect(note).to_have_text("已有4字，最多300字")
    page.fill("#summary", "字" * 301)
    expect(note).to_have_text("已有301字，最多300字，请删去1字")


def test_the_error_summary_takes_the_focus_and_leads_to_the_field(page: Page) -> None:
    page.goto("/cases/1/sheet")
    page.fill("#mobile", "12")
    page.locator("main button[type=submit]").click()
    summary = page.locator(".govuk-error-summary")
    assert summary.evaluate("element => element === document.activeElement")
    summary.get_by_text("手机号应为11位数字").click()
    assert page.evaluate("document.activeElement.id") == "mobile"
    assert page.input_value("#mobile") == "12"
