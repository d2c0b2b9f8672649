"""Reactions: what intake does when a check, a report, a result or its own facts are heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.intake.app import App
from services.intake.domain.case import Case
from shared.events.base import Event
from shared.events.intake import AuthorSessionsRevoked
from shared.events.review import CampaignPublished, DisqualificationRecorded, ResultToldToAuthors
from shared.events.validation import FileChecked, ReportReady
from shared.events.wire import Heard

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


REACTIONS: Mapping[type[Event], Reaction] = {
    CampaignPublished: take_campaign,
    AuthorSessionsRevoked: end_sessions,
    FileChecked: note_check,
    ReportReady: note_report,
    ResultToldToAuthors: note_result,
    DisqualificationRecorded: note_disqualification,
}
