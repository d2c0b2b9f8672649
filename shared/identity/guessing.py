"""How often one may guess at a password or a code: few times from one address, more from all together.

Whoever guesses wrong shuts out himself and those who share his address, not the owner; only many addresses together
slow the owner down, and by a minute at most. It is counted whether or not there is such an account, so that the
answer says nothing about that.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from shared.aggregates import Aggregate
from shared.clock import Clock, system_clock
from shared.records import Database, Records
from shared.trouble import Refused

FORGOTTEN_AFTER = timedelta(hours=1)
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Patience:
    """So many guesses are free; then one waits, each time twice as long."""

    free: int
    first: timedelta
    longest: timedelta

    def wait(self, failures: int) -> timedelta:
        """How long to wait after so many wrong guesses."""
        if failures < self.free:
            return timedelta(0)
        doublings: int = min(failures - self.free, 10)
        return min(self.first * (1 << doublings), self.longest)


ONE_ADDRESS = Patience(free=5, first=timedelta(minutes=1), longest=timedelta(minutes=15))
ALL_ADDRESSES = Patience(free=50, first=timedelta(seconds=10), longest=timedelta(minutes=1))


@dataclass(kw_only=True)
class Tries(Aggregate):
    """How often somebody guessed."""

    failures: int = 0
    last_at: datetime | None = None

    def wait(self, at: datetime, patience: Patience = ONE_ADDRESS) -> timedelta:
        """How long until the next try is heard; zero when it is heard now."""
        if self.last_at is None or at - self.last_at >= FORGOTTEN_AFTER:
            return timedelta(0)
        return max(timedelta(0), self.last_at + patience.wait(self.failures) - at)

    def begin(self, at: datetime, patience: Patience = ONE_ADDRESS) -> None:
        """Count a guess before it is judged, so that many at once are no way around; Refused while one has to wait."""
        wait = self.wait(at, patience)
        if wait:
            seconds = max(1, math.ceil(wait.total_seconds()))
            minutes = math.ceil(seconds / 60)
            message = f"连续{self.failures}次未能通过，请等待{minutes}分钟后再试。"
            raise Refused("sign-in-wait", message, status=429, retry_after=seconds)
        forgotten = self.last_at is not None and at - self.last_at >= FORGOTTEN_AFTER
        self.failures = 1 if forgotten else self.failures + 1
        self.last_at = at

    def succeeded(self) -> None:
        """The right person came: start counting anew."""
        self.failures, self.last_at = 0, None


class Guessing:
    """The guesses at one service's accounts, by the pseudonym of a mobile and by where they come from."""

    def __init__(self, database: Database, records: Records[Tries], *, clock: Clock = system_clock) -> None:
        self._database = database
        self._records = records
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Let old counts go by themselves."""
        self._database.collection(self._records.name).create_index("last_at", expireAfterSeconds=KEPT_SECONDS)

    def begin(self, person: str, *, source: str) -> None:
        """Count one guess from an address; Refused with 429 while one has to wait."""
        now = self._clock()
        for id, patience in self._counts(person, source):
            self._records.change(id, partial(Tries.begin, at=now, patience=patience), create=partial(Tries, id=id))

    def succeeded(self, person: str, *, source: str) -> None:
        """The right person came from there."""
        for id, _ in self._counts(person, source):
            self._records.change(id, Tries.succeeded, create=partial(Tries, id=id))

    @staticmethod
    def _counts(person: str, source: str) -> tuple[tuple[str, Patience], ...]:
        address = hashlib.sha256(f"{person}/{source}".encode()).hexdigest()[:32]
        return (f"{person}/{address}", ONE_ADDRESS), (person, ALL_ADDRESSES)
