"""A listener that writes down what it hears, by the real guard in the real MongoDB, and can be made to fail."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol

import mongoengine

from shared.aggregates import Aggregate
from shared.clock import FixedClock
from shared.events.intake import CaseSubmitted
from shared.events.wire import Heard, Message, Told, outbox_entry, to_message
from shared.messaging.hearing import HearLoop
from shared.messaging.memory import MemoryBus
from shared.messaging.operators import Operator
from shared.messaging.parking import DeadRows, ParkedRows
from shared.messaging.port import Bus
from shared.records import Database, Record, Records
from shared.records.audit import AuditTrail
from shared.records.database import Row
from tests.shared.model import submitted

TOPIC = "intake.open"
NOON = datetime(2024, 10, 10, 4, 0, tzinfo=UTC)
PATIENCE = 120.0


class Topics(Bus, Protocol):
    """A bus that a test fills and looks into."""

    def tell(self, messages: Sequence[Message]) -> None:
        """Write records, in order for each key."""

    def committed(self, group: str) -> int:
        """How many records lie below the group's offsets."""


class OwnMemory(MemoryBus):
    """The bus in memory, as a test fills it and looks into it."""

    def tell(self, messages: Sequence[Message]) -> None:
        """Write records."""
        for message in messages:
            self.append(message)

    def committed(self, group: str) -> int:
        """How many records lie below the group's offsets."""
        return sum(offset for (name, _), offset in self._positions.items() if name == group)


class Killed(BaseException):
    """The process is gone: nothing below may catch it."""


@dataclass(kw_only=True)
class Diary(Aggregate):
    """What was heard of one subject, in the order of its effects."""

    lines: tuple[int, ...] = ()


class DiaryRecord(Record):
    """How a diary is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "diaries"}
    lines = mongoengine.ListField(mongoengine.IntField())


def event(subject: str, seq: int) -> Message:
    """The ``seq``-th event of a subject, as a relay tells it."""
    told = Told(
        id=str(uuid.uuid4()), event=submitted(subject, seq), subject=subject, seq=seq, epoch=1, time=NOON,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )  # fmt: skip
    return to_message(outbox_entry(told))


class Listening:
    """One service that hears CaseSubmitted into diaries, on a clock that the test moves."""

    def __init__(self, database: Database, bus: Topics, *, indexes: bool = True) -> None:
        self.database = database
        self.bus = bus
        self.group = f"{database.service}-{uuid.uuid4().hex[:8]}"
        self.clock = FixedClock(NOON)
        self.diaries = Records(database, document=DiaryRecord, aggregate=Diary)
        self.parked = database.collection("parked")
        self.dead = database.collection("dead")
        if indexes:
            ParkedRows(database, self.group, clock=self.clock).ensure_indexes()
            DeadRows(database).ensure_indexes()
            AuditTrail(database).ensure_indexes()
        self.trouble: Callable[[Heard], None] = lambda heard: None
        self.after: Callable[[Heard], None] = lambda heard: None
        self.effects: list[tuple[str, int]] = []
        self.by_loop: list[tuple[HearLoop, str]] = []
        self.loops: list[HearLoop] = []

    def begin(self, **how: Any) -> HearLoop:
        """One more member of the group."""

        def react(heard: Heard) -> None:
            self.trouble(heard)
            if self.diaries.hear(
                heard,
                heard.subject,
                lambda diary: setattr(diary, "lines", (*diary.lines, heard.seq)),
                create=lambda: Diary(id=heard.subject),
            ):
                self.effects.append((heard.subject, heard.seq))
                self.by_loop.append((loop, heard.subject))
            self.after(heard)

        how = {"parked_every": 0, **how}
        loop = HearLoop(self.database, self.bus, {CaseSubmitted: react}, group=self.group, clock=self.clock, **how)
        self.loops.append(loop)
        return loop

    def turn_until(self, done: Callable[[], bool], *, wait: float = 0.1) -> None:
        """Turn every member until it is so."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, f"not reached: {len(self.effects)} effects, {self.waiting()} parked"
            for loop in self.loops:
                loop.step(wait=wait)

    def let_pass(self, by: timedelta) -> None:
        """Move the clock, as far as parked rows and operators are concerned."""
        self.clock.advance(by)

    def waiting(self) -> int:
        """How many records wait parked."""
        return self.parked.count_documents({})

    def rows_of(self, subject: str) -> list[Row]:
        """The parked rows of a subject, in order."""
        return list(self.parked.find({"key": subject.encode()}).sort("offset", 1))

    def lines(self, subject: str) -> list[int]:
        """What was written down of a subject."""
        diary = self.diaries.find(subject)
        return list(diary.lines) if diary else []

    def operator(self) -> Operator:
        """Who acts by command."""
        return Operator(self.database, by="op", group=self.group, clock=self.clock)

    def leave(self, loop: HearLoop) -> None:
        """A member goes."""
        self.loops.remove(loop)
        loop.close()

    def close(self) -> None:
        """Everybody goes."""
        for loop in list(self.loops):
            self.leave(loop)


def a_bug(*where: tuple[str, int]) -> Callable[[Heard], None]:
    """Fails at these events; at every one where none is named."""

    def fail(heard: Heard) -> None:
        if not where or (heard.subject, heard.seq) in where:
            raise ZeroDivisionError("a bug")

    return fail


def fine(heard: Heard) -> None:
    """Nothing is wrong any more."""


def subjects(count: int) -> list[str]:
    """Names of subjects, which are also their keys."""
    return [f"k{number:02}" for number in range(count)]


def tell(bus: Topics, keys: int, each: int, *, since: int = 1) -> None:
    """``each`` events of every key, the keys taking turns."""
    bus.tell([event(subject, seq) for seq in range(since, since + each) for subject in subjects(keys)])


def places(loop: HearLoop) -> frozenset[Any]:
    """The partitions that a member believes to be its own."""
    return loop._listener.places() if loop._listener else frozenset()
