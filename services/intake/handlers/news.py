"""Reactions: what intake does when a check, a report, a result or its own facts are heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.moving import follow, hear_moved
from services.intake.handlers.cases import submitter
from services.intake.store import cases_handed_in, cases_holding, cases_of_person
from shared.events.base import Event
from shared.events.intake import AuthorMoved, AuthorSessionsRevoked, LatePermissionSpent
from shared.events.review import (
    CampaignPublished,
    CaseMoved,
    DisqualificationRecorded,
    LateSubmissionPermitted,
    ResultToldToAuthors,
)
from shared.events.validation import FileChecked, ReportReady
from shared.events.wire import Heard

log = structlog.get_logger()

Reaction = Callable[[App, Heard], None]


def take_campaign(app: App, heard: Heard) -> None:
    """Hold the campaign as last published."""
    app.campaigns.hear(heard)


def end_sessions(app: App, heard: Heard) -> None:
    """Sessions of the account begun before are over."""
    assert isinstance(heard.event, AuthorSessionsRevoked)
    app.revocations.revoke(heard.event.account_id, heard.event.revoked_before)


def note_check(app: App, heard: Heard) -> None:
    """Show what was found in a file."""
    event = heard.event
    assert isinstance(event, FileChecked)
    app.cases.hear(heard, event.case_id, lambda case: case.hear_check(event))


def note_report(app: App, heard: Heard) -> None:
    """Show the report on a submitted version."""
    event = heard.event
    assert isinstance(event, ReportReady)
    app.cases.hear(heard, event.case_id, lambda case: case.hear_report(event))


def note_result(app: App, heard: Heard) -> None:
    """Show the outcome, now that authors may know it."""
    event = heard.event
    assert isinstance(event, ResultToldToAuthors)
    app.cases.hear(heard, event.case_id, lambda case: case.hear_result(event))


def note_disqualification(app: App, heard: Heard) -> None:
    """Show that the case was disqualified, and why."""
    event = heard.event
    assert isinstance(event, DisqualificationRecorded)
    act: Callable[[Case], None] = lambda case: case.hear_disqualification(event)  # noqa: E731  # named for its type
    app.cases.hear(heard, event.case_id, act)


def note_permission(app: App, heard: Heard) -> None:
    """The centre permits a case to be handed in after the bell: the one it names, or whichever of an account's."""
    event = heard.event
    assert isinstance(event, LateSubmissionPermitted)
    act: Callable[[Case], None] = lambda case: case.hear_permission(event)  # noqa: E731  # named for its type
    ids = [event.case_id] if event.case_id else _cases_of(app, event)
    for case_id in ids:
        app.cases.hear(heard, case_id, act)
    if not ids:
        log.warning("late_permission_for_nobody", permission=event.permission_id)


def _cases_of(app: App, event: LateSubmissionPermitted) -> list[str]:
    return cases_of_person(app.accounts, app.cases, event.person, campaign_id=event.campaign_id)


def move_cases(app: App, heard: Heard) -> None:
    """What an author handed in follows them to another province, where it may still be handed in."""
    event = heard.event
    assert isinstance(event, AuthorMoved)
    by = submitter(app.accounts.get(event.account_id))
    for row in cases_handed_in(app.cases, event.account_id):
        campaign = app.campaigns.get(row["campaign_id"])
        act: Callable[[Case], int] = lambda case, campaign=campaign: follow(  # type: ignore[misc]  # noqa: E731  # ours
            case, by=by, campaign=campaign, at=event.at, sign=app.seal.sign
        )
        app.cases.hear(heard, row["_id"], act)


def note_move(app: App, heard: Heard) -> None:
    """After the bell two provinces agreed on it, or the centre decided."""
    event = heard.event
    assert isinstance(event, CaseMoved)
    act: Callable[[Case], None] = lambda case: hear_moved(case, event)  # noqa: E731  # named for its type
    app.cases.hear(heard, event.case_id, act)


def note_spent(app: App, heard: Heard) -> None:
    """A permission that an account's cases share was used for one of them."""
    event = heard.event
    assert isinstance(event, LatePermissionSpent)
    act: Callable[[Case], None] = lambda case: case.spent(  # noqa: E731  # named for its type
        event.permission_id, case_id=event.case_id, at=event.at
    )
    for case_id in cases_holding(app.cases, event.permission_id):
        app.cases.hear(heard, case_id, act)


REACTIONS: Mapping[type[Event], Reaction] = {
    CampaignPublished: take_campaign,
    AuthorSessionsRevoked: end_sessions,
    FileChecked: note_check,
    ReportReady: note_report,
    ResultToldToAuthors: note_result,
    DisqualificationRecorded: note_disqualification,
    LateSubmissionPermitted: note_permission,
    LatePermissionSpent: note_spent,
    AuthorMoved: move_cases,
    CaseMoved: note_move,
}
