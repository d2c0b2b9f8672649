"""After the bell: a permission of the centre opens one case once and until a moment, and typed words are never lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.app import App
from shared.clock import FixedClock
from shared.events.intake import LatePermissionSpent
from shared.events.review import LateSubmissionPermitted
from shared.messaging.memory import MemoryBus
from shared.trouble import Refused
from tests.intake.cases import CAMPAIGN, a_case, submit
from tests.intake.conftest import Browser, register
from tests.intake.test_closed import CLOSED, CLOSES, LATER, at_time, buttons, text_of
from tests.intake.test_news import bus, say, worker
from tests.intake.test_path import SUMMARY, complete_case, told

__all__ = ["bus", "worker"]  # fixtures

EXPIRES = datetime(2024, 10, 18, 4, 0, tzinfo=UTC)
"""Noon in Beijing."""
ALLOWED = (
    "中心已许可补报一次，北京时间2024年10月18日12:00前有效，报送后即用完，补报的案例会注明“补报”。"
    "许可原因：当晚本地停电，已核实。"
)
SENT: dict[str, Any] = {"title": "晚到的名称", "category": "region", "summary": "晚到的概述", "then": "continue"}


def permit(case: str = "", *, person: str = "", id_: str = "permission-1") -> LateSubmissionPermitted:
    return LateSubmissionPermitted(
        campaign_id=CAMPAIGN.id,
        permission_id=id_,
        case_id=case.removeprefix("/cases/"),
        person=person,
        reason="当晚本地停电，已核实",
        expires_at=EXPIRES,
        by="officer",
        at=CLOSES + timedelta(hours=1),
    )


def test_a_permission_opens_the_case_is_spent_once_and_is_seen(
    author: Browser, app: App, clock: FixedClock, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    case = complete_case(author)
    at_time(author, clock, LATER)
    author.open(case)
    assert "补报" not in author.page

    say(bus, permit(case), subject="permission-1")
    worker()
    author.open(case)
    assert ALLOWED in author.page
    assert "补报截止：北京时间2024年10月18日（星期五）11:59:59" in author.page
    assert author.fill(f"{case}/sheet", title="改好的名称", category="region", summary=SUMMARY).status_code == 303
    author.open(f"{case}/check")
    assert (buttons(author.page), ALLOWED in author.page) == (["确认报送"], True)
    assert "本次按补报许可报送，报送后不能再修改或撤回。" in author.page
    assert author.post(f"{case}/check").status_code == 303
    author.open(f"{case}/receipt")
    assert "（补报，经中心许可）" in author.page

    kept = app.cases.get(case.removeprefix("/cases/"))
    assert [(each.about.title, each.late) for each in kept.versions] == [("改好的名称", "permission-1")]
    assert told(app, case)[-1] == "LatePermissionSpent"
    author.open(case)
    assert "补报许可已于北京时间2024年10月17日00:00使用，只能使用一次。" in author.page
    assert 'zj-tag--plain">补报</strong>' in author.page
    author.open("/account")  # a page with a form, for its token
    assert author.post(f"{case}/sheet", **SENT).status_code == 409
    author.open(f"{case}/check")
    assert buttons(author.page) == []


def test_an_expired_permission_opens_nothing_and_says_when_it_ended(
    author: Browser, app: App, clock: FixedClock, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    case = complete_case(author)
    say(bus, permit(case), subject="permission-1")
    worker()
    at_time(author, clock, EXPIRES - timedelta(milliseconds=1))
    author.open(f"{case}/check")
    form = author.page
    clock.at = EXPIRES
    author.page = form
    assert author.post(f"{case}/check").status_code == 409
    ended = "补报许可已于北京时间2024年10月18日12:00到期，没有使用。"
    assert author.errors() == [f"{CLOSED}，不能再报送。{ended}草稿仍可查看。"]
    author.open(case)
    assert ended in author.page
    assert app.cases.get(case.removeprefix("/cases/")).versions == ()


@pytest.mark.parametrize(("after", "counts"), [(-1, True), (0, False), (1, False)])
def test_a_permission_ends_at_its_instant(after: int, counts: bool) -> None:
    case = a_case()
    case.hear_permission(permit("case-1"))
    at = EXPIRES + timedelta(milliseconds=after)
    if counts:
        assert submit(case, at=at) == 1
        assert [event.permission_id for event in case.news if isinstance(event, LatePermissionSpent)] == [
            "permission-1"
        ]
        return
    with pytest.raises(Refused, match="window-closed"):
        submit(case, at=at)


def test_heard_twice_a_permission_is_one_and_in_time_it_is_not_spent() -> None:
    case = a_case()
    case.hear_permission(permit("case-1"))
    case.hear_permission(permit("case-1"))
    assert len(case.late) == 1
    submit(case, at=CLOSES - timedelta(milliseconds=1))
    assert (case.late[0].used_at, case.versions[0].late) == (None, "")


def test_an_accounts_permission_is_for_one_of_its_cases(
    author: Browser, app: App, clock: FixedClock, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    first, second = complete_case(author), complete_case(author)
    at_time(author, clock, LATER)
    say(bus, permit(person=app.person("13800001234")), subject="permission-1")
    worker()
    for case in (first, second):
        author.open(case)
        assert ALLOWED in author.page
    assert author.fill(f"{first}/check").status_code == 303
    assert author.fill(f"{second}/check").status_code == 409  # before the news of it have gone round
    assert author.errors() == ["这次补报许可已用于您的另一个案例，只能使用一次。如有疑问，请致电服务热线。"]
    assert app.late_uses.get("permission-1").case_id == first.removeprefix("/cases/")
    worker()
    author.open(second)
    assert "补报许可已于北京时间2024年10月17日00:00使用，只能使用一次。" in author.page
    author.open(f"{second}/check")
    assert buttons(author.page) == []


@pytest.mark.parametrize("person", ["", "nobody"])
def test_a_permission_for_nobody_is_heard_and_changes_nothing(
    author: Browser, app: App, bus: MemoryBus, worker: Callable[[], None], person: str
) -> None:
    case = complete_case(author)
    say(bus, permit(person=person), subject="permission-1")
    worker()
    assert app.cases.get(case.removeprefix("/cases/")).late == ()


def test_what_an_open_page_sends_after_the_bell_is_kept_and_shown_but_not_handed_in(
    author: Browser, app: App, clock: FixedClock
) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    author.open(f"{case}/sheet")
    form = author.page
    at_time(author, clock, CLOSES)
    author.page = form
    assert author.post(f"{case}/sheet", **SENT).status_code == 409
    said = f"{CLOSED}，这次填写的内容没有计入案例。填写的内容已另行保存，显示在本页。"
    assert said in author.page
    assert "<form" not in author.page.split('<main id="main"')[1]
    author.open(f"{case}/sheet")
    shown = text_of(author.page)
    assert "以下内容在截止后收到，已另行保存，没有计入案例，也没有报送。案例名称晚到的名称" in shown
    assert "案例中保存的内容案例名称智研共同体" in shown
    assert "有效版本为第1版。" in shown
    assert f'href="{case}/receipt">查看回执' in author.page
    assert "请核对后保存" not in author.page
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert (kept.about.title, kept.edited_at < CLOSES, kept.state) == ("智研共同体", True, "submitted")


def test_a_script_is_told_the_same_and_its_words_are_kept(author: Browser, app: App, clock: FixedClock) -> None:
    case = complete_case(author)
    author.open(f"{case}/sheet")
    at_time(author, clock, CLOSES)
    author.open(f"{case}")
    author.open("/account")
    answer = author.post(f"{case}/sheet", environ={"HTTP_ACCEPT": "application/json"}, **SENT)
    assert (answer.status_code, json.loads(answer.get_data())["code"]) == (409, "window-closed")
    unsent = app.cases.get(case.removeprefix("/cases/")).unsent
    assert unsent is not None
    assert unsent.about is not None
    assert unsent.about.summary == "晚到的概述"


def test_with_a_permission_the_form_opens_with_what_was_typed_too_late(
    author: Browser, app: App, clock: FixedClock, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    case = complete_case(author)
    author.open(f"{case}/sheet")
    form = author.page
    at_time(author, clock, LATER)
    author.page = form
    author.post(f"{case}/sheet", **SENT)
    say(bus, permit(case), subject="permission-1")
    worker()
    author.open(f"{case}/sheet")
    assert "已填入您在截止后填写、没有保存到案例中的内容，请核对后保存。" in author.page
    assert (author.typed("title"), author.typed("summary")) == ("晚到的名称", "晚到的概述")
    assert author.post(f"{case}/sheet", **SENT).status_code == 303
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert (kept.about.title, kept.unsent) == ("晚到的名称", None)


def test_nobody_else_keeps_words_beside_a_case(
    author: Browser, new_browser: Callable[[], Browser], app: App, clock: FixedClock
) -> None:
    case = complete_case(author)
    other = new_browser()
    register(other, mobile="13900009999", name="张三")
    other.open("/account")
    assert other.post(f"{case}/sheet", received_at=CLOSES, **SENT).status_code == 404
    assert app.cases.get(case.removeprefix("/cases/")).unsent is None


def test_the_servers_time_is_open_to_anybody_and_never_cached(browser: Browser, clock: FixedClock) -> None:
    answer = browser.open("/api/intake/now")
    assert answer.get_json() == {"now": int(clock().timestamp() * 1000)}
    assert "no-store" in answer.headers["Cache-Control"]
