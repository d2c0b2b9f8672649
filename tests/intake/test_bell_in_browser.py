"""The bell in a real Chromium: the countdown is the server's however wrong this machine's clock; typed words stay."""

from __future__ import annotations

import re
import shutil
import time
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from services.intake.app import App
from shared.clock import FixedClock
from shared.web.assets import BUILT
from tests.browser.chromium import CHROMIUM
from tests.intake.conftest import NOON, PASSWORD
from tests.intake.conftest import Browser as Forms
from tests.intake.test_closed import CLOSED, CLOSES
from tests.intake.test_in_browser import AXE, RULES, SHOTS, base, chromium, context
from tests.intake.test_late import permit
from tests.intake.test_path import complete_case, open_case

__all__ = ["base", "chromium", "context"]  # fixtures

pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None or not (BUILT / "manifest.json").exists(),
    reason="needs Debian's Chromium and the built front end: npm ci && npm run build",
)
LEFT = re.compile(r"还有(\d+)分(\d\d)秒")


class RunningClock(FixedClock):
    """A clock that goes on from where it was put."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self._put = time.monotonic()

    def put(self, at: datetime) -> None:
        """Go on from ``at``."""
        self.at, self._put = at, time.monotonic()

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic() - self._put)


@pytest.fixture
def clock() -> RunningClock:
    """Runs, from noon in the middle of the window."""
    return RunningClock(NOON)


def off_by(page: Page, clock: RunningClock) -> float:
    """How many seconds the countdown is from the truth, just after its text changed: the quickest of three looks."""
    return min(_looked(page, clock) for _ in range(3))


def _looked(page: Page, clock: RunningClock) -> float:
    timer = page.locator("[data-countdown]")
    before = timer.inner_text()
    page.wait_for_function("text => document.querySelector('[data-countdown]').textContent !== text", arg=before)
    shown, now = timer.inner_text(), clock()
    found = LEFT.fullmatch(shown)
    assert found, shown
    return abs((CLOSES - now).total_seconds() - (int(found[1]) * 60 + int(found[2])))


@pytest.mark.parametrize("wrong", [timedelta(hours=-7), timedelta(hours=5, minutes=13), timedelta(days=400)])
def test_the_countdown_is_the_servers_however_wrong_this_clock_is(
    context: BrowserContext, author: Forms, clock: RunningClock, wrong: timedelta
) -> None:
    case = open_case(author)
    clock.put(CLOSES - timedelta(minutes=30))
    sign_in(context)
    page = context.new_page()
    page.clock.install(time=clock() + wrong)
    page.goto(f"{case}/sheet")
    assert off_by(page, clock) < 1
    page.clock.set_system_time(clock() - wrong)  # somebody changes it while the page is open
    assert off_by(page, clock) < 1


def test_a_slow_page_asks_the_server_again(context: BrowserContext, author: Forms, clock: RunningClock) -> None:
    case = open_case(author)
    clock.put(CLOSES - timedelta(minutes=30))
    sign_in(context)
    page = context.new_page()

    def three_seconds_late(route: Route) -> None:
        answer = route.fetch()
        page.wait_for_timeout(3000)  # on its way back
        route.fulfill(response=answer)

    page.route(f"**{case}/sheet", three_seconds_late)
    with page.expect_response(lambda answer: "/api/intake/now" in answer.url):
        page.goto(f"{case}/sheet")
    assert off_by(page, clock) < 1


def sign_in(context: BrowserContext) -> None:
    """Sign in again, now that the clock has been put on by days."""
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("手机号").fill("13800001234")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="我的案例")).to_be_visible()
    page.close()


def test_only_turning_points_are_read_aloud(context: BrowserContext, author: Forms, clock: RunningClock) -> None:
    case = open_case(author)
    clock.put(CLOSES - timedelta(minutes=12))
    sign_in(context)
    clock.put(CLOSES - timedelta(minutes=10, seconds=12))
    page = context.new_page()
    page.goto(case)
    aloud = page.locator("[data-turning-point]")
    assert aloud.inner_text() == ""
    expect(aloud).to_have_text(re.compile("还有(10分00|9分5[89])秒"), timeout=30_000)
    heard = aloud.inner_text()
    shown = page.locator("[data-countdown]").inner_text()
    expect(page.locator("[data-countdown]")).not_to_have_text(shown)
    assert aloud.inner_text() == heard


@pytest.mark.parametrize(
    ("width", "said"),
    [(375, "截止 10月15日23:59:59（北京时间）"), (1280, "报送截止：北京时间2024年10月15日（星期二）23:59:59")],
)
def test_without_scripts_the_deadline_is_plain_text_with_its_zone(
    chromium: Browser, base: str, width: int, said: str
) -> None:
    plain = chromium.new_context(
        base_url=base, java_script_enabled=False, viewport={"width": width, "height": 800}, locale="zh-CN"
    )
    page = plain.new_page()
    page.goto("/")
    assert page.locator(".zj-bell").inner_text().strip() == said
    plain.close()


def test_what_is_typed_when_the_bell_rings_is_kept_and_shown(
    context: BrowserContext, author: Forms, app: App, clock: RunningClock
) -> None:
    case = complete_case(author)
    clock.put(CLOSES - timedelta(minutes=1))
    sign_in(context)
    page = context.new_page()
    page.goto(f"{case}/sheet")
    clock.put(CLOSES)
    page.get_by_label("案例概述").fill("截止那一刻还在写的话")
    said = "报送已截止，刚才填写的内容已另行保存，没有计入案例。请刷新页面查看。"
    expect(page.get_by_text(said).first).to_be_visible(timeout=20_000)
    page.reload()
    expect(page.get_by_text("截止那一刻还在写的话")).to_be_visible()
    expect(page.get_by_text(CLOSED).first).to_be_visible()
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert (kept.about.summary == "截止那一刻还在写的话", kept.edited_at < CLOSES) == (False, True)


@pytest.mark.parametrize("width", [375, 1280])
def test_pages_after_the_bell_fit_and_axe_finds_no_fault(
    chromium: Browser, context: BrowserContext, base: str, author: Forms, app: App, clock: RunningClock, width: int
) -> None:
    shut, late = complete_case(author), complete_case(author)
    author.fill(f"{shut}/check")
    event = permit(late)
    app.cases.change(event.case_id, lambda kept: kept.hear_permission(event))
    author.open(f"{shut}/sheet")
    form = author.page
    clock.put(CLOSES + timedelta(hours=9))
    author.open("/login")
    author.fill("/login", mobile="13800001234", password=PASSWORD)
    author.page = form
    author.post(f"{shut}/sheet", title="晚到的名称", category="region", summary="晚到的概述", then="continue")
    sign_in(context)
    looked = chromium.new_context(
        base_url=base, locale="zh-CN", viewport={"width": width, "height": 900}, bypass_csp=True
    )
    looked.add_cookies(context.cookies())  # type: ignore[arg-type] # the same shape under two names
    page, faults = looked.new_page(), {}
    for name, path in {
        "shut-case": shut,
        "shut-sheet": f"{shut}/sheet",
        "late-case": late,
        "late-sheet": f"{late}/sheet",
        "late-check": f"{late}/check",
    }.items():
        page.goto(path)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/bell-{name}-{width}.png", full_page=True)
        if over := page.evaluate("document.documentElement.scrollWidth - window.innerWidth"):
            faults[f"{name} wide"] = [str(over)]
        page.add_script_tag(path=AXE)
        for fault in page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)["violations"]:
            faults[f"{name} {fault['id']}"] = [node["html"][:160] for node in fault["nodes"]]
    looked.close()
    assert faults == {}
