"""What a case was told from outside: validation's reports, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.intake.domain.files import Found
from shared.events.review import ResultOutcome
from shared.events.validation import Outcome


@dataclass(frozen=True, kw_only=True)
class Report:
    """Validation's report on one submitted version."""

    version: int
    outcome: Outcome
    findings: tuple[Found, ...]
    scanned: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What the author was told at the end: an outcome, or a disqualification with its reason."""

    outcome: ResultOutcome | None = None
    disqualified: str = ""
    at: datetime
