"""A crowd in a real Chromium: drafts stay in this browser until the platform takes them, pages wait their turn."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from services.intake.app import App
from shared.clock import FixedClock
from shared.web.assets import BUILT
from shared.web.crowding import Importance, Turned
from tests.browser.chromium import CHROMIUM
from tests.intake.conftest import PASSWORD
from tests.intake.conftest import Browser as Forms
from tests.intake.test_in_browser import base, chromium, context, faults_of
from tests.intake.test_path import complete_case, open_case

__all__ = ["base", "chromium", "context"]  # fixtures

pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None or not (BUILT / "manifest.json").exists(),
    reason="needs Debian's Chromium and the built front end: npm ci && npm run build",
)
BOX = "[data-local-copy]"
SOON = 20_000
"""Milliseconds within which a page has done what it does by itself."""


class Gate:
    """Turns away whom it is told to."""

    waiting = 0
    standing_wait = 0.0
    saves_every = 15

    def __init__(self) -> None:
        self.away: dict[Importance, Turned] = {}

    def is_spent(self, _: str) -> bool:
        """Nobody went in twice."""
        return False

    def saw(self, _: float) -> None:
        """It does not matter here."""

    def turns_away(self, importance: Importance, *, visitor: str) -> Turned | None:
        """As told."""
        return self.away.get(importance)


@pytest.fixture
def gate(web: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """In place of the one that measures."""
    monkeypatch.setattr("shared.web.admission.WAITED", type("Waited", (), {"get": lambda _: 1.0})())
    web.extensions["zhengji.gate"] = gate = Gate()
    yield gate


def sheet(context: BrowserContext, case: str) -> Page:
    page = context.new_page()
    page.goto(f"{case}/sheet")
    return page


@contextmanager
def no_saving(context: BrowserContext) -> Iterator[None]:
    """Inside the block the line is dead for what pages send, also while they are being closed."""

    def cut(route: Route) -> None:
        if route.request.method == "POST":
            route.abort()
        else:
            route.continue_()

    context.route("**/sheet", cut)
    yield
    context.unroute("**/sheet", cut)


def copies(page: Page) -> list[dict[str, object]]:
    kept: dict[str, str] = page.evaluate("() => ({...localStorage})")
    return [json.loads(text) for key, text in kept.items() if key.startswith("draft:")]


def summary(app: App, case: str) -> str:
    return app.cases.get(case.removeprefix("/cases/")).about.summary


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON / 1000
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def write_in_a_crowd(page: Page, gate: Gate, words: str, *, retry_after: int) -> None:
    """Type, and read that it stays in this browser for now."""
    gate.away[Importance.SAVING_BY_ITSELF] = Turned(ahead=0, retry_after=retry_after)
    page.get_by_label("案例概述").fill(words)
    expect(page.get_by_text("现在访问的人很多，内容已暂存在本机，将自动重试。").first).to_be_visible(timeout=SOON)


def test_in_a_crowd_a_draft_waits_in_this_browser_and_is_saved_later(
    context: BrowserContext, author: Forms, app: App, gate: Gate
) -> None:
    case = open_case(author)
    page = sheet(context, case)
    write_in_a_crowd(page, gate, "人多时写的概述", retry_after=2)
    assert summary(app, case) != "人多时写的概述"
    assert len(copies(page)) == 1
    gate.away.clear()
    until(lambda: summary(app, case) == "人多时写的概述")
    until(lambda: copies(page) == [])


def test_the_platform_says_how_often_a_page_saves(context: BrowserContext, author: Forms, gate: Gate) -> None:
    gate.saves_every = 1000
    page = sheet(context, open_case(author))
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    page.get_by_label("案例概述").fill("一")
    page.wait_for_timeout(6_000)
    assert len(sent) == 1
    page.get_by_label("案例概述").fill("二")
    page.wait_for_timeout(17_000)
    assert len(sent) == 1, "it saves as often as it likes"


def test_what_was_not_saved_before_the_tab_was_closed_is_offered_again(
    context: BrowserContext, author: Forms, app: App, gate: Gate
) -> None:
    case = open_case(author)
    page = sheet(context, case)
    write_in_a_crowd(page, gate, "没有存上的概述", retry_after=600)
    page.close()
    again = sheet(context, case)
    expect(again.locator(BOX)).to_contain_text("平台没有收到的内容。可以填入表单后继续填写。")
    gate.away.clear()
    again.get_by_role("button", name="填入这些内容").click()
    expect(again.get_by_label("案例概述")).to_have_value("没有存上的概述")
    expect(again.locator(BOX)).to_have_count(0)
    until(lambda: summary(app, case) == "没有存上的概述")


def test_a_copy_that_is_older_than_what_is_saved_says_so_and_can_be_thrown_away(
    context: BrowserContext, author: Forms, app: App, gate: Gate
) -> None:
    case = open_case(author)
    page = sheet(context, case)
    gate.away[Importance.SAVING_BY_ITSELF] = Turned(ahead=0, retry_after=600)
    page.get_by_label("案例概述").fill("没有保存的概述")
    until(lambda: len(copies(page)) == 1)
    page.close()
    author.fill(f"{case}/sheet", summary="另一台电脑上保存的概述", then="draft")
    again = sheet(context, case)
    expect(again.locator(BOX)).to_contain_text("平台上的内容在此之后保存过，填入后请逐项核对。")
    again.get_by_role("button", name="丢弃").click()
    expect(again.get_by_label("案例概述")).to_have_value("另一台电脑上保存的概述")
    assert copies(again) == []
    again.reload()
    expect(again.locator(BOX)).to_have_count(0)
    assert summary(app, case) == "另一台电脑上保存的概述"


def test_what_the_button_saved_is_not_offered(context: BrowserContext, author: Forms) -> None:
    case = open_case(author)
    page = sheet(context, case)
    page.get_by_label("案例概述").fill("按按钮保存的概述")
    page.get_by_role("button", name="保存并继续").click()
    expect(page.get_by_role("heading", name="作者信息")).to_be_visible()
    author.fill(f"{case}/sheet", summary="之后在另一处改过", then="draft")
    again = sheet(context, case)
    expect(again.get_by_label("案例概述")).to_have_value("之后在另一处改过")
    expect(again.locator(BOX)).to_have_count(0)


def test_signing_out_leaves_nothing_in_this_browser(context: BrowserContext, author: Forms) -> None:
    page = sheet(context, open_case(author))
    with no_saving(context):
        page.get_by_label("案例概述").fill("公用电脑上写的概述")
        expect(page.get_by_text("网络不通，内容已暂存在本机，将自动重试。").first).to_be_visible(timeout=SOON)
        assert len(copies(page)) == 1
        page.goto("/logout")
    page.get_by_role("button", name="退出", exact=True).click()
    expect(page.get_by_role("link", name="作者登录").first).to_be_visible()
    assert copies(page) == []


def test_a_page_waits_its_turn_and_opens_by_itself(chromium: Browser, base: str, author: Forms, gate: Gate) -> None:
    gate.away[Importance.BROWSING] = Turned(ahead=37, retry_after=3)
    stranger = chromium.new_context(base_url=base, locale="zh-CN")
    page = stranger.new_page()
    page.goto("/notices")
    expect(page.get_by_text("您前面约有37人。")).to_be_visible()
    gate.away.clear()
    expect(page.get_by_role("heading", name="通知与要求").first).to_be_visible(timeout=SOON)
    assert page.url.endswith("/notices")
    stranger.close()


def test_a_submission_that_is_turned_away_counts_from_when_it_came(
    context: BrowserContext, author: Forms, app: App, clock: FixedClock, gate: Gate
) -> None:
    """It came before the bell; the crowd lets it in after the bell."""
    case = complete_case(author)
    page = context.new_page()
    closes = app.campaigns.current().windows.submission.closes
    clock.at = closes - timedelta(minutes=1)
    page.goto("/login")  # whoever signed in days ago has to sign in again
    page.get_by_label("手机号").fill("13800001234")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.goto(f"{case}/check")
    clock.at = closes - timedelta(seconds=2)
    gate.away[Importance.HANDING_IN] = Turned(ahead=0, retry_after=5)
    page.get_by_role("button", name="确认报送").click()
    expect(page.get_by_text("请在10分钟内继续，接收时间按您这一次提交计算，不受等候影响。")).to_be_visible()
    clock.at = closes + timedelta(seconds=90)
    gate.away.clear()
    page.get_by_role("button", name="继续提交").click()
    expect(page.get_by_role("heading", name="报送回执").first).to_be_visible()
    (version,) = app.cases.get(case.removeprefix("/cases/")).versions
    assert version.received_at == closes - timedelta(seconds=2)


@pytest.mark.parametrize("width", [375, 1280])
def test_waiting_pages_fit_and_axe_finds_no_fault(
    chromium: Browser, context: BrowserContext, base: str, author: Forms, gate: Gate, width: int
) -> None:
    case = open_case(author)
    viewed = chromium.new_context(
        base_url=base, locale="zh-CN", viewport={"width": width, "height": 900}, bypass_csp=True
    )
    viewed.add_cookies(context.cookies())  # type: ignore[arg-type] # the same shape under two names
    page = viewed.new_page()
    page.goto(f"{case}/sheet")
    with no_saving(viewed):
        page.get_by_label("案例概述").fill("没有保存的概述")
        page.reload()
        expect(page.locator(BOX)).to_be_visible()
    faults = faults_of(page, "local-copy", width)
    gate.away = {each: Turned(ahead=37, retry_after=30) for each in Importance}
    page.get_by_role("button", name="保存并继续").click()
    expect(page.get_by_text("您填写的内容已保留").first).to_be_visible()
    faults |= faults_of(page, "turned-away", width)
    page.goto("/notices")
    faults |= faults_of(page, "waiting", width)
    viewed.close()
    assert faults == {}
