"""Who does a thing alone, by the database server's clock."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.records.database import Database, Row, mongo_or_away

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _now() -> float:
    """Seconds that also pass while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """One owner at a time. It makes repeats rare; the guard of each listener makes them harmless.

    ``turn`` counts the changes of owner, so that an owner can prove afterwards that nobody came between.
    """

    def __init__(self, database: Database, name: str, *, seconds: float = 10.0) -> None:
        self._rows = database.db["leases"]
        self._name = name
        self._seconds = seconds
        self.owner = uuid.uuid4().hex
        self._turn = 0
        self._held_until = 0.0

    def hold(self) -> bool:
        """Take or renew it; False while somebody else holds it."""
        if _now() < self._held_until - self._seconds / 2:
            return True
        free = {"$or": [{"owner": self.owner}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        return self._take(free) or (self._make_free() and self._take(free))

    def sure(self) -> bool:
        """Whether it is held with a quarter of its time to spare."""
        return _now() < self._held_until - self._seconds / 4

    def prove(self) -> bool:
        """Whether nobody else held it since ``hold``: asked of a majority, and renewed, so not a matter of clocks."""
        if not self._take({"owner": self.owner, "turn": self._turn}):
            self._held_until = 0.0
            return False
        return True

    def release(self) -> None:
        """Give it up, so that another may take it at once."""
        self._held_until = 0.0
        with mongo_or_away():
            self._rows.update_one({"_id": self._name, "owner": self.owner}, {"$set": {"owner": "", "until": _LONG_AGO}})

    def _take(self, condition: Row) -> bool:
        asked = _now()
        same_owner = {"$eq": ["$owner", self.owner]}
        turn = {"$add": [{"$ifNull": ["$turn", 0]}, {"$cond": [same_owner, 0, 1]}]}
        until = {"$add": ["$$NOW", int(self._seconds * 1000)]}
        with mongo_or_away():
            row = self._rows.find_one_and_update(
                {"_id": self._name, **condition},
                [{"$set": {"owner": self.owner, "until": until, "turn": turn}}],
                return_document=ReturnDocument.AFTER,
            )
        if row is None:
            return False
        self._turn = row["turn"]
        self._held_until = asked + self._seconds
        return True

    def _make_free(self) -> bool:
        """Put a free lease where there is none yet."""
        try:
            with mongo_or_away():
                self._rows.insert_one({"_id": self._name, "owner": "", "until": _LONG_AGO})
        except DuplicateKeyError:
            return False
        return True
