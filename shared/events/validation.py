"""Facts that validation tells."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.base import Event, Instant, Part
from shared.events.intake import FileRole

Outcome = Literal["passed", "remarks", "failed"]
Severity = Literal["blocked", "failed", "remark", "info"]


class ToldFinding(Part):
    """One finding in words for people. ``place`` says where: file, paragraph with excerpt, page or cell."""

    code: str
    severity: Severity
    message: str
    place: str = ""
    file_id: str = ""


class FileChecked(Event):
    """One file was checked, whatever the outcome. ``words_low/high`` are 字数 for documents."""

    topic: ClassVar[str] = "validation.internal"
    campaign_id: str
    case_id: str
    file_id: str
    role: FileRole
    sha256: str
    sha256_agrees: bool
    outcome: Outcome
    true_type: str
    findings: tuple[ToldFinding, ...]
    words_low: int | None = None
    words_high: int | None = None
    parts: tuple[str, ...] = ()
    checker: str
    at: Instant


class ReportReady(Event):
    """The report on one submitted version is complete."""

    topic: ClassVar[str] = "validation.internal"
    campaign_id: str
    case_id: str
    case_version: int
    outcome: Outcome
    findings: tuple[ToldFinding, ...]
    words_low: int | None = None
    words_high: int | None = None
    scanned: bool = False
    at: Instant
