"""What validation does on news: files are queued for checking as they arrive, reports are concluded as checks end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.validation.app import App
from services.validation.domain.report import Report, Submitted
from services.validation.domain.sheet_rules import facts_of, sheet_findings
from services.validation.store import cases_of_persons
from shared.events.base import Event
from shared.events.intake import (
    AuthorSessionsRevoked,
    CaseSubmittedInFull,
    CaseWithdrawn,
    FileArrived,
    HandoverAnswered,
    StoredFile,
)
from shared.events.review import CampaignPublished, CaseMoved, StaffSessionsRevoked
from shared.events.validation import FileChecked
from shared.events.wire import Heard
from shared.jobs import Claimed, Worked, work_one
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
    report = app.reports.get(event.case_id)
    for file in event.files:
        if not report.knows_result(file):
            _queue(app, event.campaign_id, event.case_id, file)
    _conclude_where_due(app, report)
    if report.moved_with(event.case_version):
        _compare_people(app, heard, event.case_id)


def take_result(app: App, heard: Heard) -> None:
    """A check of ours ended; it may have been the last one a report waited for."""
    event = heard.event
    assert isinstance(event, FileChecked)
    app.reports.hear(
        heard, event.case_id, lambda report: report.take_result(event), create=lambda: Report(id=event.case_id)
    )
    _conclude_where_due(app, app.reports.get(event.case_id))


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


def note_move(app: App, heard: Heard) -> None:
    """The case is another province's."""
    event = heard.event
    assert isinstance(event, CaseMoved)
    app.reports.hear(
        heard, event.case_id, lambda report: report.move(event.to), create=lambda: Report(id=event.case_id)
    )


def note_handover(app: App, heard: Heard) -> None:
    """A co-author took the case over."""
    event = heard.event
    assert isinstance(event, HandoverAnswered)
    if event.taken:
        account_id = event.account_id
        app.reports.hear(
            heard, event.case_id, lambda report: report.hand_over(account_id), create=lambda: Report(id=event.case_id)
        )


def check_id(case_id: str, file: StoredFile) -> str:
    """The job that checks these bytes for this case, whichever event asks for it first."""
    return derived_id("check", case_id, file.file_id, file.sha256)


def _queue(app: App, campaign_id: str, case_id: str, file: StoredFile) -> None:
    payload = {"campaign_id": campaign_id, "case_id": case_id, "file": file.model_dump(mode="json")}
    app.checks.add(check_id(case_id, file), payload, lane=case_id)


def _conclude_where_due(app: App, report: Report) -> None:
    """Ask for the conclusion as a job: it needs the campaign, which a hear loop must not wait for."""
    for version in report.concludable():
        app.conclusions.add(derived_id("conclude", report.id, version), {"case_id": report.id, "version": version})


def _compare_people(app: App, heard: Heard, case_id: str) -> None:
    """Other cases of the same people may have to say something else now (V11)."""
    app.conclusions.add(derived_id(heard.id, "people"), {"people_of": case_id})


# The queue of conclusions


def conclude_one(app: App) -> bool:
    """Do one job of the queue; False when none waits."""
    return work_one(app.conclusions, lambda claimed: _conclude_job(app, claimed), when_given_up=lambda *_: ())


def _conclude_job(app: App, claimed: Claimed) -> Worked:
    """Conclude one version; or look again at every case that shares a person with one (V11)."""
    if "people_of" in claimed.payload:
        report = app.reports.get(claimed.payload["people_of"])
        for case_id in cases_of_persons(app.reports, report.persons, campaign_id=report.campaign_id):
            _look_again(app, case_id)
    else:
        _conclude(app, app.reports.get(claimed.payload["case_id"]), int(claimed.payload["version"]))
    return Worked(result={})


def _look_again(app: App, case_id: str) -> None:
    report = app.reports.get(case_id)
    if report.current is not None and report.current.conclusion is not None:
        _conclude(app, report, report.current.version)


def _conclude(app: App, report: Report, version: int) -> None:
    """Judge sheet and people by the campaign and decide the version's outcome; the report tells it."""
    campaign = app.campaign(report.campaign_id)
    submitted = next(each for each in report.versions if each.version == version)
    roles = tuple(file.role for file in report.files_of(submitted))
    elsewhere = _elsewhere(app, report, submitted) if submitted == report.current else ()
    sheet = sheet_findings(submitted.sheet, roles, campaign, elsewhere=elsewhere)
    at = app.clock()
    app.reports.change(report.id, lambda report: report.conclude(version, sheet=sheet, at=at))


def _elsewhere(app: App, report: Report, submitted: Submitted) -> tuple[str, ...]:
    """The names of this version's authors who are authors of a standing case in another category."""
    persons = frozenset(author.person for author in submitted.sheet.authors)
    busy: set[str] = set()
    for case_id in cases_of_persons(app.reports, persons, campaign_id=report.campaign_id):
        other = app.reports.get(case_id).current
        if case_id != report.id and other is not None and other.sheet.category != submitted.sheet.category:
            busy |= {author.person for author in other.sheet.authors}
    return tuple(dict.fromkeys(author.name for author in submitted.sheet.authors if author.person in busy))


REACTIONS: Mapping[type[Event], Reaction] = {
    CampaignPublished: take_campaign,
    AuthorSessionsRevoked: end_sessions,
    StaffSessionsRevoked: end_sessions,
    FileArrived: check_arrived_file,
    CaseSubmittedInFull: open_version,
    CaseWithdrawn: note_withdrawal,
    CaseMoved: note_move,
    HandoverAnswered: note_handover,
    FileChecked: take_result,
}
