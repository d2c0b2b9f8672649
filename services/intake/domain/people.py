"""What became of the people of a case: who was told, refused, moved to another province, took it over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from services.intake.domain.version import Submitter


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A co-author was told what was said about them. ``given`` is their e-mail as the sheet had it then.

    ``code`` is the hash of what the letter's link bears, empty where no link was sent; it answers once, until
    ``expires_at``.
    """

    person: str
    name: str
    given: str
    email: str
    account_id: str
    code: str
    at: datetime
    expires_at: datetime
    answered_at: datetime | None = None

    def answered(self, at: datetime) -> Self:
        """The same, its link used up."""
        return replace(self, answered_at=self.answered_at or at)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Somebody does not agree to be an author; ``account_id`` is empty where the letter's link said so."""

    person: str
    name: str
    account_id: str
    at: datetime
    taken_back_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether they have not agreed since."""
        return self.taken_back_at is None


@dataclass(frozen=True, kw_only=True)
class Move:
    """A change of province: from, to, when, who and why.

    ``version`` is the one made by it where the author moved, 0 where provinces or the centre decided after the bell:
    then it holds whatever the author's account says.
    """

    source: str
    to: str
    at: datetime
    by: str
    why: str = ""
    version: int = 0


def placed(by: Submitter, moves: tuple[Move, ...]) -> Submitter:
    """The submitter, in the province that was decided for the case where one was."""
    decided = next((move for move in reversed(moves) if not move.version), None)
    return replace(by, province=decided.to) if decided else by


@dataclass(frozen=True, kw_only=True)
class Handover:
    """The holder offers the case to a co-author, both by their accounts; ``taken`` is the answer."""

    source: str
    to: str
    person: str
    name: str
    at: datetime
    answered_at: datetime | None = None
    taken: bool = False

    def answered(self, at: datetime, *, taken: bool = False) -> Self:
        """The same with its answer: taken, declined or taken back."""
        return replace(self, answered_at=at, taken=taken)


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """A consent that an author took back or did not give, in the words that were shown (I12)."""

    person: str
    code: str
    wording: str
    at: datetime
    given_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it was not given since."""
        return self.given_at is None
