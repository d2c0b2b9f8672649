"""Kafka through kafka-python, with what its 3.0 line needs to survive outages.

An idempotent producer of kafka-python 3.0.0-3.0.12 never sends again once its delivery timeout has passed in an outage.
So the delivery timeout is an hour, nobody waits for it, and a producer that leaves an acknowledgement open is thrown
away by force and built anew.
"""

from __future__ import annotations

import gzip
import struct
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    CorruptRecordError,
    KafkaError,
    KafkaTimeoutError,
    TopicAlreadyExistsError,
    UnsupportedCodecError,
)
from kafka.structs import OffsetAndMetadata

from shared.events.catalogue import COMPACTED, TOPICS
from shared.events.wire import Message
from shared.messaging.kafka_clients import made
from shared.messaging.port import Place, Received
from shared.trouble import Away

log = structlog.get_logger()

_DAY_MS = 24 * 60 * 60 * 1000
_LINGER_MS = 5
_BATCH_BYTES = 128 * 1024
_SILENCE_SECONDS = 30.0
UNDECODABLE = "undecodable"
"""The only header of a record that stands for one whose bytes the client could not take apart; it says why."""
_NOT_DECODED = (CorruptRecordError, UnsupportedCodecError, zlib.error, gzip.BadGzipFile, struct.error, EOFError)
_RECONNECT = {"reconnect_backoff_ms": 100, "reconnect_backoff_max_ms": 1000, "metadata_max_age_ms": 15_000}


@contextmanager
def kafka_or_away() -> Iterator[None]:
    """Translate the client's errors, and the operating system's, into Away."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise Away("kafka", f"{type(error).__name__}: {error}") from error


class KafkaBus:
    """Speakers and listeners on a Kafka cluster; ``servers`` is host:port, comma-separated.

    A broker must answer within ``patience_ms``, or Kafka is away.
    """

    def __init__(
        self,
        servers: str,
        *,
        patience_ms: int = 5000,
        delivery_timeout_ms: int = 3_600_000,
        session_timeout_ms: int = 10_000,
    ) -> None:
        self.servers = servers.split(",")
        self.patience_ms = patience_ms
        self.delivery_timeout_ms = delivery_timeout_ms
        self.session_timeout_ms = session_timeout_ms

    def speaker(self, name: str) -> KafkaSpeaker:
        """A producer with acks=all and idempotence; Away when no broker answers."""
        with kafka_or_away():
            producer = made(
                KafkaProducer,
                bootstrap_servers=self.servers,
                client_id=name,
                acks="all",
                enable_idempotence=True,
                delivery_timeout_ms=self.delivery_timeout_ms,
                request_timeout_ms=min(30_000, self.delivery_timeout_ms - _LINGER_MS),
                linger_ms=_LINGER_MS,
                batch_size=_BATCH_BYTES,
                max_block_ms=5000,
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=self.patience_ms,
                **_RECONNECT,
            )
        return KafkaSpeaker(producer)

    def listener(self, group: str, topics: Sequence[str]) -> KafkaListener:
        """A consumer that commits only what it is told to."""
        with kafka_or_away():
            consumer = made(
                KafkaConsumer,
                *topics,
                bootstrap_servers=self.servers,
                client_id=group,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                partition_assignment_strategy=[RangePartitionAssignor],
                session_timeout_ms=self.session_timeout_ms,
                heartbeat_interval_ms=self.session_timeout_ms // 3,
                # A group that is dealing out partitions waits so long for a member that died in the middle of joining.
                max_poll_interval_ms=20_000,
                bootstrap_timeout_ms=self.patience_ms,
                **_RECONNECT,
            )
            try:
                # Without this the group's leader may deal out topics whose partitions it has not heard of yet: none.
                missing = [topic for topic in topics if not consumer.partitions_for_topic(topic)]
                if missing:
                    raise Away("kafka", f"no such topics yet: {', '.join(missing)}")
            except BaseException:
                consumer.close(autocommit=False, timeout_ms=1000)
                raise
        return KafkaListener(consumer)

    def records(self, topic: str) -> Iterator[Received]:
        """Read a topic from its beginning to where it ends now, outside any group."""
        with kafka_or_away():
            consumer = made(
                KafkaConsumer,
                bootstrap_servers=self.servers,
                client_id="records",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=self.patience_ms,
                **_RECONNECT,
            )
        try:
            yield from _to_the_end(consumer, topic)
        finally:
            consumer.close(autocommit=False, timeout_ms=1000)

    def ensure_topics(self, *, partitions: int = 6, replication: int = 1, min_insync: int = 1) -> list[str]:
        """Create the topics that are missing; those that exist are never changed. Gives the names it made."""
        with kafka_or_away():
            admin = made(
                KafkaAdminClient,
                bootstrap_servers=self.servers,
                client_id="topics",
                bootstrap_timeout_ms=self.patience_ms,
            )
            try:
                missing = sorted(set(TOPICS) - set(admin.list_topics()))
                for topic in missing:
                    self._create(admin, topic, partitions, replication, min_insync)
                return missing
            finally:
                admin.close()

    @staticmethod
    def _create(admin: Any, topic: str, partitions: int, replication: int, min_insync: int) -> None:
        new = NewTopic(
            name=topic,
            num_partitions=1 if topic == "campaign" or topic.startswith("dead.") else partitions,
            replication_factor=replication,
            topic_configs=_topic_configs(topic) | {"min.insync.replicas": str(min_insync)},
        )
        try:
            admin.create_topics([new])
        except TopicAlreadyExistsError:
            log.info("topic_exists", topic=topic)

    def ping(self) -> None:
        """Raise Away unless a broker answers."""
        with kafka_or_away():
            admin = made(
                KafkaAdminClient,
                bootstrap_servers=self.servers,
                client_id="ping",
                bootstrap_timeout_ms=min(3000, self.patience_ms),
            )
            admin.close()


def _topic_configs(topic: str) -> dict[str, str]:
    if topic in COMPACTED:
        return {"cleanup.policy": "compact", "min.compaction.lag.ms": str(60 * 60 * 1000)}
    kept_days = {"open": -1, "internal": 60, "restricted": 30}.get(topic.rsplit(".", 1)[-1], -1)
    return {"retention.ms": str(kept_days * _DAY_MS if kept_days > 0 else -1)}


def _to_the_end(consumer: Any, topic: str) -> Iterator[Received]:
    with kafka_or_away():
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        if not places:
            raise Away("kafka", f"no such topic yet: {topic}")
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        read_on = time.monotonic() + _SILENCE_SECONDS
        while any(consumer.position(place) < ends[place] for place in places):
            received = _polled(consumer, wait=0.5, most=1000)
            if received:
                read_on = time.monotonic() + _SILENCE_SECONDS
            elif time.monotonic() > read_on:
                raise Away("kafka", f"{topic} gave nothing for {_SILENCE_SECONDS:.0f} s")
            yield from (each for each in received if each.message.header(UNDECODABLE) is None)


def _polled(consumer: Any, *, wait: float, most: int) -> list[Received]:
    """The next records. For one that cannot be decoded an empty one, whose header says why; reading goes on behind it.

    Left alone, the client would fail at that record once and then turn in a loop within ``poll`` for ever.
    """
    try:
        batches = consumer.poll(timeout_ms=int(wait * 1000), max_records=most)
    except _NOT_DECODED as error:
        broken = consumer._fetcher._next_partition_records
        if broken is None:  # the broker's own answer, not the bytes of a record
            raise
        return [_passed_over(consumer, broken, error)]
    return [_received(record) for records in batches.values() for record in records]


def _passed_over(consumer: Any, broken: Any, error: Exception) -> Received:
    place = broken.topic_partition
    offset = max(consumer.position(place), broken.next_fetch_offset)
    consumer.seek(place, offset + 1)
    reason = f"{type(error).__name__}: {error}"
    log.error("record_not_decoded", topic=place.topic, partition=place.partition, offset=offset, error=reason[:500])
    message = Message(place.topic, key=None, value=None, headers=((UNDECODABLE, reason[:500].encode()),))
    return Received(message, place.partition, offset)


def _received(record: Any) -> Received:
    message = Message(
        topic=record.topic,
        key=record.key,
        value=record.value,
        headers=tuple((name, value or b"") for name, value in record.headers),
    )
    return Received(message, record.partition, record.offset)


class KafkaSpeaker:
    """A producer whose every chunk is waited for."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:
        """Send all, wait for all; an open acknowledgement means this speaker must be closed and built anew."""
        deadline = time.monotonic() + patience
        with kafka_or_away():
            futures = [
                self._producer.send(each.topic, key=each.key, value=each.value, headers=list(each.headers))
                for each in messages
            ]
        with suppress(KafkaTimeoutError):  # the futures say which; without flushing, the last of a wave would linger
            self._producer.flush(timeout=max(0.001, deadline - time.monotonic()))
        return [self._acknowledged(future, deadline) for future in futures]

    @staticmethod
    def _acknowledged(future: Any, deadline: float) -> bool:
        try:
            future.get(timeout=max(0.001, deadline - time.monotonic()))
        except KafkaError as error:
            log.warning("no_acknowledgement", error=type(error).__name__)
            return False
        return True

    def close(self) -> None:
        """End the sender thread by force: an orderly close flushes first and would wait for the outage to end."""
        self._producer._sender.force_close()
        try:
            self._producer.close(timeout=1)
        except (KafkaError, RuntimeError, AssertionError) as error:
            log.info("producer_closed_by_force", error=type(error).__name__)


class KafkaListener:
    """A consumer of a group."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def poll(self, *, wait: float, most: int) -> list[Received]:
        """The next records of all partitions, each partition in order."""
        with kafka_or_away():
            return _polled(self._consumer, wait=wait, most=most)

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Keep positions; when that fails the records come again, which changes nothing."""
        offsets = {TopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in positions.items()}
        try:
            self._consumer.commit(offsets, timeout_ms=5000)
        except (KafkaError, AssertionError) as error:
            log.warning("commit_lost", error=type(error).__name__)

    def rewind(self, positions: Mapping[Place, int]) -> None:
        """Read on from there, where the partition is still ours."""
        mine = self._consumer.assignment()
        for place, offset in positions.items():
            partition = TopicPartition(*place)
            if partition in mine:
                self._consumer.seek(partition, offset)

    def places(self) -> frozenset[Place]:
        """The partitions the group gave to this member."""
        return frozenset((each.topic, each.partition) for each in self._consumer.assignment())

    def close(self) -> None:
        """Leave the group without committing anything more."""
        with kafka_or_away():
            self._consumer.close(autocommit=False, timeout_ms=3000)
