"""Pages about the people of a case in a real Chromium: they fit a phone and a desk, axe is content, keys suffice."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from services.intake.app import App
from shared.clock import FixedClock
from shared.messaging.memory import MemoryBus
from shared.web.assets import BUILT
from tests.browser.chromium import CHROMIUM
from tests.intake.conftest import PASSWORD, register
from tests.intake.conftest import Browser as Forms
from tests.intake.test_co_authors import LI, link, name_li
from tests.intake.test_in_browser import base, chromium, context, faults_of
from tests.intake.test_moving import move_to
from tests.intake.test_news import bus, worker
from tests.intake.test_path import complete_case

__all__ = ["base", "bus", "chromium", "context", "worker"]  # fixtures

pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None or not (BUILT / "manifest.json").exists(),
    reason="needs Debian's Chromium and the built front end: npm ci && npm run build",
)


@pytest.mark.parametrize("width", [375, 1280])
def test_pages_about_people_fit_and_axe_finds_no_fault(
    chromium: Browser,
    context: BrowserContext,
    base: str,
    author: Forms,
    new_browser: Callable[[], Forms],
    app: App,
    bus: MemoryBus,
    worker: Callable[[], None],
    width: int,
) -> None:
    case = complete_case(author)
    name_li(author, case)
    letter = link(app, case)
    author.fill(f"{case}/check")
    author.open("/account")
    move_to(author, "510000")
    worker()
    li = new_browser()
    register(li, mobile=LI, name="李明")
    looked = chromium.new_context(
        base_url=base, locale="zh-CN", viewport={"width": width, "height": 900}, bypass_csp=True
    )
    looked.add_cookies(context.cookies())  # type: ignore[arg-type] # the same shape under two names
    page = looked.new_page()
    faults: dict[str, list[str]] = {}

    def look(name: str, path: str) -> None:
        page.goto(path)
        faults.update(faults_of(page, f"people-{name}", width))

    look("link", letter)
    look("link-refuse", f"{letter}/refuse")
    look("case-told", case)
    look("tell-again", f"{case}/authors/tell?person={app.person(LI)}")
    look("account-moved", "/account")
    look("receipt-moved", f"{case}/receipt")
    li.fill(f"{case}/read")
    look("link-used", letter)
    look("case-confirmed", case)
    look("consents", f"{case}/consents")
    look("hand-over", f"{case}/hand-over")
    author.fill(f"{case}/hand-over", person=app.person(LI))
    look("hand-over-waiting", f"{case}/hand-over")
    looked.clear_cookies()
    page.goto("/login")
    page.get_by_label("手机号").fill(LI)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="我的案例")).to_be_visible()
    look("read-offered", f"{case}/read")
    look("take-over", f"{case}/take-over")
    looked.close()
    assert faults == {}


def test_somebody_answers_a_letter_by_keys_alone_and_without_a_script(
    chromium: Browser, base: str, author: Forms, app: App, clock: FixedClock
) -> None:
    case = complete_case(author)
    name_li(author, case)
    anybody = chromium.new_context(base_url=base, locale="zh-CN", java_script_enabled=False)
    page = anybody.new_page()
    page.goto(link(app, case))
    refuse = page.get_by_role("link", name="不同意列为作者")
    for _ in range(40):
        page.keyboard.press("Tab")
        if refuse.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="不同意列为")).to_be_visible()
    page.get_by_role("button", name="不同意列为作者").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("链接只能使用一次")).to_be_visible()
    anybody.close()
    assert app.cases.get(case.removeprefix("/cases/")).refused == {app.person(LI)}
