"""A small aggregate to test the shared rooms with: a basket that counts and tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

import mongoengine

from shared.aggregates import Aggregate
from shared.events.intake import CaseSubmitted, CaseWithdrawn
from shared.records import Record
from shared.trouble import Refused

NOON = datetime(2024, 10, 10, 4, 0, tzinfo=UTC)


class Mood(StrEnum):
    """An enum to map."""

    CALM = "calm"
    BUSY = "busy"


@dataclass(frozen=True)
class Apple:
    """A nested value."""

    weight: int
    bought: datetime


@dataclass(kw_only=True)
class Basket(Aggregate):
    """Counts what was put in and tells each time; holds at most ``limit``."""

    owner: str = ""
    count: int = 0
    limit: int = 1000
    mood: Mood = Mood.CALM
    apples: tuple[Apple, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    emptied: datetime | None = None

    def put(self, amount: int = 1) -> int:
        """Put in; tells one fact on the open topic."""
        if self.count + amount > self.limit:
            raise Refused("full", "篮子已满。")
        self.count += amount
        self.tell(submitted(self.id, self.count))
        return self.count


class BasketRecord(Record):
    """How a basket is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "baskets"}

    owner = mongoengine.StringField()
    count = mongoengine.IntField()
    limit = mongoengine.IntField()
    mood = mongoengine.StringField()
    apples = mongoengine.ListField(mongoengine.DictField())
    notes = mongoengine.DictField()
    emptied = mongoengine.DateTimeField()


def submitted(case_id: str, version: int = 1) -> CaseSubmitted:
    """An event on intake.open."""
    return CaseSubmitted(
        campaign_id="c",
        case_id=case_id,
        case_version=version,
        number="N",
        category="region",
        province="110000",
        at=NOON,
    )


def withdrawn(case_id: str) -> CaseWithdrawn:
    """Another event on intake.open."""
    return CaseWithdrawn(campaign_id="c", case_id=case_id, case_version=1, at=NOON)
