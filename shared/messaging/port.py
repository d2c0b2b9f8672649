"""What telling and hearing need of a broker, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.events.wire import Message

Place = tuple[str, int]
"""A topic and a partition of it."""


@dataclass(frozen=True)
class Received:
    """A record and where it stood."""

    message: Message
    partition: int
    offset: int

    @property
    def place(self) -> Place:
        """The partition it came from."""
        return (self.message.topic, self.partition)


class Speaker(Protocol):
    """Tells records. Not safe to share between threads."""

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:
        """Send all and wait at most ``patience`` seconds: for each, whether it was acknowledged.

        False means unknown, never "not sent". Raises Away when the broker cannot be reached at all.
        """

    def close(self) -> None:
        """Let go at once; whatever has no acknowledgement yet stays unknown."""


class Listener(Protocol):
    """Hears the records of a group's topics. Not safe to share between threads."""

    def poll(self, *, wait: float, most: int) -> list[Received]:
        """The next records, in order within each partition. Raises Away when the broker cannot be reached."""

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Keep the next offset to read for each partition. A lost commit only means repeats."""

    def rewind(self, positions: Mapping[Place, int]) -> None:
        """Read on from these offsets."""

    def places(self) -> frozenset[Place]:
        """The partitions that are this listener's at present."""

    def close(self) -> None:
        """Leave the group."""


class Bus(Protocol):
    """Where speakers and listeners come from."""

    def speaker(self, name: str) -> Speaker:
        """A new speaker; Away when the broker cannot be reached."""

    def listener(self, group: str, topics: Sequence[str]) -> Listener:
        """A new member of a group, from the earliest record where the group has no position."""

    def records(self, topic: str) -> Iterable[Received]:
        """Every record of a topic from its beginning to its present end, each partition in order."""
