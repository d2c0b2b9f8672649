"""Works off what waits: checks files, one at a time, and concludes reports whose files are all checked."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from services.validation.adapters import reader
from services.validation.adapters.sandbox import Sandbox
from services.validation.app import App
from services.validation.checking import CHECKER_VERSION, read, reading_key
from services.validation.domain.findings import Code, Sign
from services.validation.domain.report import Report, Submitted, told_finding
from services.validation.domain.sheet_rules import sheet_findings
from services.validation.domain.verdict import FileVerdict, Reading, decide
from services.validation.store import cases_of_persons
from shared.events.base import Event
from shared.events.intake import StoredFile
from shared.events.validation import FileChecked
from shared.jobs import Claimed, Worked, work_one
from shared.trouble import NotThere

MOST_TRIES = 5


class Checker:
    """Checks the files of the queue."""

    def __init__(self, app: App, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    def step(self) -> bool:
        """Check one file; False when none waits."""
        return work_one(self._app.checks, self.work, when_given_up=self.given_up)

    def work(self, claimed: Claimed) -> Worked:
        """Fetch, hash, read and decide. A file that keeps felling this process is unreadable in the end."""
        file = StoredFile.model_validate(claimed.payload["file"])
        if claimed.tries > MOST_TRIES:
            return self._told(claimed, file, reader.crashed("多次读取均未完成"), agrees=True)
        campaign = self._app.campaign(claimed.payload["campaign_id"])
        with tempfile.TemporaryDirectory(prefix="check-", dir=self._app.settings.check_dir) as folder:
            path = Path(folder) / "file"
            try:
                sha256 = self._app.objects.fetch(file.object_key, path)
            except NotThere:
                return self._told(claimed, file, reader.crashed("文件不在存储中"), agrees=False)
            if sha256 != file.sha256:
                signs = (Sign(code=Code.HASH_MISMATCH),)
                return self._told(claimed, file, Reading(kind="unknown", signs=signs), agrees=False)
            key = reading_key(sha256, name=file.name, campaign=campaign)
            reading = self._app.readings.find(key)
            if reading is None:
                reading = read(path, name=file.name, campaign=campaign, sandbox=self._sandbox)
                self._app.readings.keep(key, reading, at=self._app.clock())
        return self._told(claimed, file, reading, agrees=True)

    def given_up(self, claimed: Claimed, error: str) -> tuple[Event, ...]:
        """After its tries a file that could not be checked is told as unreadable, never passed in silence."""
        del error
        file = StoredFile.model_validate(claimed.payload["file"])
        return self._told(claimed, file, reader.crashed("多次读取均未完成"), agrees=True).events

    def _told(self, claimed: Claimed, file: StoredFile, reading: Reading, *, agrees: bool) -> Worked:
        campaign = self._app.campaign(claimed.payload["campaign_id"])
        verdict = decide(reading, role=file.role, name=file.name, campaign=campaign)
        return Worked(result=_kept(verdict), events=(self._event(claimed, file, verdict, agrees=agrees),))

    def _event(self, claimed: Claimed, file: StoredFile, verdict: FileVerdict, *, agrees: bool) -> FileChecked:
        return FileChecked(
            campaign_id=claimed.payload["campaign_id"],
            case_id=claimed.payload["case_id"],
            file_id=file.file_id,
            role=file.role,
            sha256=file.sha256,
            sha256_agrees=agrees,
            outcome=verdict.outcome.value,
            true_type=verdict.kind,
            findings=tuple(told_finding(finding, file_id=file.file_id) for finding in verdict.findings),
            words_low=verdict.words_low,
            words_high=verdict.words_high,
            parts=tuple(part.code for part in verdict.parts),
            checker=CHECKER_VERSION,
            at=self._app.clock(),
        )


class Concluder:
    """Concludes reports."""

    def __init__(self, app: App) -> None:
        self._app = app

    def step(self) -> bool:
        """Conclude one report; False when none waits."""
        return work_one(self._app.conclusions, self.work, when_given_up=lambda _claimed, _error: ())

    def work(self, claimed: Claimed) -> Worked:
        """Conclude one version; or look again at every case that shares a person with one (V11)."""
        if "people_of" in claimed.payload:
            report = self._app.reports.get(claimed.payload["people_of"])
            shared = cases_of_persons(self._app.reports, report.persons, campaign_id=report.campaign_id)
            for case_id in shared:
                self._look_again(case_id)
            return Worked(result={"cases": len(shared)})
        self._conclude(self._app.reports.get(claimed.payload["case_id"]), int(claimed.payload["version"]))
        return Worked(result={})

    def _look_again(self, case_id: str) -> None:
        report = self._app.reports.get(case_id)
        if report.current is not None and report.current.conclusion is not None:
            self._conclude(report, report.current.version)

    def _conclude(self, report: Report, version: int) -> None:
        """Judge sheet and people by the campaign and decide the version's outcome; the report tells it."""
        campaign = self._app.campaign(report.campaign_id)
        submitted = next(each for each in report.versions if each.version == version)
        roles = tuple(file.role for file in report.files_of(submitted))
        elsewhere = self._elsewhere(report, submitted) if submitted == report.current else ()
        sheet = sheet_findings(submitted.sheet, roles, campaign, elsewhere=elsewhere)
        at = self._app.clock()
        self._app.reports.change(report.id, lambda report: report.conclude(version, sheet=sheet, at=at))

    def _elsewhere(self, report: Report, submitted: Submitted) -> tuple[str, ...]:
        """The names of this version's authors who are authors of a standing case in another category."""
        persons = frozenset(author.person for author in submitted.sheet.authors)
        busy: set[str] = set()
        for case_id in cases_of_persons(self._app.reports, persons, campaign_id=report.campaign_id):
            other = self._app.reports.get(case_id).current
            if case_id != report.id and other is not None and other.sheet.category != submitted.sheet.category:
                busy |= {author.person for author in other.sheet.authors}
        return tuple(dict.fromkeys(author.name for author in submitted.sheet.authors if author.person in busy))


def _kept(verdict: FileVerdict) -> dict[str, object]:
    """What the page shows beyond the event: the headings by which parts were recognised, and the time it took."""
    return {"parts": [asdict(part) for part in verdict.parts], "seconds": verdict.seconds}
