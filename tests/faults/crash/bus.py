"""A bus over the product's: topics and groups of a run's own on a shared Kafka, and the points of both sides."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import kafka

from shared.events.wire import Message
from shared.messaging.port import Bus, Listener, Place, Received, Speaker
from tests.faults.crash.fuse import Fuse
from tests.faults.crash.points import Point


def watched_producer(fuse: Fuse) -> type[kafka.KafkaProducer]:
    """kafka-python's producer with a point on both sides of each send."""

    class WatchedProducer(kafka.KafkaProducer):  # type: ignore[misc]
        def send(self, topic: str, **record: Any) -> Any:
            fuse.at(Point.BEFORE_SEND)
            future = super().send(topic, **record)
            fuse.shortly_after(Point.AFTER_SEND, most=0.02)
            return future

    return WatchedProducer


class WatchedBus:
    """Puts ``prefix`` before each topic and group."""

    def __init__(self, inner: Bus, *, prefix: str, run: str, fuse: Fuse, broken: str = "") -> None:
        self._inner = inner
        self._prefix = prefix
        self._run = run
        self._fuse = fuse
        self._broken = broken

    def speaker(self, name: str) -> Speaker:
        """A watched speaker."""
        speaker = WatchedSpeaker(self._inner.speaker(name), prefix=self._prefix, fuse=self._fuse)
        return SaysYesTooEarly(speaker) if self._broken == "acknowledged before it is sent" else speaker

    def listener(self, group: str, topics: Sequence[str]) -> Listener:
        """A watched listener in a group of this run."""
        inner = self._inner.listener(f"{self._run}.{group}", [self._prefix + topic for topic in topics])
        commits_first = self._broken == "committed before the effect"
        return WatchedListener(inner, prefix=self._prefix, fuse=self._fuse, commits_first=commits_first)

    def records(self, topic: str) -> Iterator[Received]:
        """Every record of a topic, under the name the service knows."""
        return (_shown(received, self._prefix) for received in self._inner.records(self._prefix + topic))


class WatchedSpeaker:
    """Notes what is sent, and has a point after the acknowledgements."""

    def __init__(self, inner: Speaker, *, prefix: str, fuse: Fuse) -> None:
        self._inner = inner
        self._prefix = prefix
        self._fuse = fuse

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:
        """Send under the run's own topics."""
        self._fuse.journal.note("sent", ids=[message.header("ce_id") for message in messages])
        moved = [dataclasses.replace(message, topic=self._prefix + message.topic) for message in messages]
        acknowledged = self._inner.tell(moved, patience=patience)
        if any(acknowledged):
            self._fuse.at(Point.AFTER_ACK)
        return acknowledged

    def close(self) -> None:
        """Let go."""
        self._inner.close()


class WatchedListener:
    """Notes what came, and has the points around polling and committing."""

    def __init__(self, inner: Listener, *, prefix: str, fuse: Fuse, commits_first: bool) -> None:
        self._inner = inner
        self._prefix = prefix
        self._fuse = fuse
        self._commits_first = commits_first

    def poll(self, *, wait: float, most: int) -> list[Received]:
        """The next records, under the names the service knows."""
        batch = [_shown(received, self._prefix) for received in self._inner.poll(wait=wait, most=most)]
        if self._inner.places():
            self._fuse.take_part()
        if batch:
            came = [[each.message.topic, each.partition, each.offset] for each in batch]
            self._fuse.journal.note("polled", records=came)
            self._fuse.at(Point.AFTER_POLL)
            if self._commits_first:
                self.commit({each.place: each.offset + 1 for each in batch})
        return batch

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Commit for the run's group."""
        self._fuse.at(Point.BEFORE_COMMIT)
        self._inner.commit(self._hidden(positions))
        self._fuse.at(Point.AFTER_COMMIT)

    def rewind(self, positions: Mapping[Place, int]) -> None:
        """Read on from there."""
        self._inner.rewind(self._hidden(positions))

    def places(self) -> frozenset[Place]:
        """The partitions of this member."""
        return frozenset((topic.removeprefix(self._prefix), number) for topic, number in self._inner.places())

    def close(self) -> None:
        """Leave the group."""
        self._inner.close()

    def _hidden(self, positions: Mapping[Place, int]) -> dict[Place, int]:
        return {(self._prefix + topic, number): offset for (topic, number), offset in positions.items()}


def _shown(received: Received, prefix: str) -> Received:
    topic = received.message.topic.removeprefix(prefix)
    return dataclasses.replace(received, message=dataclasses.replace(received.message, topic=topic))


class SaysYesTooEarly:
    """Broken on purpose: calls everything acknowledged at once and sends it a little later."""

    def __init__(self, inner: Speaker) -> None:
        self._inner = inner
        self._lock = threading.Lock()

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:
        """Say yes."""
        threading.Timer(0.05, self._send, (list(messages), patience)).start()
        return [True] * len(messages)

    def _send(self, messages: list[Message], patience: float) -> None:
        with self._lock:
            self._inner.tell(messages, patience=patience)

    def close(self) -> None:
        """Let go."""
        self._inner.close()
