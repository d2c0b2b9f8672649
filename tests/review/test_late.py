"""The centre permits a submission after the bell: told, on the record, listed with what became of it, shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.review.app import App
from services.review.domain.late import LatePermission
from services.review.handlers.record import verify_record
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.intake import LatePermissionSpent
from shared.events.review import LateSubmissionPermitted
from tests.review.conftest import SCREENING, Browser, submitted_case
from tests.review.turning import Turning

Enter = Callable[..., Browser]
NUMBER = "2024-482-130-572"
FORM: dict[str, Any] = {"whom": NUMBER, "expires": "2024-10-22 12:00", "reason": "当晚本地停电，已核实"}
EXPIRES = datetime(2024, 10, 22, 4, 0, tzinfo=UTC)


def give(officer: Browser, **fields: Any) -> None:
    assert officer.fill("/centre/late/new", **{**FORM, **fields}).status_code == 303, officer.errors()


def permitted(turning: Turning) -> list[LateSubmissionPermitted]:
    turning.turn()
    return [each for each in turning.told(LateSubmissionPermitted) if isinstance(each, LateSubmissionPermitted)]


def test_a_permission_is_told_and_put_on_the_record(app: App, logged_in: Enter) -> None:
    submitted_case(app, "case-1", number=NUMBER)
    officer, turning = logged_in("officer"), Turning(app)
    give(officer)
    told = permitted(turning)
    assert [(each.case_id, each.person, each.reason, each.expires_at, each.by) for each in told] == [
        ("case-1", "", "当晚本地停电，已核实", EXPIRES, "officer")
    ]
    entries = list(app.record.entries(about="case-1"))
    assert [(entry["what"], entry["why"], entry["by"]) for entry in entries] == [
        (f"许可补报一次（案例{NUMBER}），有效期至2024年10月22日12:00", "当晚本地停电，已核实", "officer")
    ]
    assert verify_record(app) is None
    officer.open("/centre/late")
    assert ">有效</strong>" in officer.page
    assert "2024年10月22日12:00" in officer.page
    officer.open("/centre/cases/case-1")
    assert "许可补报一次" in officer.page


@pytest.mark.parametrize("typed", ["13800001234", "138 0000 1234", "138-0000-1234"])
def test_for_an_account_the_mobile_is_neither_kept_nor_told(app: App, logged_in: Enter, typed: str) -> None:
    give(logged_in("officer"), whom=typed)
    told = permitted(Turning(app))
    assert [(each.case_id, each.person) for each in told] == [("", app.person("13800001234"))]
    row = app.database.collection("late_permissions").find_one({})
    assert row is not None
    assert row["whom"] == "作者138****1234"
    assert "13800001234" not in str(row)
    entries = list(app.record.entries(about=told[0].permission_id))
    assert [entry["what"] for entry in entries] == ["许可补报一次（作者138****1234），有效期至2024年10月22日12:00"]


def test_a_number_may_be_typed_without_its_dashes(app: App, logged_in: Enter) -> None:
    submitted_case(app, "case-1", number=NUMBER)
    give(logged_in("officer"), whom=NUMBER.replace("-", ""))
    assert [each.case_id for each in permitted(Turning(app))] == ["case-1"]


def test_pressed_twice_it_is_one_and_a_second_one_waits_for_the_first(app: App, logged_in: Enter) -> None:
    officer = logged_in("officer")
    officer.open("/centre/late/new")
    form = officer.page
    for _ in range(2):
        officer.page = form
        assert officer.post("/centre/late/new", **{**FORM, "whom": "13800001234"}).status_code == 303
    assert officer.fill("/centre/late/new", **{**FORM, "whom": "13800001234"}).status_code == 409
    assert officer.errors() == ["作者138****1234已有一份没有使用的补报许可，不必再给。"]
    assert officer.typed("reason") == FORM["reason"]
    assert len(permitted(Turning(app))) == 1


def test_before_the_bell_nobody_needs_one(app: App, clock: FixedClock, campaign: Campaign, logged_in: Enter) -> None:
    clock.at = campaign.windows.submission.closes - timedelta(milliseconds=1)
    officer = logged_in("officer")
    assert officer.fill("/centre/late/new", **{**FORM, "whom": "13800001234"}).status_code == 409
    assert officer.errors() == ["报送到北京时间2024年10月16日00:00才截止，现在作者可以自行报送，不需要补报许可。"]


def test_the_list_says_given_used_and_expired(app: App, clock: FixedClock, logged_in: Enter) -> None:
    submitted_case(app, "case-1", number=NUMBER)
    officer, turning = logged_in("officer"), Turning(app)
    give(officer)
    give(officer, whom="13800001234", expires="2024-10-20 12:10")
    given = {each.case_id: each.permission_id for each in permitted(turning)}
    spent = LatePermissionSpent(
        campaign_id=app.campaigns.current().id,
        case_id="case-1",
        case_version=2,
        permission_id=given["case-1"],
        at=SCREENING + timedelta(minutes=5),
    )
    for _ in range(2):  # told again it changes nothing
        turning.say(spent, subject="case-1")
    turning.turn()
    clock.advance(timedelta(minutes=10))
    officer.open("/centre/late")
    shown = [word for word in ("有效", "已使用", "已到期") if f">{word}</strong>" in officer.page]
    assert shown == ["已使用", "已到期"]
    assert f'href="/centre/cases/case-1">{NUMBER}' in officer.page
    kept = app.permissions.get(given["case-1"])
    assert (kept.used_for, kept.used_at) == ("case-1", SCREENING + timedelta(minutes=5))


@pytest.mark.parametrize(("late", "shown"), [(1, True), (0, False), (2, False)])
def test_province_and_centre_see_that_it_is_late(app: App, logged_in: Enter, late: int, shown: bool) -> None:
    submitted_case(app, "case-1", number=NUMBER, late_version=late)
    clerk = logged_in("province", province="320000")
    for path in ("/province/cases", "/province/cases/case-1"):
        assert clerk.open(path).status_code == 200
        assert ("补报" in clerk.page) is shown
    officer = logged_in("officer", mobile="13900000055")
    assert officer.open("/centre/cases").status_code == 200
    assert ("，补报" in officer.page) is shown
    officer.open("/centre/cases/case-1")
    assert ("版，补报）" in officer.page) is shown


def test_a_late_version_may_be_heard_of_before_the_case(app: App) -> None:
    turning = Turning(app)
    permission = LatePermission(
        id="p-1",
        campaign_id=app.campaigns.current().id,
        person="somebody",
        whom="作者138****1234",
        reason="停电",
        expires_at=EXPIRES,
        given_by="officer",
        given_at=SCREENING,
    )
    app.permissions.create(permission)
    assert app.permissions.get("p-1").holds(SCREENING)
    spent = LatePermissionSpent(
        campaign_id=permission.campaign_id, case_id="case-9", case_version=1, permission_id="p-1", at=SCREENING
    )
    turning.say(spent, subject="case-9")
    turning.turn()
    assert app.cases.get("case-9").late_version == 1
    assert not app.cases.get("case-9").is_late  # until the version itself is here
    assert not app.permissions.get("p-1").holds(SCREENING)


def test_only_the_centre_gives_one(app: App, logged_in: Enter) -> None:
    submitted_case(app, "case-1", number=NUMBER)
    clerk = logged_in("province", province="320000")
    assert clerk.open("/centre/late/new").status_code == 403
    assert app.permissions.count({}) == 0
