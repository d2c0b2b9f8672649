"""The values a case is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shared.events.intake import StudioFacts


class Mark(StrEnum):
    """What the province thinks of it."""

    NONE = "none"
    RECOMMENDED = "recommended"
    DECLINED = "declined"


class Outcome(StrEnum):
    """What the centre decided."""

    EXEMPLARY = "exemplary"
    SHOWCASE = "showcase"
    NOT_SELECTED = "not-selected"


PUBLISHED = frozenset({Outcome.EXEMPLARY, Outcome.SHOWCASE})


@dataclass(frozen=True, kw_only=True)
class CaseAuthor:
    """An author as the sheet names them; ``person`` is the pseudonym of the mobile."""

    name: str
    unit: str
    title: str
    person: str
    host: bool = False


@dataclass(frozen=True, kw_only=True)
class Unwilling:
    """A person who does not agree to be named as an author, of this version nor of any before it."""

    person: str
    case_version: int


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """A file of the case; ``size`` in bytes."""

    file_id: str
    role: str
    name: str
    kind: str
    size: int
    sha256: str
    object_key: str


@dataclass(frozen=True, kw_only=True)
class Studio:
    """What a studio case says about its studio."""

    address: str
    contribution: int
    live_sessions: int


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding of the report."""

    code: str
    severity: str
    message: str
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The report on one submitted version."""

    case_version: int
    outcome: str
    findings: tuple[Finding, ...] = ()
    words_low: int | None = None
    words_high: int | None = None
    scanned: bool = False


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one expert gave: marks by criterion, and their sum of 100."""

    expert_id: str
    marks: dict[str, float]
    total: float


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """What the centre said before expert review."""

    eligible: bool
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Disqualified:
    """Why the case is out: the code of the notice's reason."""

    reason: str
    at: datetime


def told_outcome(outcome: Outcome) -> Literal["exemplary", "showcase"]:
    """The outcome of a published case as events name it."""
    return "exemplary" if outcome is Outcome.EXEMPLARY else "showcase"


def studio_of(facts: StudioFacts | None) -> Studio | None:
    """What the sheet says about a studio, where it does."""
    if facts is None:
        return None
    return Studio(address=facts.address, contribution=facts.contribution, live_sessions=facts.live_sessions)
