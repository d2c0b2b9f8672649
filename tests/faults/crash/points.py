"""Where a process can be killed, and the plan that a seed makes of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Point(StrEnum):
    """A point in the life of a process, in the order in which work passes them."""

    BEFORE_WRITE = "before the write"
    DURING_WRITE = "during the write"
    AFTER_WRITE = "after the write"
    BEFORE_SEND = "before the send"
    AFTER_SEND = "after the send"
    AFTER_ACK = "after the acknowledgement"
    BEFORE_COPY = "before the copy"
    AFTER_COPY = "after the copy"
    BEFORE_MARK = "before the mark"
    AFTER_MARK = "after the mark"
    AFTER_POLL = "after the poll"
    BEFORE_EFFECT = "before the effect"
    AFTER_EFFECT = "after the effect"
    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit"
    BEFORE_QUEUE = "before the job is queued"
    AFTER_QUEUE = "after the job is queued"
    AFTER_CLAIM = "after the claim"
    BEFORE_FINISH = "before the job's end"
    AFTER_FINISH = "after the job's end"
    ANY_MOMENT = "any moment"


MEANING = {
    Point.BEFORE_WRITE: "the command that carries state and outbox has not left the process",
    Point.DURING_WRITE: "0 to 4 ms after that command left",
    Point.AFTER_WRITE: "MongoDB has confirmed it, nobody was answered",
    Point.BEFORE_SEND: "the event is not in the producer's buffer",
    Point.AFTER_SEND: "0 to 20 ms after it was put there, the relay knows of no acknowledgement",
    Point.AFTER_ACK: "the broker has acknowledged the wave",
    Point.BEFORE_COPY: "the copy to told_events has not left",
    Point.AFTER_COPY: "the copy is kept",
    Point.BEFORE_MARK: "the events have not been taken out of the outbox",
    Point.AFTER_MARK: "they have",
    Point.AFTER_POLL: "records were fetched, none was looked at",
    Point.BEFORE_EFFECT: "the reaction begins",
    Point.AFTER_EFFECT: "the reaction has ended",
    Point.BEFORE_COMMIT: "the offsets are about to be committed",
    Point.AFTER_COMMIT: "they are",
    Point.BEFORE_QUEUE: "the reaction's first document is written, its job is not",
    Point.AFTER_QUEUE: "both are",
    Point.AFTER_CLAIM: "a worker has the job",
    Point.BEFORE_FINISH: "its work is done, result and event are not written",
    Point.AFTER_FINISH: "they are",
    Point.ANY_MOMENT: "0 to 600 ms after the process took part",
}
POINTS = tuple(Point)
SERVICES = ("intake", "review")
_ONLY_REVIEW = frozenset(
    {Point.BEFORE_QUEUE, Point.AFTER_QUEUE, Point.AFTER_CLAIM, Point.BEFORE_FINISH, Point.AFTER_FINISH}
)


@dataclass(frozen=True)
class Kill:
    """Kill a service the ``nth`` time that it comes to a point."""

    service: str
    point: Point
    nth: int


def plan(seed: int) -> tuple[Kill, ...]:
    """What a seed kills: its own point first, so that as many seeds as there are points meet them all."""
    chosen = random.Random(seed)
    points = [POINTS[seed % len(POINTS)], *chosen.choices(POINTS, k=chosen.randint(2, 4))]
    return tuple(
        Kill(
            service="review" if point in _ONLY_REVIEW else chosen.choice(SERVICES),
            point=point,
            nth=chosen.randint(1, 4),
        )
        for point in points
    )
