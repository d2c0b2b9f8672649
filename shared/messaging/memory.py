"""A bus in memory: partitions, groups and positions as Kafka has them, for journeys and tests in one process."""

from __future__ import annotations

import threading
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from shared.events.wire import Message
from shared.messaging.port import Place, Received
from shared.trouble import Away


class MemoryBus:
    """Topics of ``partitions`` partitions each. ``away`` makes it unreachable."""

    def __init__(self, partitions: int = 3) -> None:
        self.partitions = partitions
        self.away = False
        self._logs: dict[Place, list[Message]] = defaultdict(list)
        self._positions: dict[tuple[str, Place], int] = {}
        self._members: dict[str, list[MemoryListener]] = defaultdict(list)
        self._lock = threading.RLock()

    def speaker(self, name: str) -> MemorySpeaker:  # noqa: ARG002  # only real brokers show client names
        """A speaker; the name is for logs only."""
        self.check()
        return MemorySpeaker(self)

    def listener(self, group: str, topics: Sequence[str]) -> MemoryListener:
        """A member; partitions are dealt anew among the group's members."""
        self.check()
        with self._lock:
            member = MemoryListener(self, group, tuple(topics))
            self._members[group].append(member)
            self._deal(group)
            return member

    def records(self, topic: str) -> list[Received]:
        """Everything ever told on a topic, partition by partition."""
        with self._lock:
            return [
                Received(message, number, offset)
                for number in range(self.partitions)
                for offset, message in enumerate(self._logs[(topic, number)])
            ]

    def append(self, message: Message) -> Received:
        """Write one record to the partition of its key."""
        with self._lock:
            number = zlib.crc32(message.key or b"") % self.partitions
            log = self._logs[(message.topic, number)]
            log.append(message)
            return Received(message, number, len(log) - 1)

    def check(self) -> None:
        """Raise Away while the bus is made unreachable."""
        if self.away:
            raise Away("kafka", "the bus in memory was told to be away")

    def leave(self, member: MemoryListener) -> None:
        """Take a member out of its group and deal its partitions to the others."""
        with self._lock:
            if member in self._members[member.group]:
                self._members[member.group].remove(member)
                self._deal(member.group)

    def _deal(self, group: str) -> None:
        members = self._members[group]
        for member in members:
            member.forget()
        topics = sorted({topic for member in members for topic in member.topics})
        for topic in topics:
            interested = [member for member in members if topic in member.topics]
            for number in range(self.partitions):
                place = (topic, number)
                member = interested[number % len(interested)]
                member.take(place, self._positions.get((group, place), 0))

    def read(self, place: Place, offset: int, most: int) -> list[Received]:
        """Records of one partition from an offset on."""
        with self._lock:
            messages = self._logs[place][offset : offset + most]
            return [Received(message, place[1], offset + step) for step, message in enumerate(messages)]

    def keep(self, group: str, positions: Mapping[Place, int]) -> None:
        """Keep a group's positions."""
        with self._lock:
            for place, offset in positions.items():
                self._positions[(group, place)] = offset


class MemorySpeaker:
    """Every record is acknowledged at once."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:  # noqa: ARG002  # nothing to wait for
        """Append all."""
        self._bus.check()
        for message in messages:
            self._bus.append(message)
        return [True] * len(messages)

    def close(self) -> None:
        """Nothing is held."""


class MemoryListener:
    """One member of a group."""

    def __init__(self, bus: MemoryBus, group: str, topics: tuple[str, ...]) -> None:
        self._bus = bus
        self.group = group
        self.topics = topics
        self._next: dict[Place, int] = {}

    def forget(self) -> None:
        """Its partitions are dealt anew."""
        self._next.clear()

    def take(self, place: Place, offset: int) -> None:
        """A partition became this member's."""
        self._next[place] = offset

    def poll(self, *, wait: float, most: int) -> list[Received]:  # noqa: ARG002  # it never waits
        """What there is; it never waits."""
        self._bus.check()
        received: list[Received] = []
        for place, offset in self._next.items():
            batch = self._bus.read(place, offset, most - len(received))
            self._next[place] = offset + len(batch)
            received += batch
        return received

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Keep positions for the group."""
        self._bus.check()
        self._bus.keep(self.group, positions)

    def rewind(self, positions: Mapping[Place, int]) -> None:
        """Read on from there."""
        for place, offset in positions.items():
            if place in self._next:
                self._next[place] = offset

    def places(self) -> frozenset[Place]:
        """The partitions dealt to this member."""
        return frozenset(self._next)

    def close(self) -> None:
        """Leave the group."""
        self._bus.leave(self)
