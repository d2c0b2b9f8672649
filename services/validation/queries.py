"""What the report page shows: plain values, chosen for the person who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.validation.app import App
from services.validation.domain.findings import Finding, Outcome, outcome_of
from services.validation.domain.report import FileResult, KnownFile, Report, Submitted
from services.validation.domain.wording import type_name
from shared.campaign.model import Campaign
from shared.campaign.parts import Severity
from shared.identity import Principal, Whose
from shared.trouble import NotThere

ROLE_NAMES = {"document": "案例介绍文档", "material": "支撑材料", "sheet": "案例信息表（签名件）"}
OUTCOME_WORDS = {Outcome.PASSED: "通过", Outcome.REMARKS: "有提示", Outcome.FAILED: "未通过"}
OUTCOME_LOOKS = {Outcome.PASSED: "done", Outcome.REMARKS: "doing", Outcome.FAILED: "wrong"}
SEVERITY_WORDS = {Severity.BLOCKED: "须更换", Severity.FAILED: "未通过", Severity.REMARK: "提示", Severity.INFO: "说明"}
SEVERITY_LOOKS = {Severity.BLOCKED: "wrong", Severity.FAILED: "wrong", Severity.REMARK: "doing", Severity.INFO: "plain"}
_ROLES = tuple(ROLE_NAMES)


@dataclass(frozen=True, kw_only=True)
class FindingLine:
    """One finding as the page shows it."""

    code: str
    word: str
    look: str
    message: str
    place: str


@dataclass(frozen=True, kw_only=True)
class PartLine:
    """One of the required parts, and the heading it was recognised by (none: not recognised)."""

    name: str
    heading: str | None


@dataclass(frozen=True, kw_only=True)
class FileCard:
    """One file: its state in words and what was found. `ahead` counts files before it while it waits."""

    file_id: str
    role: str
    name: str
    size: int
    state: str
    look: str
    true_type: str
    findings: tuple[FindingLine, ...]
    waiting: bool
    ahead: int
    words_low: int | None
    words_high: int | None
    limit: int
    parts: tuple[PartLine, ...]
    sha256: str
    checked_at: datetime | None
    checker: str


@dataclass(frozen=True, kw_only=True)
class ReportPage:
    """A report, for a submitted version or (version 0) for the draft's files."""

    case_id: str
    title: str
    number: str
    version: int
    submitted_at: datetime | None
    withdrawn_at: datetime | None
    state: str
    look: str
    ready: bool
    ready_at: datetime | None
    ahead: int
    sheet: tuple[FindingLine, ...]
    files: tuple[FileCard, ...]
    versions: tuple[int, ...]
    own: bool


def report_page(
    app: App, case_id: str, *, person: Principal, whose: frozenset[Whose], version: int | None
) -> ReportPage:
    """The report this person may see; NotThere for anything else, so that nobody learns what exists."""
    report = app.reports.find(case_id)
    if report is None or not _may_see(report, person, whose):
        raise NotThere()
    own = Whose.OWN in whose and report.account_id == person.id
    submitted = _chosen(report, version, own=own)
    files = report.files_of(submitted) if submitted else _draft_files(report)
    campaign = app.campaign(report.campaign_id)
    cards = tuple(_card(app, report, file, campaign) for file in sorted(files, key=lambda f: _ROLES.index(f.role)))
    conclusion = submitted.conclusion if submitted else None
    waiting = [card for card in cards if card.waiting]
    ready = conclusion is not None if submitted else not waiting
    outcome = conclusion.outcome if conclusion else _outcome(report, files)
    return ReportPage(
        case_id=case_id,
        title=report.title or "未命名的案例",
        number=submitted.number if submitted else "",
        version=submitted.version if submitted else 0,
        submitted_at=submitted.at if submitted else None,
        withdrawn_at=submitted.withdrawn_at if submitted else None,
        state=OUTCOME_WORDS[outcome] if ready else "检查中",
        look=OUTCOME_LOOKS[outcome] if ready else "todo",
        ready=ready,
        ready_at=conclusion.at if conclusion else None,
        ahead=max((card.ahead for card in waiting), default=0),
        sheet=tuple(map(_line, conclusion.sheet)) if conclusion else (),
        files=cards,
        versions=tuple(each.version for each in report.versions),
        own=own,
    )


def _may_see(report: Report, person: Principal, whose: frozenset[Whose]) -> bool:
    if Whose.ALL in whose or (Whose.OWN in whose and report.account_id == person.id):
        return True
    return Whose.PROVINCE in whose and bool(report.versions) and report.province == person.province


def _chosen(report: Report, version: int | None, *, own: bool) -> Submitted | None:
    """The version asked for; without one, the author's newest (a draft counts), for others the newest submitted."""
    if version is not None:
        found = next((each for each in report.versions if each.version == version), None)
        if found is None:
            raise NotThere()
        return found
    last = report.versions[-1] if report.versions else None
    if last is None and not own:
        raise NotThere()
    return last


def _draft_files(report: Report) -> tuple[KnownFile, ...]:
    """What arrived so far; of documents and sheets only the last one, since each replaces the one before."""
    latest = {file.role: file.file_id for file in sorted(report.files, key=lambda file: file.arrived_at)}
    return tuple(file for file in report.files if file.role == "material" or latest[file.role] == file.file_id)


def _card(app: App, report: Report, file: KnownFile, campaign: Campaign) -> FileCard:
    result = report.result_of(file)
    job = app.checks.find(file.job_id) if result and file.role == "document" else None
    ahead = app.checks.ahead_of(file.job_id) if result is None else None
    return FileCard(
        file_id=file.file_id,
        role=ROLE_NAMES[file.role],
        name=file.name,
        size=file.size,
        state=OUTCOME_WORDS[result.outcome] if result else ("排队中" if ahead is not None else "正在检查"),
        look=OUTCOME_LOOKS[result.outcome] if result else "todo",
        true_type=type_name(result.true_type) if result else "",
        findings=tuple(map(_line, result.findings)) if result else (),
        waiting=result is None,
        ahead=ahead or 0,
        words_low=result.words_low if result and file.role == "document" else None,
        words_high=result.words_high if result else None,
        limit=campaign.limits.document_words,
        parts=_parts(result, job, campaign) if result and file.role == "document" else (),
        sha256=file.sha256,
        checked_at=result.at if result else None,
        checker=result.checker if result else "",
    )


def _parts(result: FileResult, job: dict[str, object] | None, campaign: Campaign) -> tuple[PartLine, ...]:
    if result.words_low is None:
        return ()
    kept = job.get("result") if job else None
    found = kept.get("parts", []) if isinstance(kept, dict) else []
    headings = {part["code"]: part["heading"] for part in found}
    recognised = set(result.parts)
    return tuple(
        PartLine(name=part.name, heading=headings.get(part.code, part.name) if part.code in recognised else None)
        for part in campaign.parts
    )


def _line(finding: Finding) -> FindingLine:
    return FindingLine(
        code=finding.code.value,
        word=SEVERITY_WORDS[finding.severity],
        look=SEVERITY_LOOKS[finding.severity],
        message=finding.message,
        place=finding.place,
    )


def _outcome(report: Report, files: tuple[KnownFile, ...]) -> Outcome:
    results = (report.result_of(file) for file in files)
    return outcome_of(tuple(finding for result in results if result for finding in result.findings))
