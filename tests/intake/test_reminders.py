"""Holders of what is not handed in are reminded 72, 24 and 3 hours before the bell, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.intake.app import App
from services.intake.handlers.reminders import HOURS, Reminders, hours_left
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.intake import ReminderDue
from shared.events.wire import from_message, to_message
from tests.intake.conftest import PASSWORD, Browser
from tests.intake.test_closed import CLOSES
from tests.intake.test_path import complete_case, open_case


def turn(app: App, reminders: Reminders | None = None) -> None:
    """Until everybody has been reminded."""
    reminders = reminders or Reminders(app)
    while reminders.step():
        pass


def told(app: App) -> list[ReminderDue]:
    """The reminders of all cases, in the order of their hours."""
    rows = app.database.collection("cases").find({}, {"outbox": 1})
    events = [from_message(to_message(entry)).event for row in rows for entry in row["outbox"]]
    return sorted((event for event in events if isinstance(event, ReminderDue)), key=lambda event: -event.hours)


@pytest.mark.parametrize(
    ("left", "hours"),
    [
        (timedelta(hours=72, milliseconds=1), None),
        (timedelta(hours=72), 72),
        (timedelta(hours=24, milliseconds=1), 72),
        (timedelta(hours=24), 24),
        (timedelta(hours=3), 3),
        (timedelta(milliseconds=1), 3),
        (timedelta(0), None),
    ],
)
def test_a_reminder_is_due_from_its_instant_on(campaign: Campaign, left: timedelta, hours: int | None) -> None:
    assert hours_left(campaign, CLOSES - left) == hours


def test_a_draft_is_reminded_of_three_times_and_each_time_once(author: Browser, app: App, clock: FixedClock) -> None:
    case = open_case(author)
    for hours in sorted(HOURS, reverse=True):
        clock.at = CLOSES - timedelta(hours=hours)
        turn(app)
        turn(app)  # another process, or the same after a restart
    reminders = told(app)
    assert [each.hours for each in reminders] == [72, 24, 3]
    assert {(f"/cases/{each.case_id}", each.state, each.closes) for each in reminders} == {(case, "draft", CLOSES)}
    assert all(each.missing > 0 and each.name and each.account_id for each in reminders)


def test_what_is_handed_in_is_left_alone_and_what_changed_since_is_not(
    author: Browser, app: App, clock: FixedClock
) -> None:
    done, changed, withdrawn = (complete_case(author) for _ in range(3))
    for case in (done, changed, withdrawn):
        author.open(f"{case}/check")
        assert author.post(f"{case}/check").status_code == 303
    clock.at += timedelta(minutes=1)
    author.open(f"{changed}/sheet")
    author.post(f"{changed}/sheet", title="又改了名称", category="region", summary="又改了概述", then="draft")
    author.open(f"{withdrawn}/withdraw")
    author.post(f"{withdrawn}/withdraw")
    clock.at = CLOSES - timedelta(hours=24)
    turn(app)
    assert {(f"/cases/{each.case_id}", each.state, each.missing, each.case_version) for each in told(app)} == {
        (changed, "changed", 0, 1),
        (withdrawn, "withdrawn", 0, 0),
    }


def test_a_draft_that_is_younger_than_the_instant_is_not_reminded_of_it(
    author: Browser, app: App, clock: FixedClock
) -> None:
    clock.at = CLOSES - timedelta(hours=23)
    author.fill("/login", mobile="13800001234", password=PASSWORD)
    open_case(author)
    turn(app)
    assert told(app) == []
    clock.at = CLOSES - timedelta(hours=2)
    turn(app)
    assert [each.hours for each in told(app)] == [3]


def test_after_the_bell_nobody_is_reminded(author: Browser, app: App, clock: FixedClock) -> None:
    open_case(author)
    clock.at = CLOSES
    turn(app)
    assert told(app) == []


def test_more_drafts_than_one_step_takes_are_all_reminded_of(
    author: Browser, app: App, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.handlers.reminders.AT_ONCE", 2)
    for _ in range(5):
        open_case(author)
    clock.at = CLOSES - timedelta(hours=3)
    turn(app)
    assert len({each.case_id for each in told(app)}) == 5
