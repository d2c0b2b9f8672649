"""Stops a listener that can take nothing any more, before it parks a whole topic, until a person resumes it."""

from __future__ import annotations

import time
from collections import deque

import structlog

from shared.clock import Clock
from shared.messaging.failures import Failure
from shared.records.database import Database, Row, mongo_or_away
from shared.telemetry.metrics import BREAKER_OPEN

log = structlog.get_logger()

WINDOW = 100
SAY_EVERY = 60.0


class Breaker:
    """A flag in the service's database. Each member counts for itself; the flag stops them all.

    It opens after ``limit`` failures in a row, or when more than half of the last hundred records failed.
    """

    def __init__(self, database: Database, group: str, *, limit: int = 20, clock: Clock) -> None:
        self._rows = database.db["breaker"]
        self._service = database.service
        self._group = group
        self._limit = limit
        self._clock = clock
        self._in_a_row = 0
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._last: Failure | None = None
        self._said_at = float("-inf")
        self.tripped = ""

    def succeeded(self) -> None:
        """A record had its effect, or the rules refused it."""
        self._in_a_row = 0
        self._recent.append(False)

    def failed(self, failure: Failure) -> None:
        """A record could not be taken."""
        self._in_a_row += 1
        self._recent.append(True)
        self._last = failure
        if self._in_a_row >= self._limit:
            self.tripped = f"{self._in_a_row} records in a row could not be taken"
        elif len(self._recent) == WINDOW and sum(self._recent) * 2 > WINDOW:
            self.tripped = f"{sum(self._recent)} of the last {WINDOW} records could not be taken"

    def full(self, parked: int) -> None:
        """As many wait parked as are allowed to."""
        self.tripped = f"{parked} records wait parked"

    def open(self) -> None:
        """Stop every member of the group, and say why."""
        why, last = self.tripped, self._last
        row: Row = {"why": why, "opened_at": self._clock(), **(last.fields() if last else {})}
        with mongo_or_away():
            self._rows.update_one({"_id": self._group}, {"$setOnInsert": row}, upsert=True)
        log.error("breaker_opened", why=why, group=self._group, error=last.text if last else "")
        BREAKER_OPEN.labels(self._service).set(1)
        self._forget()

    def is_open(self) -> bool:
        """Whether the listener has to stand still; said in the log again each minute."""
        with mongo_or_away():
            row = self._rows.find_one({"_id": self._group}, {"why": 1})
        BREAKER_OPEN.labels(self._service).set(1 if row else 0)
        if row is None:
            return False
        self._forget()
        if time.monotonic() - self._said_at > SAY_EVERY:
            self._said_at = time.monotonic()
            log.error("breaker_is_open", why=row.get("why", ""), group=self._group)
        return True

    def state(self) -> Row | None:
        """Since when it is open, and why; None while it is not."""
        with mongo_or_away():
            return self._rows.find_one({"_id": self._group})

    def resume(self) -> bool:
        """Let every member go on; False when it was not open."""
        with mongo_or_away():
            was_open = bool(self._rows.delete_one({"_id": self._group}).deleted_count)
        self._forget()
        BREAKER_OPEN.labels(self._service).set(0)
        return was_open

    def _forget(self) -> None:
        self._in_a_row = 0
        self._recent.clear()
        self.tripped = ""
