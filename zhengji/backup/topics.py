"""The topics a restore tells on: what they hold already, and emptying them without touching anything else of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from shared.events.catalogue import COMPACTED, TOPICS
from shared.trouble import Away


class Topics(Protocol):
    """The platform's topics."""

    def missing(self) -> list[str]:
        """Topics that do not exist."""

    def held(self) -> dict[str, int]:
        """How many records each topic holds that somebody may still read; topics without any are left out."""

    def empty(self) -> None:
        """Let nobody read what was told so far. Topics, their settings and the groups' positions stay."""


class KafkaTopics:
    """The topics of a Kafka cluster; ``servers`` is host:port, comma-separated."""

    def __init__(self, servers: str) -> None:
        self._servers = servers.split(",")

    def missing(self) -> list[str]:
        """Topics that do not exist."""
        with self._admin() as admin:
            return sorted(set(TOPICS) - set(admin.list_topics()))

    def held(self) -> dict[str, int]:
        """How many records each topic holds."""
        with self._reader() as reader:
            found = {}
            for topic in TOPICS:
                places = _places(reader, topic)
                if places:
                    begins, ends = reader.beginning_offsets(places), reader.end_offsets(places)
                    found[topic] = sum(ends[place] - begins[place] for place in places)
        return {topic: count for topic, count in found.items() if count}

    def empty(self) -> None:
        """Move the beginning of each partition to its end; positions before it are out of range and begin there."""
        with self._reader() as reader:
            ends = reader.end_offsets([place for topic in TOPICS for place in _places(reader, topic)])
        with self._admin() as admin:
            self._set_policy(admin, "compact,delete")  # from a topic that is only compacted nothing may be deleted
            try:
                admin.delete_records({place: end for place, end in ends.items() if end})
            finally:
                self._set_policy(admin, "compact")

    @staticmethod
    def _set_policy(admin: Any, policy: str) -> None:
        from kafka.admin import ConfigResource, ConfigResourceType  # reads hundreds of schemas

        topics = [
            ConfigResource(ConfigResourceType.TOPIC, topic, configs={"cleanup.policy": policy})
            for topic in sorted(COMPACTED)
        ]
        said = admin.alter_configs(topics)
        refused = [answer for answers in said.values() for answer in answers.values() if answer != "OK"]
        if refused:
            raise Away("kafka", f"cleanup.policy={policy} was refused: {refused[0]}")

    @contextmanager
    def _admin(self) -> Iterator[Any]:
        from kafka.admin import KafkaAdminClient  # reads hundreds of schemas
        from kafka.errors import KafkaError

        try:
            admin = KafkaAdminClient(bootstrap_servers=self._servers, client_id="restore", bootstrap_timeout_ms=10_000)
            try:
                yield admin
            finally:
                admin.close()
        except (KafkaError, OSError) as error:
            raise Away("kafka", f"{type(error).__name__}: {error}") from error

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        from kafka import KafkaConsumer  # reads hundreds of schemas
        from kafka.errors import KafkaError

        try:
            reader = KafkaConsumer(bootstrap_servers=self._servers, client_id="restore", bootstrap_timeout_ms=10_000)
            try:
                yield reader
            finally:
                reader.close()
        except (KafkaError, OSError) as error:
            raise Away("kafka", f"{type(error).__name__}: {error}") from error


def _places(reader: Any, topic: str) -> list[Any]:
    from kafka import TopicPartition  # reads hundreds of schemas

    return [TopicPartition(topic, number) for number in sorted(reader.partitions_for_topic(topic) or ())]
