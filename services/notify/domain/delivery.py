"""What a mail server's answer means, how long to wait before the next try, and how many letters a minute may go."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Answers with 5xx that big Chinese providers give to a sender who is merely too fast.
# Source: QQ "550 Ip|Domain|Connection|Mailbox frequency limited"; NetEase help centre, codes of the MI and RP groups.
_TOO_FAST = re.compile(
    r"frequency limit|too (?:many|much|fast)|rate limit|try again"
    r"|MI:(?:STC|FCC|SFQ|DMC)|RP:(?:TRC|RCL|QRC)|HL:(?:IFC|ICC|REP)",
    re.IGNORECASE,
)
_BOX_FULL = re.compile(r"5\.2\.2|quota|mailbox (?:is )?full", re.IGNORECASE)
SLOW_DOWN = timedelta(minutes=2)
"""What NetEase asks for: retry after two minutes."""


class Verdict(StrEnum):
    """What is to be done after an answer."""

    TAKEN = "taken"
    TOO_FAST = "too_fast"
    LATER = "later"
    NEVER = "never"


def verdict(code: int, text: str) -> Verdict:
    """What an SMTP answer means for a letter."""
    if 200 <= code < 400:
        return Verdict.TAKEN
    if _TOO_FAST.search(text):
        return Verdict.TOO_FAST
    if code < 500 or (code == 552 and _BOX_FULL.search(text)):
        return Verdict.LATER
    return Verdict.NEVER


@dataclass(frozen=True)
class Patience:
    """How often and how long: ``first`` pause doubles up to ``longest``; ``tries`` is the most."""

    first: timedelta = timedelta(seconds=60)
    longest: timedelta = timedelta(hours=2)
    tries: int = 12

    def wait(self, letter_id: str, *, tries: int, at_least: timedelta = timedelta(0)) -> timedelta | None:
        """The pause after that many tries, spread by the letter's id; None when it was the last."""
        if tries >= self.tries:
            return None
        pause = min(self.longest, self.first * (1 << min(tries - 1, 20))) if tries else self.first
        spread = 1 + (zlib.crc32(letter_id.encode()) % 250) / 1000
        return max(at_least, pause) * spread


@dataclass(frozen=True)
class Bucket:
    """A token bucket: at most ``per_minute`` letters a minute, evenly, with a burst of ``burst``."""

    tokens: float
    filled: datetime

    @classmethod
    def full(cls, *, burst: int, at: datetime) -> Bucket:
        """A bucket nobody has drawn from."""
        return cls(tokens=float(burst), filled=at)

    def draw(self, *, at: datetime, per_minute: int, burst: int) -> Bucket | None:
        """The bucket after one letter; None when it has to wait."""
        minutes = max(0.0, (at - self.filled).total_seconds() / 60)
        tokens = min(float(burst), self.tokens + minutes * per_minute)
        if tokens < 1:
            return None
        return Bucket(tokens=tokens - 1, filled=max(at, self.filled))
