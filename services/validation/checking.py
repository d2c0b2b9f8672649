"""The one entrance to the checker, for the service's queue and for `zhengji check` alike."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from hashlib import sha1
from pathlib import Path

from services.validation.adapters.sandbox import Sandbox
from services.validation.app import App
from services.validation.domain.findings import Code, Sign
from services.validation.domain.headings import SoughtPart
from services.validation.domain.report import told_finding
from services.validation.domain.verdict import FileVerdict, Reading, Role, decide, unread
from shared.campaign.model import Campaign
from shared.events.base import Event
from shared.events.intake import StoredFile
from shared.events.validation import FileChecked
from shared.jobs import Claimed, Worked, work_one
from shared.trouble import NotThere

CHECKER_VERSION = "1"
"""Raised whenever a reader or a rule changes, so that kept readings are made anew."""
MOST_TRIES = 5


def check_file(path: Path, *, as_: Role, name: str, campaign: Campaign, sandbox: Sandbox) -> FileVerdict:
    """Read a file in the sandbox and decide about it. `name` is the name its author gave it."""
    return decide(read(path, name=name, campaign=campaign, sandbox=sandbox), role=as_, name=name, campaign=campaign)


def read(path: Path, *, name: str, campaign: Campaign, sandbox: Sandbox) -> Reading:
    """Only what the file shows, which can be kept and weighed again when the campaign changes."""
    sought = [SoughtPart.named(part.code, part.names) for part in campaign.parts]
    return sandbox.read(path, name=name, sought=sought)


def reading_key(sha256: str, *, name: str, campaign: Campaign) -> str:
    """Under which a reading is kept: the bytes, the name's ending, the parts sought and the checker's version."""
    ending = name.rsplit(".", 1)[-1].casefold()
    sought = sha1("/".join(title for part in campaign.parts for title in part.names).encode(), usedforsecurity=False)
    return f"{sha256}:{ending}:{sought.hexdigest()[:12]}:{CHECKER_VERSION}"


class Checker:
    """Checks the files of the queue."""

    def __init__(self, app: App, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    def step(self) -> bool:
        """Check one file; False when none waits."""
        return work_one(self._app.checks, self.work, when_given_up=self.given_up)

    def work(self, claimed: Claimed) -> Worked:
        """Fetch, hash, read and decide."""
        file = StoredFile.model_validate(claimed.payload["file"])
        campaign = self._app.campaign(claimed.payload["campaign_id"])
        with tempfile.TemporaryDirectory(prefix="check-", dir=self._app.settings.check_dir) as folder:
            path = Path(folder) / "file"
            try:
                sha256 = self._app.objects.fetch(file.object_key, path)
            except NotThere:
                return self._told(claimed, file, unread("文件不在存储中"), agrees=False)
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
        """After its tries a file that could not be checked, or that felled every checker, is told as unreadable."""
        del error
        file = StoredFile.model_validate(claimed.payload["file"])
        return self._told(claimed, file, unread("多次读取均未完成"), agrees=True).events

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


def _kept(verdict: FileVerdict) -> dict[str, object]:
    """What the page shows beyond the event: the headings by which parts were recognised, and the time it took."""
    return {"parts": [asdict(part) for part in verdict.parts], "seconds": verdict.seconds}
