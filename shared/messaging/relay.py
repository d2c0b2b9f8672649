"""Takes what outboxes hold to Kafka: at least once, in order for each subject and topic."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import structlog
from bson import decode
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError

from shared.events.catalogue import COMPACTED
from shared.events.wire import Message, to_message
from shared.messaging.lease import Lease
from shared.messaging.parking import DeadRows
from shared.messaging.port import Bus, Speaker
from shared.messaging.states import StateOf, States
from shared.records.database import OUTBOX_INDEX, Database, Row, mongo_or_away
from shared.telemetry.metrics import (
    EVENTS_TOLD,
    OUTBOX_OLDEST_SECONDS,
    OUTBOX_WAITING,
    RELAY_OWNER,
    STATES_TOLD_AGAIN,
    TELL_FAILURES,
)
from shared.trouble import Away

log = structlog.get_logger()

_EXISTS_ALREADY = 11000
_OF_ONE_DOCUMENT = 100
_CHUNK_BYTES = 8 * 1024 * 1024
_DOUBTS_EVERY = 1.0


class Relay:
    """Polls the outboxes of one service's database and tells what they hold.

    In one wave goes the first untold event of each (document, topic); the next wave follows its acknowledgements. So an
    event is never on its way while an earlier one of the same subject and topic has no acknowledgement. Documents are
    taken ``at_once`` by so many; while the next ones are told, the acknowledged events of the last are taken out of
    their outboxes.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        chunk: int = 1000,
        at_once: int = 500,
        patience: float = 10.0,
        lease_seconds: float = 10.0,
        settle: float = 10.0,
    ) -> None:
        self._database = database
        self._bus = bus
        self._chunk = chunk
        self._at_once = at_once
        self._patience = patience
        self._lease = Lease(database, "relay", seconds=lease_seconds)
        self._speaker: Speaker | None = None
        self._told_events = database.db["told_events"]
        self._dead = DeadRows(database)
        self._states = States(database, settle=settle)
        self._doubts_looked_at = 0.0
        self._unproven: set[StateOf] = set()
        self._hurrying = threading.Event()
        self._marking = ThreadPoolExecutor(1, thread_name_prefix="relay-marks")

    def step(self) -> int:
        """Tell what waits now: how many events were acknowledged. Raises Away; whatever it was, nothing is lost."""
        service = self._database.service
        self._leave_doubts()
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
        self._tell_states_again()
        OUTBOX_WAITING.labels(service).set(waiting)
        OUTBOX_OLDEST_SECONDS.labels(service).set((datetime.now(UTC) - oldest).total_seconds() if oldest else 0)
        return told

    def hurry(self) -> None:
        """Begin no further wave; what waits stays in the outboxes."""
        self._hurrying.set()

    def close(self) -> None:
        """Stop telling and let another relay take over at once."""
        self._drop_speaker()
        self._marking.shutdown()
        self._leave_doubts()
        self._lease.release()

    def give_back(self) -> None:
        """Let another relay take over at once from one that is left behind while it waits for an answer.

        What is on its way may arrive after what the other one tells, so its states are in doubt.
        """
        self._states.doubt(set(self._unproven))
        self._lease.release()

    # Events of documents

    def _waiting(self, name: str) -> list[Row]:
        """The documents whose first event is the oldest, and of each no more than its outbox."""
        rows = self._database.db[name]
        raw_rows = rows.with_options(codec_options=rows.codec_options.with_options(document_class=RawBSONDocument))
        only = {"version": 1, "outbox": {"$slice": _OF_ONE_DOCUMENT}}
        found: list[Row] = []
        size = 0
        with mongo_or_away(), raw_rows.find({"outbox.0": {"$exists": True}}, only).hint(OUTBOX_INDEX) as cursor:
            for document in cursor.limit(self._chunk):
                found.append(decode(document.raw, rows.codec_options))
                size += len(document.raw)
                if size > _CHUNK_BYTES:
                    break
        return found

    def _tell_documents(self, name: str, documents: list[Row]) -> int:
        told = 0
        marks: list[Future[None]] = []
        rest = iter(documents)
        try:
            while not self._hurrying.is_set() and (some := list(islice(rest, self._at_once))):
                acknowledged: list[tuple[Any, Row]] = []
                try:
                    self._tell_in_waves(some, acknowledged)
                finally:
                    marks.append(self._marking.submit(self._mark, name, acknowledged))
                told += len(acknowledged)
        finally:
            wait(marks)
        for mark in marks:
            mark.result()
        return told

    def _tell_in_waves(self, documents: list[Row], acknowledged: list[tuple[Any, Row]]) -> None:
        left = [(document["_id"], list(document["outbox"])) for document in documents]
        while left and not self._hurrying.is_set():
            wave = [(id_, entry) for id_, entries in left for entry in _first_of_each_topic(entries)]
            results = self._tell([entry for _, entry in wave])
            acknowledged += [each for each, result in zip(wave, results, strict=True) if result]
            if failed := results.count(False):
                TELL_FAILURES.labels(self._database.service).inc(failed)
                self._drop_speaker()
                raise Away("kafka", f"{failed} events got no acknowledgement")
            done = {entry["id"] for _, entry in wave}
            left = [
                (id_, after) for id_, entries in left if (after := [each for each in entries if each["id"] not in done])
            ]

    def _tell(self, entries: Sequence[Row]) -> list[bool]:
        """Send and wait. A state stays unproven unless it was acknowledged and nobody else was owner meanwhile."""
        self._check_ownership()
        states = {(entry["subject"], entry["topic"]) for entry in entries if entry["topic"] in COMPACTED}
        self._unproven |= states
        results = self._send([to_message(entry) for entry in entries])
        if states and all(results) and self._lease.prove():
            self._unproven -= states
        return results

    def _check_ownership(self) -> None:
        """A lease that was lost and taken again is not enough: what was read under the first may be told by now."""
        if not self._lease.sure() and not self._lease.prove():
            raise Away("relay lease", "another relay took over")

    def _send(self, messages: list[Message]) -> list[bool]:
        if self._speaker is None:
            self._speaker = self._bus.speaker(f"{self._database.service}-relay")
        try:
            return self._speaker.tell(messages, patience=self._patience)
        except Away:
            self._drop_speaker()
            raise

    def _mark(self, name: str, acknowledged: list[tuple[Any, Row]]) -> None:
        """Keep what was told, for hearing again, and take it out of the outboxes."""
        if not acknowledged:
            return
        self._copy([entry for _, entry in acknowledged])
        event_ids = [entry["id"] for _, entry in acknowledged]
        with mongo_or_away():
            self._database.db[name].update_many(
                {"_id": {"$in": list({id_ for id_, _ in acknowledged})}},
                {"$pull": {"outbox": {"id": {"$in": event_ids}}}},
            )
        for topic, count in Counter(entry["topic"] for _, entry in acknowledged).items():
            EVENTS_TOLD.labels(self._database.service, topic).inc(count)

    def _copy(self, entries: list[Row]) -> None:
        """A row that is there already came from an earlier, unmarked try."""
        rows = [{**entry, "_id": entry["id"]} for entry in entries]
        try:
            with mongo_or_away():
                self._told_events.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if any(fault["code"] != _EXISTS_ALREADY for fault in error.details["writeErrors"]):
                raise

    # What documents do not hold

    def _tell_dead(self) -> None:
        if untold := self._dead.untold():
            self._check_ownership()
            results = self._send([message for _, message in untold])
            self._dead.mark_told([id_ for (id_, _), told in zip(untold, results, strict=True) if told])

    def _tell_states_again(self) -> None:
        """After the outboxes: what is newer than a doubtful state has been told by now, and comes into its place."""
        if time.monotonic() < self._doubts_looked_at + _DOUBTS_EVERY:
            return
        self._doubts_looked_at = time.monotonic()
        doubts = self._states.due(self._at_once)
        found = [(doubt, entry) for doubt in doubts if (entry := self._states.newest(doubt.state))]
        if not found:
            return
        self._tell([entry for _, entry in found])
        settled = [doubt for doubt, _ in found if doubt.state not in self._unproven]
        self._states.dispel(settled)
        for doubt in settled:
            STATES_TOLD_AGAIN.labels(self._database.service, doubt.topic).inc()
            log.warning("state_told_again", topic=doubt.topic, subject=doubt.subject)

    def _leave_doubts(self) -> None:
        """What this relay sent without proof that it was the owner all the while may lie behind newer states."""
        if self._unproven:
            log.warning("states_in_doubt", service=self._database.service, states=len(self._unproven))
            self._states.doubt(self._unproven)
            self._unproven.clear()

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
