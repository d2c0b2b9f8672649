"""Compares what a compacted topic ends with to what its service told last, and lets differences be told again.

It finds what nobody left a doubt about: a relay that put an old state after a newer one and died, a topic that was
lost.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import structlog

from shared.messaging.lease import Lease
from shared.messaging.port import Bus, Received
from shared.messaging.states import SPEAKERS, States
from shared.records.database import Database
from shared.trouble import Away

log = structlog.get_logger()

_TOLD_BY_NOBODY = ""


@dataclass(frozen=True)
class Difference:
    """A record key under which a topic does not end with the newest told state; both as epoch/seq, empty for none."""

    topic: str
    key: str
    subject: str
    ends_with: str
    newest: str

    @property
    def can_be_mended(self) -> bool:
        """Whether the service has told anything under this key; after a restore it may have forgotten."""
        return self.subject != _TOLD_BY_NOBODY


@dataclass
class _Ending:
    """Where a key stands on a topic: its last record, and the highest (epoch, seq) that any of its records had."""

    id: str
    rank: tuple[int, int]
    highest: tuple[int, int]


class Comparison:
    """One service's compacted topics beside its own database."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._states = States(database)
        self._stop = threading.Event()
        self.topics = tuple(sorted(topic for topic, speaker in SPEAKERS.items() if speaker == database.service))

    def differences(self, topic: str) -> list[Difference]:
        """Where the topic ends otherwise than it was told.

        What differs is looked at a second time, for events may be on their way. Raises Away.
        """
        first = set(self._look(topic))
        return [each for each in self._look(topic) if each in first] if first else []

    def mend(self, found: Collection[Difference]) -> int:
        """Let the relay's owner tell the newest state again: of how many subjects."""
        states = [(each.subject, each.topic) for each in found if each.can_be_mended]
        self._states.doubt(states)
        return len(states)

    def step(self, *, every_seconds: float) -> bool:
        """Once in so many seconds, in whichever process comes first: compare all, and mend what differs."""
        turn = Lease(self._database, "comparison", seconds=every_seconds)
        if not turn.hold():
            return False
        try:
            for topic in self.topics:
                found = self.differences(topic)
                log.info("topic_compared", topic=topic, differences=len(found), told_again=self.mend(found))
        except Away:
            turn.release()
            raise
        if self._stop.is_set():
            turn.release()
        return True

    def hurry(self) -> None:
        """Stop soon; another process, or this one after its restart, begins again."""
        self._stop.set()

    def _look(self, topic: str) -> Iterator[Difference]:
        endings = _endings(self._until_stopped(self._bus.records(topic)))
        newest = self._states.newest_of_each_key(topic)
        for key in sorted(newest.keys() | endings.keys()):
            ending, told = endings.get(key), newest.get(key)
            if self._stop.is_set():
                return
            if ending and told and ending.id == told["_id"] and ending.rank == ending.highest:
                continue
            yield Difference(
                topic=topic,
                key=key.decode("utf-8", "replace"),
                subject=told["subject"] if told else _TOLD_BY_NOBODY,
                ends_with=f"{ending.rank[0]}/{ending.rank[1]}" if ending else "",
                newest=f"{told['epoch']}/{told['seq']}" if told else "",
            )

    def _until_stopped(self, records: Iterable[Received]) -> Iterator[Received]:
        for received in records:
            if self._stop.is_set():
                return
            yield received


def _endings(records: Iterable[Received]) -> dict[bytes, _Ending]:
    endings: dict[bytes, _Ending] = {}
    for received in records:
        message = received.message
        rank = (int(message.header("ce_epoch") or 0), int(message.header("ce_seq") or 0))
        before = endings.get(message.key or b"")
        highest = max(rank, before.highest) if before else rank
        endings[message.key or b""] = _Ending(message.header("ce_id") or "", rank, highest)
    return endings
