"""Rows for what a listener could not take: parked in order behind their key, or dead."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.clock import Clock, system_clock
from shared.events.wire import Message, subject_of
from shared.messaging.failures import Failure
from shared.messaging.port import Place, Received
from shared.messaging.rows import place_query, received_of, row_of
from shared.records.database import Database, Row, mongo_or_away
from shared.telemetry.metrics import DEAD, PARKED, PARKED_OLDEST_SECONDS

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
IN_ORDER = [("epoch", 1), ("offset", 1)]
LONGEST_KEY = 64 * 1024
MOST_TOLD = 256 * 1024
BEHIND = "waits behind an earlier record of its key"

Queue = tuple[str, bytes]
"""A topic and a key: the records of one queue have their effect in order."""


def wait_after(tries: int) -> timedelta:
    """Doubling from five seconds up to an hour."""
    doublings: int = 2 ** min(tries, 12)
    return min(LONGEST_WAIT, FIRST_WAIT * doublings)


def key_of(message: Message) -> bytes | None:
    """What a record queues by: its key, else its subject; None where neither can be read."""
    if message.key:
        return message.key[:LONGEST_KEY]
    subject = subject_of(message)
    return subject.encode("utf-8", "replace")[:LONGEST_KEY] if subject else None


@dataclass(frozen=True)
class Parked:
    """A parked record whose turn it is. ``drop``: a person gave it up; ``cut``: too large to be kept whole."""

    id: str
    received: Received
    key: bytes
    tries: int
    drop: bool
    cut: bool


class ParkedRows:
    """The parked records of one service, queue by queue.

    Only the owner of a partition acts on its rows; others set flags on them (``asked``, ``not_before``, ``drop``). The
    first row of a queue is tried when its ``next_try`` has come. A row behind it has one far in the future and becomes
    due when its turn comes; that far time only matters where a process died at just the wrong moment.
    """

    def __init__(self, database: Database, group: str, *, clock: Clock) -> None:
        self._rows = database.db["parked"]
        self._database = database
        self._group = group
        self._clock = clock
        self._size: int | None = None

    def ensure_indexes(self) -> None:
        """Create what looking up a queue and a due row needs."""
        with mongo_or_away():
            self._rows.create_index([("group", 1), ("topic", 1), ("key", 1), ("epoch", 1), ("offset", 1)])
            self._rows.create_index([("group", 1), ("topic", 1), ("partition", 1), ("next_try", 1)])
            self._rows.create_index([("group", 1), ("parked_at", 1)])

    def waiting(self, batch: Iterable[Received]) -> set[Queue]:
        """The queues of these records in which something waits, so that a later record has to go behind it."""
        keys: dict[str, set[bytes]] = {}
        for received in batch:
            if key := key_of(received.message):
                keys.setdefault(received.message.topic, set()).add(key)
        found: set[Queue] = set()
        for topic, wanted in keys.items():
            with mongo_or_away():
                waiting = self._rows.distinct(
                    "key", {"group": self._group, "topic": topic, "key": {"$in": sorted(wanted)}}
                )
            found |= {(topic, key) for key in waiting}
        return found

    def park(self, received: Received, *, key: bytes, failure: Failure | None, tries: int = 0) -> None:
        """Keep the record whole, or what fits of it; parking it twice changes nothing.

        Without a failure of its own it waits behind an earlier one.
        """
        now = self._clock()
        with mongo_or_away():
            epoch = self._database.epoch
        row = row_of(received, group=self._group, epoch=epoch) | {
            "key": key,
            "keyless": not received.message.key,
            **(failure.fields() if failure else {"error": BEHIND, "error_class": "", "trace": ""}),
            "tries": tries,
            "parked_at": now,
            "first_failed": now if failure else None,
            "last_failed": now if failure else None,
            "next_try": now + (wait_after(tries) if failure else LONGEST_WAIT),
        }
        try:
            with mongo_or_away():
                self._rows.insert_one(row)
        except DuplicateKeyError:
            return
        self._size = self.size + 1
        PARKED.labels(self._database.service).set(self._size)
        if failure is None:
            self._see_whether_first(row)

    def _see_whether_first(self, row: Row) -> None:
        """What it was to wait for may have gone in this moment, by the hand of a member that no longer owns it."""
        first = self._first(row["topic"], row["key"])
        if first is not None and first["_id"] == row["_id"]:
            self._next_is_due(row["topic"], row["key"])

    def heads_due(self, places: frozenset[Place], *, asked_only: bool = False, most: int = 200) -> Iterator[Parked]:
        """The first parked record of each queue whose time has come, in the partitions that are ours.

        ``asked_only``: only where a person wants something done with it.
        """
        now = self._clock()
        seen: set[Queue] = set()
        with mongo_or_away():
            due = list(
                self._rows.find(self.due_query(places, now, asked_only=asked_only), {"topic": 1, "key": 1}).limit(most)
            )
        for row in due:
            queue = (row["topic"], bytes(row["key"]))
            if queue in seen:
                continue
            seen.add(queue)
            first = self._first(*queue)
            if first is None:
                continue
            if first["next_try"] > now:
                self._put_off(first, now)
            elif not asked_only or "asked" in first or "drop" in first:
                yield _parked(first)

    def due_query(self, places: frozenset[Place], now: datetime, *, asked_only: bool = False) -> Row:
        """Finds rows of these partitions whose time has come, through the index on it."""
        wanted: Row = {"group": self._group, "next_try": {"$lte": now}}
        if asked_only:
            wanted["$and"] = [{"$or": [{"asked": {"$exists": True}}, {"drop": {"$exists": True}}]}]
        return place_query(places, wanted)

    def _put_off(self, first: Row, now: datetime) -> None:
        """Rows that are not the first of their queue do not count as due."""
        behind = {"group": self._group, "topic": first["topic"], "key": first["key"], "next_try": {"$lte": now}}
        with mongo_or_away():
            self._rows.update_many(behind, {"$set": {"next_try": now + LONGEST_WAIT}})

    def failed_again(self, parked: Parked, failure: Failure) -> None:
        """One more try was in vain; what a person asked for is done with that."""
        now = self._clock()
        tries = parked.tries + 1
        with mongo_or_away():
            self._rows.update_one(
                {"_id": parked.id},
                [
                    {
                        "$set": {
                            **{name: {"$literal": value} for name, value in failure.fields().items()},
                            "tries": tries,
                            "first_failed": {"$ifNull": ["$first_failed", now]},
                            "last_failed": now,
                            "next_try": now + wait_after(tries),
                        }
                    },
                    {"$unset": ["asked", "not_before"]},
                ],
            )

    def ended(self, parked: Parked) -> Parked | None:
        """The record needs no further try: the next of its queue, where that may go at once.

        The next one is made due before this row goes: a process that dies in between tries this one again, which
        changes nothing.
        """
        topic = parked.received.message.topic
        following = self._next_is_due(topic, parked.key, after=parked)
        with mongo_or_away():
            gone = self._rows.delete_one({"_id": parked.id}).deleted_count
        self._size = max(0, self.size - gone)
        PARKED.labels(self._database.service).set(self._size)
        if following is None:
            following = self._next_is_due(topic, parked.key)
        return _parked(following) if following and following["next_try"] <= self._clock() else None

    def _next_is_due(self, topic: str, key: bytes, *, after: Parked | None = None) -> Row | None:
        queue: Row = {"group": self._group, "topic": topic, "key": key}
        if after is not None:
            queue["_id"] = {"$ne": after.id}
        now = self._clock()
        due = {"next_try": {"$max": [now, {"$ifNull": ["$not_before", now]}]}}
        with mongo_or_away():
            return self._rows.find_one_and_update(
                queue, [{"$set": due}], sort=IN_ORDER, return_document=ReturnDocument.AFTER
            )

    def _first(self, topic: str, key: bytes) -> Row | None:
        with mongo_or_away():
            return self._rows.find_one({"group": self._group, "topic": topic, "key": key}, sort=IN_ORDER)

    @property
    def size(self) -> int:
        """How many wait, as last counted and with what this process did since."""
        return self.count() if self._size is None else self._size

    def count(self) -> int:
        """Count what waits; kept as metrics, with the age of the oldest."""
        with mongo_or_away():
            self._size = self._rows.count_documents({"group": self._group})
            oldest = self._rows.find_one({"group": self._group}, {"parked_at": 1}, sort=[("parked_at", 1)])
        PARKED.labels(self._database.service).set(self._size)
        age = (self._clock() - oldest["parked_at"]).total_seconds() if oldest else 0
        PARKED_OLDEST_SECONDS.labels(self._database.service).set(age)
        return self._size


def _parked(row: Row) -> Parked:
    return Parked(
        id=row["_id"],
        received=received_of(row),
        key=bytes(row["key"]),
        tries=row["tries"],
        drop="drop" in row,
        cut="cut" in row,
    )


@dataclass(frozen=True)
class Dead:
    """A dead record that a person wants tried again."""

    id: str
    received: Received


class DeadRows:
    """Records that cannot even be attributed: each is kept, and told on the service's dead-letter topic.

    What they hold is no CloudEvent of the catalogue, so these rows mark for themselves whether they were told. A row
    that was dropped stays without its content, so that its record, heard again, does not come back.
    """

    def __init__(self, database: Database, *, clock: Clock = system_clock) -> None:
        self._rows = database.db["dead"]
        self._database = database
        self._clock = clock

    def ensure_indexes(self) -> None:
        """Create what finding rows to tell and to try again needs."""
        with mongo_or_away():
            self._rows.create_index("asked", sparse=True)
            self._rows.create_index("told_dead", partialFilterExpression={"told_dead": False})

    def keep(self, received: Received, *, group: str, failure: Failure) -> None:
        """Keep it; the same record twice is once."""
        now = self._clock()
        with mongo_or_away():
            epoch = self._database.epoch
        row = row_of(received, group=group, epoch=epoch) | {
            **failure.fields(),
            "tries": 1,
            "first_failed": now,
            "last_failed": now,
            "told_dead": False,
        }
        try:
            with mongo_or_away():
                self._rows.insert_one(row)
        except DuplicateKeyError:
            return
        DEAD.labels(self._database.service).inc()

    def asked(self, places: frozenset[Place], *, group: str, most: int = 100) -> list[Dead]:
        """Rows of our partitions that a person wants tried again, when their time has come."""
        wanted = place_query(places, {"group": group, "asked": {"$lte": self._clock()}})
        with mongo_or_away():
            rows = list(self._rows.find(wanted).sort([("asked", 1), *IN_ORDER]).limit(most))
        return [Dead(row["_id"], received_of(row)) for row in rows if "cut" not in row]

    def failed_again(self, dead: Dead, failure: Failure) -> None:
        """It could not be taken this time either; it is not tried again unless somebody asks."""
        change = {"$set": {**failure.fields(), "last_failed": self._clock()}, "$inc": {"tries": 1}}
        with mongo_or_away():
            self._rows.update_one({"_id": dead.id}, {**change, "$unset": {"asked": ""}})

    def ended(self, dead: Dead) -> None:
        """It was taken."""
        with mongo_or_away():
            self._rows.delete_one({"_id": dead.id})

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
        """The row as a record, never larger than a broker takes; what was cut off is still in the row."""
        headers: list[tuple[str, Any]] = [
            ("origin", row["_id"].encode()),
            ("error", row["error"].encode()),
            ("failed_at", row["first_failed"].astimezone(UTC).isoformat().encode()),
            ("key_base64", base64.b64encode((row["key"] or b"")[:LONGEST_KEY])),
        ]
        value = row["value"]
        if row.get("cut") or len(value or b"") > MOST_TOLD:
            headers.append(("bytes", str((row.get("cut") or {}).get("bytes", len(value))).encode()))
            value = value[:MOST_TOLD]
        were = [(f"was_{name}", each) for name, each in row["headers"]]
        if sum(len(name) + len(each) for name, each in were) > MOST_TOLD:
            were = []
        # The producer refuses a record with neither key nor value.
        return Message(f"dead.{self._database.service}", row["key"], value or b"", (*headers, *were))
