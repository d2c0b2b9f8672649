"""Tells again what a restored platform had told, so that whoever listens comes to know what the backup knows.

Each event keeps its id, epoch and seq: a listener whose restored documents have heard it passes it over, one whose have
not takes it. Compacted topics then end with the newest state under the new epoch, which outranks what was told after
the backup and is lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from pymongo import ASCENDING

from shared.events.catalogue import COMPACTED
from shared.events.wire import to_message
from shared.messaging.port import Bus, Speaker
from shared.records import Database, Row, mongo_or_away
from shared.trouble import Away
from zhengji.backup.progress import Screen

_CHUNK = 500
_PATIENCE = 30.0
_LONGEST = 600.0
"""Seconds after which a chunk that gets no acknowledgement ends the command."""


def tell_again(databases: Mapping[str, Database], bus: Bus, *, epoch: int, screen: Screen) -> int:
    """Tell every told event, subject by subject in its order; gives how many. Away when the broker stays away."""
    with mongo_or_away():
        total = sum(database.collection("told_events").count_documents({}) for database in databases.values())
    teller = _Teller(bus)
    try:
        with screen.step("Told again, events", total) as advance:
            for database in databases.values():
                for chunk in _chunks(_told(database)):
                    teller.tell(chunk)
                    advance(len(chunk))
        for database in databases.values():
            for chunk in _chunks(_newest_states(database, epoch=epoch)):
                teller.tell(chunk)
    finally:
        teller.close()
    return total


def lift_untold_states(database: Database, *, epoch: int) -> None:
    """States that wait in an outbox belong to the new epoch too: they are newer than those told again in it."""
    compacted = {"$in": sorted(COMPACTED)}
    for name in _with_outbox(database):
        with mongo_or_away():
            database.collection(name).update_many(
                {"outbox.topic": compacted},
                {"$set": {"outbox.$[each].epoch": epoch}},
                array_filters=[{"each.topic": compacted}],
            )


def correlations_of(database: Database) -> Iterator[str]:
    """The correlation ids of everything a database has told, is about to tell, or has in work."""
    with mongo_or_away():
        yield from _distinct(database, "told_events", [{"$group": {"_id": "$correlation"}}])
        for name in _with_outbox(database):
            unwound: list[Row] = [{"$match": {"outbox.0": {"$exists": True}}}, {"$unwind": "$outbox"}]
            yield from _distinct(database, name, [*unwound, {"$group": {"_id": "$outbox.correlation"}}])
            if name.startswith("jobs_"):
                yield from _distinct(database, name, [{"$group": {"_id": "$correlation"}}])


def _distinct(database: Database, name: str, pipeline: list[Row]) -> Iterator[str]:
    for row in database.collection(name).aggregate(pipeline, allowDiskUse=True):
        if row["_id"]:
            yield row["_id"]


def _with_outbox(database: Database) -> list[str]:
    """The collections whose documents may hold untold events."""
    with mongo_or_away():
        names = database.db.list_collection_names()
        return [name for name in names if database.collection(name).find_one({"outbox": {"$exists": True}}, {"_id": 1})]


def _told(database: Database) -> Iterator[Row]:
    """Every told event, so that of one subject and topic none comes before an earlier one."""
    order = [("epoch", ASCENDING), ("seq", ASCENDING), ("time", ASCENDING)]
    with mongo_or_away():
        yield from database.collection("told_events").find().sort(order).allow_disk_use(True)


def _newest_states(database: Database, *, epoch: int) -> Iterator[Row]:
    newest: list[Row] = [
        {"$match": {"topic": {"$in": sorted(COMPACTED)}}},
        {"$sort": {"epoch": -1, "seq": -1}},
        {"$group": {"_id": {"topic": "$topic", "subject": "$subject"}, "entry": {"$first": "$$ROOT"}}},
        {"$replaceRoot": {"newRoot": "$entry"}},
    ]
    with mongo_or_away():
        for row in database.collection("told_events").aggregate(newest, allowDiskUse=True):
            yield {**row, "epoch": epoch}


def _chunks(entries: Iterator[Row]) -> Iterator[list[Row]]:
    """No subject tells twice on a topic in a chunk: whatever of it arrives, in whatever order, it is right."""
    chunk: list[Row] = []
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        who = (entry["topic"], entry["subject"])
        if who in seen or len(chunk) == _CHUNK:
            yield chunk
            chunk, seen = [], set()
        chunk.append(entry)
        seen.add(who)
    if chunk:
        yield chunk


class _Teller:
    """Tells a chunk until all of it is acknowledged."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._speaker: Speaker | None = None

    def tell(self, entries: list[Row]) -> None:
        """Tell and wait; a broker that is away is tried again for ten minutes."""
        messages = [to_message(entry) for entry in entries]
        deadline = time.monotonic() + _LONGEST
        while True:
            try:
                self._speaker = self._speaker or self._bus.speaker("restore")
                if all(self._speaker.tell(messages, patience=_PATIENCE)):
                    return
            except Away:
                if time.monotonic() > deadline:
                    raise
            self.close()
            if time.monotonic() > deadline:
                raise Away("kafka", f"{len(messages)} events got no acknowledgement")
            time.sleep(1)

    def close(self) -> None:
        """Let go of the speaker."""
        if self._speaker is not None:
            self._speaker.close()
            self._speaker = None
