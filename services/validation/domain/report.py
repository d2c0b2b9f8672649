"""The report on a case: its files with what was found in them, and one conclusion for each submitted version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.validation.domain.findings import Code, Finding, Outcome, outcome_of
from services.validation.domain.sheet_rules import SheetFacts
from services.validation.domain.verdict import Role
from shared.aggregates import Aggregate
from shared.campaign.parts import Severity
from shared.events.intake import CaseSubmittedInFull, StoredFile
from shared.events.validation import FileChecked, ReportReady, ToldFinding

MOST_TOLD = 80  # findings in one event; the page shows all
_WEIGHT = (Severity.BLOCKED, Severity.FAILED, Severity.REMARK, Severity.INFO)


@dataclass(frozen=True, kw_only=True)
class KnownFile:
    """A file of the case and the job that checks it."""

    file_id: str
    role: Role
    name: str
    size: int
    sha256: str
    object_key: str
    job_id: str
    arrived_at: datetime

    @property
    def about(self) -> tuple[str, str]:
        """Which file, and which bytes."""
        return self.file_id, self.sha256


@dataclass(frozen=True, kw_only=True)
class FileResult:
    """What the check of one file came to."""

    file_id: str
    sha256: str
    sha256_agrees: bool
    outcome: Outcome
    true_type: str
    findings: tuple[Finding, ...]
    words_low: int | None
    words_high: int | None
    parts: tuple[str, ...]
    checker: str
    at: datetime

    @property
    def about(self) -> tuple[str, str]:
        """Which file, and which bytes."""
        return self.file_id, self.sha256


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What is said of a version as a whole. `sheet` are the findings that belong to no file."""

    outcome: Outcome
    sheet: tuple[Finding, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """One submitted version: its sheet, its files, and its conclusion once every file has been checked."""

    version: int
    number: str
    at: datetime
    sheet: SheetFacts
    file_ids: tuple[str, ...]
    withdrawn_at: datetime | None = None
    conclusion: Conclusion | None = None


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """That a version was taken back; it may be heard before the version itself."""

    version: int
    at: datetime


@dataclass(kw_only=True)
class Report(Aggregate):
    """All that validation knows of one case; its id is the case's. Earlier versions stay as they were."""

    campaign_id: str = ""
    account_id: str = ""
    province: str = ""
    placed_in: str = ""
    """The province that was decided after the bell, which later versions do not change."""
    held_by: str = ""
    """The account that took the case over; earlier news may still name the one before."""
    title: str = ""
    files: tuple[KnownFile, ...] = ()
    results: tuple[FileResult, ...] = ()
    versions: tuple[Submitted, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()

    def take_file(self, file: StoredFile, *, campaign_id: str, account_id: str, job_id: str, at: datetime) -> None:
        """A file arrived, long before submission as a rule; the same file again changes nothing."""
        self.campaign_id, self.account_id = campaign_id, self.held_by or account_id
        if any(known.about == (file.file_id, file.sha256) for known in self.files):
            return
        known = KnownFile(
            file_id=file.file_id,
            role=file.role,
            name=file.name,
            size=file.size,
            sha256=file.sha256,
            object_key=file.object_key,
            job_id=job_id,
            arrived_at=at,
        )
        self.files = (*(f for f in self.files if f.file_id != file.file_id), known)

    def open_version(self, event: CaseSubmittedInFull, *, sheet: SheetFacts, jobs: dict[str, str]) -> None:
        """A version was submitted. `jobs` gives the job of each file, for one that never arrived by itself."""
        self.province, self.title = self.placed_in or event.province, event.sheet.title
        for file in event.files:
            self.take_file(
                file,
                campaign_id=event.campaign_id,
                account_id=event.account_id,
                job_id=jobs[file.file_id],
                at=event.at,
            )
        self._rename(event.files)
        opened = Submitted(
            version=event.case_version,
            number=event.number,
            at=event.at,
            sheet=sheet,
            file_ids=tuple(file.file_id for file in event.files),
            withdrawn_at=next((each.at for each in self.withdrawals if each.version == event.case_version), None),
        )
        others = (each for each in self.versions if each.version != opened.version)
        self.versions = tuple(sorted((*others, opened), key=lambda each: each.version))

    def move(self, to: str) -> None:
        """The case is another province's, which reads its report from now on."""
        self.province = self.placed_in = to

    def hand_over(self, account_id: str) -> None:
        """Another account holds the case, and reads its report from now on."""
        self.account_id = self.held_by = account_id

    def withdraw(self, version: int, *, at: datetime) -> None:
        """The author took a version back; its report stays."""
        self.withdrawals = (*self.withdrawals, Withdrawal(version=version, at=at))
        self.versions = tuple(
            replace(each, withdrawn_at=at) if each.version == version else each for each in self.versions
        )

    def take_result(self, event: FileChecked) -> None:
        """A file was checked, perhaps before it is known here; the newest check of the same bytes counts."""
        result = FileResult(
            file_id=event.file_id,
            sha256=event.sha256,
            sha256_agrees=event.sha256_agrees,
            outcome=Outcome(event.outcome),
            true_type=event.true_type,
            findings=tuple(_found(told) for told in event.findings),
            words_low=event.words_low,
            words_high=event.words_high,
            parts=event.parts,
            checker=event.checker,
            at=event.at,
        )
        self.results = (*(r for r in self.results if r.about != result.about), result)

    @property
    def current(self) -> Submitted | None:
        """The version that stands: the newest, unless it was withdrawn."""
        last = self.versions[-1] if self.versions else None
        return last if last is not None and last.withdrawn_at is None else None

    @property
    def persons(self) -> frozenset[str]:
        """Everybody who is or was an author of this case."""
        return frozenset(author.person for version in self.versions for author in version.sheet.authors)

    def concludable(self) -> tuple[int, ...]:
        """Versions that wait for nothing but their conclusion."""
        return tuple(each.version for each in self.versions if each.conclusion is None and not self.waiting(each))

    def waiting(self, version: Submitted) -> tuple[KnownFile, ...]:
        """The files of a version that have not been checked yet."""
        return tuple(file for file in self.files_of(version) if self.result_of(file) is None)

    def knows_result(self, file: StoredFile) -> bool:
        """Whether these bytes of this file were checked."""
        return any(result.about == (file.file_id, file.sha256) for result in self.results)

    def moved_with(self, version: int) -> bool:
        """Whether other cases of the same people may have to say something else since this version came.

        Not where the version before stood until then, with the same people in the same category.
        """
        earlier = [each for each in self.versions if each.version < version]
        (came,) = (each for each in self.versions if each.version == version)
        return not earlier or earlier[-1].withdrawn_at is not None or _stand(earlier[-1]) != _stand(came)

    def conclude(self, version: int, *, sheet: tuple[Finding, ...], at: datetime) -> None:
        """Decide the outcome of a version and tell it; again only when what is said of sheet and people has changed."""
        submitted = next((each for each in self.versions if each.version == version), None)
        if submitted is None or self.waiting(submitted):
            return
        if submitted.conclusion is not None and submitted.conclusion.sheet == sheet:
            return
        results = self.results_of(submitted)
        found = (*sheet, *(finding for result in results for finding in result.findings))
        concluded = replace(submitted, conclusion=Conclusion(outcome=outcome_of(found), sheet=sheet, at=at))
        self.versions = tuple(concluded if each.version == version else each for each in self.versions)
        self.tell(self._ready(concluded, results, at=at))

    def files_of(self, version: Submitted) -> tuple[KnownFile, ...]:
        """The files of a version, in its order."""
        known = {file.file_id: file for file in self.files}
        return tuple(known[id_] for id_ in version.file_ids if id_ in known)

    def results_of(self, version: Submitted) -> tuple[FileResult, ...]:
        """What was found in the files of a version, in its order."""
        found = (self.result_of(file) for file in self.files_of(version))
        return tuple(result for result in found if result is not None)

    def result_of(self, file: KnownFile) -> FileResult | None:
        """What was found in the present bytes of a file, if they have been checked."""
        return next((result for result in self.results if result.about == file.about), None)

    def _rename(self, files: tuple[StoredFile, ...]) -> None:
        names = {file.file_id: file.name for file in files}
        self.files = tuple(replace(file, name=names.get(file.file_id, file.name)) for file in self.files)

    def _ready(self, version: Submitted, results: tuple[FileResult, ...], *, at: datetime) -> ReportReady:
        assert version.conclusion is not None
        names = {file.file_id: file.name for file in self.files}
        roles = {file.file_id: file.role for file in self.files}
        told = [told_finding(finding) for finding in version.conclusion.sheet]
        for result in results:
            told += [told_finding(f, file_id=result.file_id, name=names[result.file_id]) for f in result.findings]
        told.sort(key=lambda finding: _WEIGHT.index(Severity(finding.severity)))
        document = next((r for r in results if roles[r.file_id] == "document"), None)
        return ReportReady(
            campaign_id=self.campaign_id,
            case_id=self.id,
            case_version=version.version,
            outcome=version.conclusion.outcome.value,
            findings=tuple(told[:MOST_TOLD]),
            words_low=document.words_low if document else None,
            words_high=document.words_high if document else None,
            scanned=False,
            at=at,
        )


def told_finding(finding: Finding, *, file_id: str = "", name: str = "") -> ToldFinding:
    """A finding as events carry it; the place begins with the file's name where one is given."""
    place = f"《{name}》{finding.place}" if name else finding.place
    return ToldFinding(
        code=finding.code.value,
        severity=finding.severity.value,
        message=finding.message[:400],
        place=place[:200],
        file_id=file_id,
    )


def _found(told: ToldFinding) -> Finding:
    return Finding(code=Code(told.code), severity=Severity(told.severity), message=told.message, place=told.place)


def _stand(version: Submitted) -> tuple[str, frozenset[str]]:
    """The category, and everybody in it."""
    return version.sheet.category, frozenset(author.person for author in version.sheet.authors)
