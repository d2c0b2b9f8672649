"""Takes what outboxes hold to Kafka: at least once, in order for each subject and topic."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.events.wire import Message, to_message
from shared.messaging.parking import DeadRows
from shared.messaging.port import Bus, Speaker
from shared.records.database import OUTBOX_INDEX, Database, Row, mongo_or_away
from shared.telemetry.metrics import EVENTS_TOLD, OUTBOX_OLDEST_SECONDS, OUTBOX_WAITING, RELAY_OWNER, TELL_FAILURES
from shared.trouble import Away

log = structlog.get_logger()

_EXISTS_ALREADY = 11000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Lease:
    """One owner at a time, by the database server's clock. It makes repeats rare; the guard makes them harmless."""

    def __init__(self, database: Database, name: str, *, seconds: float = 10.0) -> None:
        self._rows = database.db["leases"]
        self._name = name
        self._seconds = seconds
        self.owner = uuid.uuid4().hex
        self._held_until = 0.0

    def hold(self) -> bool:
        """Take or renew it; False while somebody else holds it."""
        asked = time.monotonic()
        if asked < self._held_until - self._seconds / 2:
            return True
        free = {"$or": [{"owner": self.owner}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        until = {"$add": ["$$NOW", int(self._seconds * 1000)]}
        with mongo_or_away():
            taken = self._take(free, until) or (self._make_free() and self._take(free, until))
        if taken:
            self._held_until = asked + self._seconds
        return taken

    def _take(self, free: Row, until: Row) -> bool:
        change = [{"$set": {"owner": self.owner, "until": until}}]
        return bool(self._rows.update_one({"_id": self._name, **free}, change).matched_count)

    def _make_free(self) -> bool:
        """Put a free lease where there is none yet."""
        try:
            self._rows.insert_one({"_id": self._name, "owner": "", "until": _LONG_AGO})
        except DuplicateKeyError:
            return False
        return True

    def sure(self) -> bool:
        """Whether it is held with a quarter of its time to spare."""
        return time.monotonic() < self._held_until - self._seconds / 4

    def release(self) -> None:
        """Give it up, so that another may take it at once."""
        self._held_until = 0.0
        with mongo_or_away():
            self._rows.update_one({"_id": self._name, "owner": self.owner}, {"$set": {"owner": "", "until": _LONG_AGO}})


class Relay:
    """Polls the outboxes of one service's database and tells what they hold.

    In one wave goes the first untold event of each (document, topic); the next wave follows its acknowledgements. So an
    event is never on its way while an earlier one of the same subject and topic has no acknowledgement.
    """

    def __init__(self, database: Database, bus: Bus, *, chunk: int = 200, patience: float = 10.0) -> None:
        self._database = database
        self._bus = bus
        self._chunk = chunk
        self._patience = patience
        self._lease = Lease(database, "relay")
        self._speaker: Speaker | None = None
        self._told_events = database.db["told_events"]
        self._dead = DeadRows(database)

    def step(self) -> int:
        """Tell what waits now: how many events were acknowledged. Raises Away; whatever it was, nothing is lost."""
        service = self._database.service
        if not self._lease.hold():
            RELAY_OWNER.labels(service).set(0)
            return 0
        RELAY_OWNER.labels(service).set(1)
        told, waiting, oldest = 0, 0, None
        for name in self._database.telling:
            documents = self._waiting(name)
            waiting += len(documents)
            times = [document["outbox"][0]["time"] for document in documents]
            oldest = min([*times, *([oldest] if oldest else [])], default=None)
            told += self._tell_documents(name, documents)
        self._tell_dead()
        OUTBOX_WAITING.labels(service).set(waiting)
        OUTBOX_OLDEST_SECONDS.labels(service).set((datetime.now(UTC) - oldest).total_seconds() if oldest else 0)
        return told

    def close(self) -> None:
        """Stop telling and let another relay take over at once."""
        self._drop_speaker()
        self._lease.release()

    def _waiting(self, name: str) -> list[Row]:
        with mongo_or_away():
            return list(
                self._database.db[name]
                .find({"outbox.0": {"$exists": True}}, {"outbox": {"$slice": 100}})
                .hint(OUTBOX_INDEX)
                .limit(self._chunk)
            )

    def _tell_documents(self, name: str, documents: list[Row]) -> int:
        told = 0
        left = [list(document["outbox"]) for document in documents]
        while wave := [(at, entry) for at, entries in enumerate(left) for entry in _first_of_each_topic(entries)]:
            acknowledged = self._tell(wave)
            self._mark(name, documents, acknowledged)
            told += len(acknowledged)
            if len(acknowledged) < len(wave):
                TELL_FAILURES.labels(self._database.service).inc(len(wave) - len(acknowledged))
                self._drop_speaker()
                raise Away("kafka", f"{len(wave) - len(acknowledged)} events got no acknowledgement")
            done = {entry["id"] for _, entry in wave}
            left = [[entry for entry in entries if entry["id"] not in done] for entries in left]
        return told

    def _tell(self, wave: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
        results = self._send([to_message(entry) for _, entry in wave])
        return [each for each, acknowledged in zip(wave, results, strict=True) if acknowledged]

    def _tell_dead(self) -> None:
        if untold := self._dead.untold():
            results = self._send([message for _, message in untold])
            self._dead.mark_told([id_ for (id_, _), told in zip(untold, results, strict=True) if told])

    def _send(self, messages: list[Message]) -> list[bool]:
        if not self._lease.sure() and not self._lease.hold():
            raise Away("relay lease", "another relay took over")
        if self._speaker is None:
            self._speaker = self._bus.speaker(f"{self._database.service}-relay")
        try:
            return self._speaker.tell(messages, patience=self._patience)
        except Away:
            self._drop_speaker()
            raise

    def _mark(self, name: str, documents: list[Row], acknowledged: list[tuple[int, Row]]) -> None:
        if not acknowledged:
            return
        self._copy([entry for _, entry in acknowledged])
        ids_of: dict[Any, list[str]] = {}
        for at, entry in acknowledged:
            ids_of.setdefault(documents[at]["_id"], []).append(entry["id"])
            EVENTS_TOLD.labels(self._database.service, entry["topic"]).inc()
        told = [
            UpdateOne({"_id": id_}, {"$pull": {"outbox": {"id": {"$in": event_ids}}}})
            for id_, event_ids in ids_of.items()
        ]
        with mongo_or_away():
            self._database.db[name].bulk_write(told, ordered=False)

    def _copy(self, entries: list[Row]) -> None:
        """Keep what was told, for hearing again; a row that is there already came from an earlier, unmarked try."""
        rows = [{**entry, "_id": entry["id"]} for entry in entries]
        try:
            with mongo_or_away():
                self._told_events.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if any(fault["code"] != _EXISTS_ALREADY for fault in error.details["writeErrors"]):
                raise

    def _drop_speaker(self) -> None:
        if self._speaker is not None:
            self._speaker.close()
            self._speaker = None


def _first_of_each_topic(entries: list[Row]) -> Iterator[Row]:
    seen: set[str] = set()
    for entry in entries:
        if entry["topic"] not in seen:
            seen.add(entry["topic"])
            yield entry
