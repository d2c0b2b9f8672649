"""What validation does on news: files are queued for checking as they arrive, reports are concluded as checks end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.validation.app import App
from services.validation.domain.report import Report
from services.validation.domain.sheet_rules import facts_of
from shared.events.base import Event
from shared.events.intake import AuthorSessionsRevoked, CaseSubmittedInFull, CaseWithdrawn, FileArrived, StoredFile
from shared.events.review import CampaignPublished, StaffSessionsRevoked
from shared.events.validation import FileChecked
from shared.events.wire import Heard
from shared.records import derived_id

Reaction = Callable[[App, Heard], None]


def take_campaign(app: App, heard: Heard) -> None:
    """Hold the campaign as last published."""
    app.campaigns.hear(heard)


def end_sessions(app: App, heard: Heard) -> None:
    """Sessions of the account begun before are over."""
    assert isinstance(heard.event, AuthorSessionsRevoked | StaffSessionsRevoked)
    app.revocations.revoke(heard.event.account_id, heard.event.revoked_before)


def check_arrived_file(app: App, heard: Heard) -> None:
    """Queue a file for checking, long before its case is submitted."""
    event = heard.event
    assert isinstance(event, FileArrived)
    job_id = check_id(event.case_id, event.file)
    app.reports.hear(
        heard,
        event.case_id,
        lambda report: report.take_file(
            event.file, campaign_id=event.campaign_id, account_id=event.account_id, job_id=job_id, at=event.at
        ),
        create=lambda: Report(id=event.case_id),
    )
    _queue(app, event.campaign_id, event.case_id, event.file)


def open_version(app: App, heard: Heard) -> None:
    """A version was submitted: its report waits for the checks of all its files."""
    event = heard.event
    assert isinstance(event, CaseSubmittedInFull)
    jobs = {file.file_id: check_id(event.case_id, file) for file in event.files}
    app.reports.hear(
        heard,
        event.case_id,
        lambda report: report.open_version(event, sheet=facts_of(event), jobs=jobs),
        create=lambda: Report(id=event.case_id),
    )
    for file in event.files:
        _queue(app, event.campaign_id, event.case_id, file)
    _conclude_where_due(app, event.case_id)
    _compare_people(app, heard, event.case_id)


def take_result(app: App, heard: Heard) -> None:
    """A check of ours ended; it may have been the last one a report waited for."""
    event = heard.event
    assert isinstance(event, FileChecked)
    app.reports.hear(
        heard, event.case_id, lambda report: report.take_result(event), create=lambda: Report(id=event.case_id)
    )
    _conclude_where_due(app, event.case_id)


def note_withdrawal(app: App, heard: Heard) -> None:
    """The author took a version back."""
    event = heard.event
    assert isinstance(event, CaseWithdrawn)
    app.reports.hear(
        heard,
        event.case_id,
        lambda report: report.withdraw(event.case_version, at=event.at),
        create=lambda: Report(id=event.case_id),
    )
    _compare_people(app, heard, event.case_id)


def check_id(case_id: str, file: StoredFile) -> str:
    """The job that checks these bytes for this case, whichever event asks for it first."""
    return derived_id("check", case_id, file.file_id, file.sha256)


def _queue(app: App, campaign_id: str, case_id: str, file: StoredFile) -> None:
    payload = {"campaign_id": campaign_id, "case_id": case_id, "file": file.model_dump(mode="json")}
    app.checks.add(check_id(case_id, file), payload)


def _conclude_where_due(app: App, case_id: str) -> None:
    """Ask for the conclusion as a job: it needs the campaign, which a hear loop must not wait for."""
    report = app.reports.find(case_id)
    for version in report.concludable() if report else ():
        app.conclusions.add(derived_id("conclude", case_id, version), {"case_id": case_id, "version": version})


def _compare_people(app: App, heard: Heard, case_id: str) -> None:
    """Other cases of the same people may have to say something else now (V11)."""
    app.conclusions.add(derived_id(heard.id, "people"), {"people_of": case_id})


REACTIONS: Mapping[type[Event], Reaction] = {
    CampaignPublished: take_campaign,
    AuthorSessionsRevoked: end_sessions,
    StaffSessionsRevoked: end_sessions,
    FileArrived: check_arrived_file,
    CaseSubmittedInFull: open_version,
    CaseWithdrawn: note_withdrawal,
    FileChecked: take_result,
}
