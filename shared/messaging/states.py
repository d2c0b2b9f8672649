"""Compacted topics end with the newest state of each subject, whatever a relay did that was no longer its owner.

Kafka knows nothing of a relay's lease: one that was paused past it, with events on their way, may put an old state
after a newer one. Who finds that this may have happened leaves a doubt; the owner tells the newest told state of that
subject once more, with the same id and seq, which every guard passes over.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pymongo import DESCENDING, UpdateOne

from shared.events.catalogue import COMPACTED, EVENTS
from shared.records.database import Database, Row, mongo_or_away

StateOf = tuple[str, str]
"""A subject, and the compacted topic that holds its state."""

SPEAKERS: dict[str, str] = {event.topic: event.speaker() for event in EVENTS.values() if event.topic in COMPACTED}
"""The one service that tells on each compacted topic."""


@dataclass(frozen=True)
class Doubt:
    """A state that may not be the last word on its topic; ``raised`` counts how often that was found."""

    subject: str
    topic: str
    raised: int

    @property
    def state(self) -> StateOf:
        """What it is about."""
        return (self.subject, self.topic)


class States:
    """What one service told on compacted topics, and what of it is in doubt."""

    def __init__(self, database: Database, *, settle: float = 10.0) -> None:
        self._told_events = database.db["told_events"]
        self._doubts = database.db["doubts"]
        self._database = database
        self._settle_ms = int(settle * 1000)

    def ensure_indexes(self) -> None:
        """Create what looking up the newest state needs; safe to repeat."""
        for topic in sorted(COMPACTED):
            with mongo_or_away():
                self._told_events.create_index(
                    [("topic", 1), ("subject", 1), ("epoch", -1), ("seq", -1)],
                    name=f"newest_{topic}",
                    partialFilterExpression={"topic": topic},
                )

    def doubt(self, states: Collection[StateOf]) -> None:
        """Let the owner tell these again, but not before late copies have had time to arrive."""
        if not states:
            return
        raised = {"$add": [{"$ifNull": ["$raised", 0]}, 1]}
        rows = [
            UpdateOne(
                {"_id": f"{topic}/{subject}"},
                [{"$set": {"subject": subject, "topic": topic, "raised": raised, "at": "$$NOW"}}],
                upsert=True,
            )
            for subject, topic in sorted(states)
        ]
        with mongo_or_away():
            self._doubts.bulk_write(rows, ordered=False)

    def due(self, most: int) -> list[Doubt]:
        """Doubts that have settled."""
        settled = {"$expr": {"$lte": ["$at", {"$subtract": ["$$NOW", self._settle_ms]}]}}
        with mongo_or_away():
            rows = list(self._doubts.find(settled).limit(most))
        return [Doubt(row["subject"], row["topic"], row["raised"]) for row in rows]

    def dispel(self, doubts: Collection[Doubt]) -> None:
        """These were told again; a doubt that was raised once more since then stays."""
        for doubt in doubts:
            with mongo_or_away():
                self._doubts.delete_one({"_id": f"{doubt.topic}/{doubt.subject}", "raised": doubt.raised})

    def newest(self, state: StateOf) -> Row | None:
        """The newest told entry, under the present epoch: after a restore it outranks what was told and then lost."""
        subject, topic = state
        with mongo_or_away():
            row = self._told_events.find_one(
                {"topic": topic, "subject": subject}, sort=[("epoch", DESCENDING), ("seq", DESCENDING)]
            )
        return None if row is None else {**row, "epoch": max(row["epoch"], self._database.epoch)}

    def newest_of_each_key(self, topic: str) -> dict[bytes, Row]:
        """``_id``, ``subject``, ``epoch`` and ``seq`` of the newest told state of each record key."""
        wanted = {name: f"${name}" for name in ("_id", "subject", "key", "epoch", "seq")}
        with mongo_or_away():
            rows = self._told_events.aggregate(
                [
                    {"$match": {"topic": topic}},
                    {"$sort": {"topic": 1, "subject": 1, "epoch": -1, "seq": -1}},
                    {"$group": {"_id": "$subject", "newest": {"$first": wanted}}},
                ],
                allowDiskUse=True,
            )
            return {row["newest"]["key"].encode(): row["newest"] for row in rows}
