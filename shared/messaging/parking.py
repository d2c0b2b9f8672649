"""Rows for what a listener could not take: parked in order behind their key, or dead."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError

from shared.clock import Clock
from shared.events.wire import Message
from shared.messaging.port import Place, Received
from shared.records.database import Database, Row, mongo_or_away
from shared.telemetry.metrics import DEAD, PARKED

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)


def wait_after(tries: int) -> timedelta:
    """Doubling from five seconds up to an hour."""
    doublings: int = 2 ** min(tries, 12)
    return min(LONGEST_WAIT, FIRST_WAIT * doublings)


class ParkedRows:
    """The parked records of one service: ``_id`` is group/topic/partition/offset."""

    def __init__(self, database: Database, group: str, *, clock: Clock) -> None:
        self._rows = database.db["parked"]
        self._database = database
        self._group = group
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what looking up a key and a due row needs."""
        self._rows.create_index([("group", 1), ("topic", 1), ("key", 1), ("offset", 1)])

    def is_waiting(self, received: Received) -> bool:
        """Whether an earlier record of the same key waits, so that this one has to queue behind it."""
        same_key = {"group": self._group, "topic": received.message.topic, "key": received.message.key}
        with mongo_or_away():
            return self._rows.find_one(same_key, {"_id": 1}) is not None

    def park(self, received: Received, *, error: str, tries: int) -> None:
        """Keep the record whole; parking it twice changes nothing."""
        now = self._clock()
        row = {
            "_id": f"{self._group}/{received.message.topic}/{received.partition}/{received.offset}",
            "group": self._group,
            "topic": received.message.topic,
            "partition": received.partition,
            "offset": received.offset,
            "key": received.message.key,
            "value": received.message.value,
            "headers": [[name, value] for name, value in received.message.headers],
            "error": error,
            "tries": tries,
            "first_failed": now,
            "next_try": now + wait_after(tries),
        }
        try:
            with mongo_or_away():
                self._rows.insert_one(row)
        except DuplicateKeyError:
            return
        self.count()

    def heads_due(self, places: frozenset[Place]) -> Iterator[tuple[str, Received, int]]:
        """The first parked record of each key whose time has come, in the partitions that are ours."""
        seen: set[tuple[str, bytes | None]] = set()
        with mongo_or_away():
            rows = list(self._rows.find({"group": self._group}).sort([("topic", 1), ("partition", 1), ("offset", 1)]))
        for row in rows:
            key = (row["topic"], row["key"])
            if key in seen:
                continue
            seen.add(key)
            if (row["topic"], row["partition"]) in places and row["next_try"] <= self._clock():
                yield row["_id"], _received(row), row["tries"]

    def failed_again(self, id: str, *, error: str, tries: int) -> None:
        """One more try was in vain."""
        with mongo_or_away():
            self._rows.update_one(
                {"_id": id}, {"$set": {"error": error, "tries": tries, "next_try": self._clock() + wait_after(tries)}}
            )

    def drained(self, received: Received, id: str) -> None:
        """The record had its effect: the next of its key may go at once."""
        with mongo_or_away():
            self._rows.delete_one({"_id": id})
            self._rows.update_one(
                {"group": self._group, "topic": received.message.topic, "key": received.message.key},
                {"$set": {"next_try": self._clock()}},
            )
        self.count()

    def count(self) -> int:
        """How many wait; also kept as a metric."""
        with mongo_or_away():
            waiting = self._rows.count_documents({"group": self._group})
        PARKED.labels(self._database.service).set(waiting)
        return waiting


def _received(row: Row) -> Received:
    message = Message(
        topic=row["topic"],
        key=row["key"],
        value=row["value"],
        headers=tuple((name, value) for name, value in row["headers"]),
    )
    return Received(message, row["partition"], row["offset"])


class DeadRows:
    """Records that cannot even be attributed: each is kept, and told on the service's dead-letter topic.

    What they hold is no CloudEvent of the catalogue, so these rows mark for themselves whether they were told.
    """

    def __init__(self, database: Database) -> None:
        self._rows = database.db["dead"]
        self._database = database

    def keep(self, received: Received, *, group: str, error: str, at: datetime) -> None:
        """Keep it; the same record twice is once."""
        row = {
            "_id": f"{group}/{received.message.topic}/{received.partition}/{received.offset}",
            "key": received.message.key,
            "value": received.message.value,
            "headers": [[name, value] for name, value in received.message.headers],
            "error": error,
            "at": at,
            "told_dead": False,
        }
        try:
            with mongo_or_away():
                self._rows.insert_one(row)
        except DuplicateKeyError:
            return
        DEAD.labels(self._database.service).inc()

    def untold(self, most: int = 100) -> list[tuple[str, Message]]:
        """Rows that wait to be told on ``dead.<service>``."""
        with mongo_or_away():
            rows = list(self._rows.find({"told_dead": False}).limit(most))
        return [(row["_id"], self._message(row)) for row in rows]

    def mark_told(self, ids: list[str]) -> None:
        """These rows are on the dead-letter topic."""
        with mongo_or_away():
            self._rows.update_many({"_id": {"$in": ids}}, {"$set": {"told_dead": True}})

    def _message(self, row: Row) -> Message:
        headers = [
            ("origin", row["_id"].encode()),
            ("error", row["error"].encode()),
            ("failed_at", row["at"].isoformat().encode()),
            ("key_base64", base64.b64encode(row["key"] or b"")),
        ]
        return Message(
            topic=f"dead.{self._database.service}",
            key=row["key"],
            value=row["value"],
            headers=(*headers, *((f"was_{name}", value) for name, value in row["headers"])),
        )
