"""A document that tells its whole state on a compacted topic, and a look at what that topic holds of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import mongoengine

from shared.aggregates import Aggregate
from shared.events.review import CaseState
from shared.messaging.port import Bus, Received
from shared.records import Database, Record, Records

NOON = datetime(2024, 10, 10, 4, 0, tzinfo=UTC)
TOPIC = "cases.state"
Rank = tuple[int, int]


@dataclass(kw_only=True)
class Board(Aggregate):
    """Tells what is written on it each time it is written anew."""

    written: int = 0

    def write(self) -> int:
        """Write the next number on it."""
        self.written += 1
        state = {"campaign_id": "c", "case_id": self.id, "number": "N", "stage": "submitted", "category": "region"}
        self.tell(CaseState(**state, province="110000", title=str(self.written), at=NOON))
        return self.written


class BoardRecord(Record):
    """How a board is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "boards"}

    written = mongoengine.IntField()


def boards(database: Database) -> Records[Board]:
    """All boards."""
    return Records(database, document=BoardRecord, aggregate=Board)


def told_of(bus: Bus, id: str) -> list[int]:
    """The numbers on the topic for one board, in the topic's order."""
    return [seq(received) for received in bus.records(TOPIC) if received.message.key == id.encode()]


def seq(received: Received) -> int:
    """The number an event has among those of its subject."""
    return int(received.message.header("ce_seq") or 0)


def followed(told: Iterable[int]) -> list[int]:
    """What somebody outside believes in turn who takes only what is above what he took."""
    believed: list[int] = []
    for number in told:
        if not believed or number > believed[-1]:
            believed.append(number)
    return believed
