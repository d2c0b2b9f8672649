"""An author in a real Chromium: uploads survive a closed tab, drafts save themselves, pages fit, axe is content."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect, sync_playwright
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import make_server

from services.intake.app import App
from services.intake.domain.files import PART_BYTES
from shared.clock import FixedClock
from shared.web.assets import BUILT
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.intake.conftest import PASSWORD
from tests.intake.conftest import Browser as Forms
from tests.intake.test_path import complete_case, open_case
from tests.intake.word_files import PEOPLE, authors_rows, notice_form, ticked

AXE = Path("node_modules/axe-core/axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOTS = os.environ.get("ZHENGJI_SHOTS", "")

pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None or not (BUILT / "manifest.json").exists(),
    reason="needs Debian's Chromium and the built front end: npm ci && npm run build",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def base(web: Flask) -> Iterator[str]:
    """The address of a running intake."""
    server = make_server("127.0.0.1", 0, SharedDataMiddleware(web, {"/assets": str(BUILT)}), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def context(chromium: Browser, base: str, author: Forms) -> Iterator[BrowserContext]:
    """A browser in which the author is signed in."""
    context = chromium.new_context(base_url=base, locale="zh-CN", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("手机号").fill("13800001234")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="我的案例")).to_be_visible()
    page.close()
    yield context
    context.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "研修实录.mp4"
    path.write_bytes(os.urandom(2 * PART_BYTES + 1000))
    return path


def choose(page: Page, case: str, film: Path) -> None:
    page.goto(f"{case}/materials")
    page.get_by_label("研究交流").check()
    page.locator("input[type=file]").set_input_files(film)
    page.get_by_role("button", name="上传", exact=True).click()


def test_an_upload_survives_a_closed_tab(context: BrowserContext, author: Forms, app: App, film: Path) -> None:
    case = open_case(author)
    sent: list[str] = []

    def only_the_first(route: Route) -> None:
        number = route.request.url.split("partNumber=")[1].split("&")[0]
        if number == "1":
            sent.append(number)
            route.continue_()
        else:
            route.abort()

    page = context.new_page()
    page.route("**/*partNumber=*", only_the_first)
    choose(page, case, film)
    expect(page.get_by_text("连接中断，已传的部分保留，将自动继续")).to_be_visible(timeout=20_000)
    page.close(run_before_unload=False)

    again = context.new_page()
    again.on("request", lambda asked: sent.append(asked.url) if "partNumber=" in asked.url else None)
    again.goto(f"{case}/materials")
    expect(again.get_by_text("再次选择同一个文件即可继续上传")).to_be_visible()
    choose(again, case, film)
    expect(again.get_by_text("检查中")).to_be_visible(timeout=20_000)

    puts = [url for url in sent[1:] if "partNumber=1&" in url]
    assert (sent[0], puts) == ("1", [])
    files = app.cases.get(case.removeprefix("/cases/")).present_files
    assert [(file.name, file.size) for file in files] == [("研修实录.mp4", 2 * PART_BYTES + 1000)]
    assert b"".join(app.objects.chunks(files[0].object_key)) == film.read_bytes()


def test_a_file_that_does_not_fit_is_refused_in_words(context: BrowserContext, author: Forms, tmp_path: Path) -> None:
    case = open_case(author)
    pdf = tmp_path / "案例.pdf"
    pdf.write_bytes(b"%PDF-1.7")
    page = context.new_page()
    page.goto(f"{case}/document")
    page.locator("input[type=file]").set_input_files(pdf)
    page.get_by_role("button", name="上传", exact=True).click()
    expect(page.get_by_text("PDF不能作为案例介绍文档")).to_be_visible()


def test_a_draft_saves_itself(context: BrowserContext, author: Forms, app: App, clock: FixedClock) -> None:
    case = open_case(author)
    page = context.new_page()
    page.goto(f"{case}/sheet")
    clock.advance(timedelta(minutes=3))
    page.get_by_label("案例概述").fill("正在写的概述")
    expect(page.get_by_text("草稿已于12:03自动保存").first).to_be_visible(timeout=20_000)
    assert app.cases.get(case.removeprefix("/cases/")).about.summary == "正在写的概述"
    page.get_by_label("案例概述").fill("写完的概述")
    page.get_by_role("button", name="保存并继续").click()
    expect(page.get_by_role("heading", name="作者信息")).to_be_visible()


@pytest.mark.parametrize("width", [375, 1280])
def test_every_page_fits_and_axe_finds_no_fault(
    chromium: Browser, context: BrowserContext, base: str, author: Forms, width: int
) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    looked = chromium.new_context(
        base_url=base, locale="zh-CN", viewport={"width": width, "height": 900}, bypass_csp=True
    )
    looked.add_cookies(context.cookies())  # type: ignore[arg-type] # the same shape under two names
    page = looked.new_page()
    faults: dict[str, list[str]] = {}
    own = ("", "/sheet", "/authors", "/document", "/materials", "/declaration", "/check", "/receipt", "/withdraw")
    public = ("/", "/notices", "/notices/privacy", "/register", "/login", "/logout", "/account", "/cases", "/cases/new")
    for path in (*public, "/receipts/verify", *(f"{case}{name}" for name in own)):
        page.goto(path)
        faults |= faults_of(page, path.replace(case, "/case").strip("/").replace("/", "-") or "front", width)
    looked.close()
    assert faults == {}


def faults_of(page: Page, name: str, width: int) -> dict[str, list[str]]:
    """What is wider than the window, and what axe finds, on the page that is open."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/intake-{name}-{width}.png", full_page=True)
    faults = {}
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if over > 0:
        faults[f"{name} wide"] = [str(over)]
    if width == 375 and AXE.exists():  # the same elements at both widths
        page.add_script_tag(path=AXE)
        result = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
        for fault in result["violations"]:
            faults[f"{name} {fault['id']}"] = [node["html"][:160] for node in fault["nodes"]]
    return faults


@pytest.mark.parametrize("width", [375, 1280])
def test_a_receipt_is_downloaded_and_verified(
    chromium: Browser, context: BrowserContext, base: str, author: Forms, tmp_path: Path, width: int
) -> None:
    """The PDF that the page gives, shown again by its author and by a stranger; and a copy with one byte changed."""
    case = complete_case(author)
    author.fill(f"{case}/check")
    size: ViewportSize = {"width": width, "height": 900}
    looked = chromium.new_context(base_url=base, locale="zh-CN", viewport=size, bypass_csp=True)
    looked.add_cookies(context.cookies())  # type: ignore[arg-type] # the same shape under two names
    page = looked.new_page()
    faults: dict[str, list[str]] = {}
    page.goto(f"{case}/receipt")
    page.get_by_text("技术信息").click()
    faults |= faults_of(page, "receipt-opened", width)
    with page.expect_download() as download:
        page.get_by_role("button", name="下载回执PDF").click()
    pdf = tmp_path / "receipt.pdf"
    download.value.save_as(pdf)
    assert download.value.suggested_filename.endswith("-第1版.pdf")

    stranger = chromium.new_context(base_url=base, locale="zh-CN", viewport=size, bypass_csp=True).new_page()
    for person, name in ((page, "own"), (stranger, "public")):
        person.goto("/receipts/verify")
        person.locator("input[type=file]").set_input_files(pdf)
        person.get_by_role("button", name="核验", exact=True).click()
        expect(person.get_by_text("真实有效，为第1版的回执")).to_be_visible()
        faults |= faults_of(person, f"receipt-verified-{name}", width)

    whole = pdf.read_bytes()
    pdf.write_bytes(whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:])
    stranger.goto("/receipts/verify")
    stranger.get_by_label("编号", exact=True).fill("2024-482-130-572")
    stranger.get_by_label("核验码", exact=True).fill("ABCD-2345-EFGH-6789")
    stranger.locator("input[type=file]").set_input_files(pdf)
    stranger.get_by_role("button", name="核验", exact=True).click()
    expect(stranger.get_by_role("alert")).to_contain_text("已被改动或另存")
    expect(stranger.get_by_label("编号", exact=True)).to_have_value("2024-482-130-572")
    faults |= faults_of(stranger, "receipt-refused", width)
    stranger.context.close()
    looked.close()
    assert faults == {}


@pytest.mark.parametrize("width", [375, 1280])
def test_a_filled_in_sheet_is_uploaded_compared_and_taken(
    chromium: Browser, context: BrowserContext, base: str, author: Forms, app: App, tmp_path: Path, width: int
) -> None:
    case = complete_case(author)
    paper = tmp_path / "附表1.docx"
    rows = authors_rows((PEOPLE[1], PEOPLE[0], ("张伟", "苏州中学", "教师", "1370000000")), empty=0)
    paper.write_bytes(notice_form(title="区域研修共同体", category=ticked(3), summary="字" * 352, authors=rows))
    looked = chromium.new_context(
        base_url=base, locale="zh-CN", viewport={"width": width, "height": 900}, bypass_csp=True
    )
    looked.add_cookies(context.cookies())  # type: ignore[arg-type] # the same shape under two names
    page = looked.new_page()

    def look(name: str) -> None:
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/sheet-{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        page.add_script_tag(path=AXE)
        result = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
        assert [(fault["id"], fault["nodes"][0]["html"][:160]) for fault in result["violations"]] == []

    page.goto(f"{case}/sheet")
    page.get_by_role("link", name="上传Word文档，核对后填入").click()
    look("upload")
    page.locator("input[type=file]").set_input_files(paper)
    page.get_by_role("button", name="读取并核对").click()
    expect(page.get_by_role("heading", name="核对从附表1读到的内容")).to_be_visible()
    look("compare")
    page.get_by_role("button", name="确认并填入草稿").click()
    expect(page.get_by_role("link", name="请选择“案例名称”保留现在填写的，还是采用文件中的。")).to_be_visible()
    look("refused")
    for group in page.get_by_role("group").all():
        if group.get_by_label("采用文件中的").count():
            group.get_by_label("采用文件中的").check()
    page.get_by_role("button", name="确认并填入草稿").click()
    expect(page.get_by_text("已填入附表1的内容，草稿已保存。")).to_be_visible()
    looked.close()
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert (kept.about.title, kept.about.category, kept.about.summary) == ("区域研修共同体", "studio", "字" * 352)
    assert [person.name for person in kept.authors.people] == ["李明", "王小明", "张伟"]
