"""Kafka as anybody reads it: how much was told on each topic, and what still stands there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared.events.catalogue import TOPICS
from zhengji.play.outsiders import Record


@dataclass(frozen=True)
class Stood:
    """A record and where it stands."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def end_offsets(servers: str) -> dict[str, int]:
    """How many records were ever written to each of our topics."""
    with _reader(servers) as reader:
        return {topic: sum(reader.end_offsets(_places(reader, topic)).values()) for topic in TOPICS}


def standing(servers: str, topic: str) -> Iterator[Stood]:
    """Every record still on a topic, each partition in order; read as it is asked for, never held."""
    with _reader(servers) as reader:
        places = _places(reader, topic)
        ends = {place: end for place, end in reader.end_offsets(places).items() if end}
        if not ends:
            return  # nothing was ever told here
        reader.assign(list(ends))
        reader.seek_to_beginning(*ends)
        while any(reader.position(place) < end for place, end in ends.items()):
            for batch in reader.poll(timeout_ms=1000).values():
                for record in batch:
                    headers = tuple((name, value or b"") for name, value in record.headers)
                    yield Stood(topic, record.partition, record.offset, record.key, record.value, headers)


def records(servers: str, topic: str) -> list[Record]:
    """Every record still on a topic, partition by partition, in order."""
    return [((each.key or b"").decode(), each.value) for each in standing(servers, topic)]


def _places(reader: Any, topic: str) -> list[Any]:
    from kafka import TopicPartition  # reads hundreds of schemas

    return [TopicPartition(topic, number) for number in reader.partitions_for_topic(topic) or ()]


@contextmanager
def _reader(servers: str) -> Iterator[Any]:
    from kafka import KafkaConsumer  # reads hundreds of schemas

    reader = KafkaConsumer(bootstrap_servers=servers, client_id="accounting")
    try:
        yield reader
    finally:
        reader.close()
