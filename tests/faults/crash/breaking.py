"""Breaks the product on purpose, in the process of a run only, to see that the matrix finds it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import shared.records.records
from shared.events.wire import Heard
from shared.records import Records
from tests.faults.crash.model import Ledger
from tests.faults.crash.points import Kill, Point

# What is broken: the kills that show it, and the word in the finding that says so.
BROKEN: dict[str, tuple[tuple[Kill, ...], str]] = {
    "committed before the effect": ((Kill("review", Point.BEFORE_EFFECT, 2),), "effect"),
    "acknowledged before it is sent": ((Kill("intake", Point.AFTER_MARK, 2),), "never reached Kafka"),
    "heard without a guard": ((Kill("review", Point.AFTER_EFFECT, 2),), "effect"),
    "random ids": ((Kill("review", Point.BEFORE_WRITE, 2),), "another id"),
    "command without an id": ((Kill("intake", Point.AFTER_WRITE, 2),), "was asked for"),
    "job queued under a random id": ((Kill("review", Point.AFTER_QUEUE, 2),), "effect of intake.open on the jobs"),
    "state written before its news": ((Kill("intake", Point.BEFORE_WRITE, 3),), "events for"),
}


def apply(broken: str) -> None:
    """Break what can be broken in the product's modules; the rest is broken where it is used."""
    if broken == "heard without a guard":
        Records.hear = _hear_without_guard  # type: ignore[method-assign]
    if broken == "random ids":
        shared.records.records.event_id = lambda *parts: str(uuid.uuid4())


def _hear_without_guard(
    self: Records[Any], heard: Heard, id: str, act: Callable[[Any], object], *, create: Any = None
) -> bool:
    if create is not None:
        self.ensure(create())
    self.change(id, lambda aggregate: act(aggregate) and None)
    return True


def take_in_two_writes(ledgers: Records[Ledger], subject: str, word: str) -> None:
    """The dual write: state first, its events after it."""

    def take_only(ledger: Ledger) -> None:
        ledger.words += (word,)

    if word not in ledgers.get(subject).words:
        ledgers.change(subject, take_only)
        ledgers.change(subject, Ledger.tell_last)
