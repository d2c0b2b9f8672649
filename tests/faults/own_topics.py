"""The real Kafka with topics of a test's own, so that nobody else's records stand between and nothing stays behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kafka.admin import KafkaAdminClient, NewTopic

from shared.events.wire import Message
from shared.messaging.kafka import KafkaBus, KafkaListener, KafkaSpeaker
from shared.messaging.port import Place, Received


class OwnTopics:
    """A bus whose topics are the catalogue's under a prefix; ``remove`` deletes them."""

    def __init__(self, servers: str, prefix: str, *, topics: Sequence[str], partitions: int = 3) -> None:
        self._bus = KafkaBus(servers)
        self._prefix = f"{prefix}."
        self._admin = KafkaAdminClient(bootstrap_servers=servers.split(","), bootstrap_timeout_ms=10_000)
        self._names = [self._prefix + topic for topic in topics]
        self._admin.create_topics(
            [NewTopic(name=name, num_partitions=partitions, replication_factor=1) for name in self._names]
        )

    def speaker(self, name: str) -> OwnSpeaker:
        """A speaker on these topics."""
        return OwnSpeaker(self._bus.speaker(name), self._prefix)

    def listener(self, group: str, topics: Sequence[str]) -> OwnListener:
        """A member of a group on these topics."""
        return OwnListener(self._bus.listener(group, [self._prefix + topic for topic in topics]), self._prefix)

    def records(self, topic: str) -> Iterator[Received]:
        """Every record of one of these topics."""
        for each in self._bus.records(self._prefix + topic):
            yield _without(each, self._prefix)

    def tell(self, messages: Sequence[Message]) -> None:
        """Write records, in order for each key."""
        speaker = self.speaker("test")
        assert all(speaker.tell(messages, patience=60))
        speaker.close()

    def committed(self, group: str) -> int:
        """How many records lie below the group's offsets."""
        offsets = self._admin.list_group_offsets([group])
        return sum(
            max(0, each.offset)
            for positions in offsets.values()
            for place, each in positions.items()
            if place.topic in self._names
        )

    def remove(self) -> None:
        """Delete the topics."""
        self._admin.delete_topics(self._names)
        self._admin.close()


class OwnSpeaker:
    """Tells under the prefix."""

    def __init__(self, inner: KafkaSpeaker, prefix: str) -> None:
        self._inner = inner
        self._prefix = prefix

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:
        """Send all and wait for all."""
        return self._inner.tell(
            [replace(each, topic=self._prefix + each.topic) for each in messages], patience=patience
        )

    def close(self) -> None:
        """Let go."""
        self._inner.close()


class OwnListener:
    """Hears under the prefix, and names topics without it."""

    def __init__(self, inner: KafkaListener, prefix: str) -> None:
        self._inner = inner
        self._prefix = prefix

    def poll(self, *, wait: float, most: int) -> list[Received]:
        """The next records."""
        return [_without(each, self._prefix) for each in self._inner.poll(wait=wait, most=most)]

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Keep positions."""
        self._inner.commit(self._with_prefix(positions))

    def rewind(self, positions: Mapping[Place, int]) -> None:
        """Read on from there."""
        self._inner.rewind(self._with_prefix(positions))

    def places(self) -> frozenset[Place]:
        """This member's partitions."""
        return frozenset((topic.removeprefix(self._prefix), partition) for topic, partition in self._inner.places())

    def close(self) -> None:
        """Leave the group."""
        self._inner.close()

    def _with_prefix(self, positions: Mapping[Place, int]) -> dict[Place, int]:
        return {(self._prefix + topic, partition): offset for (topic, partition), offset in positions.items()}


def _without(received: Received, prefix: str) -> Received:
    return replace(received, message=replace(received.message, topic=received.message.topic.removeprefix(prefix)))
