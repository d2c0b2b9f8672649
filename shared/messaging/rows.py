"""How a record that could not be taken is kept: its bytes, where it stood, and what it belongs to."""

from __future__ import annotations

import hashlib

from shared.events.wire import Message
from shared.messaging.port import Place, Received
from shared.records.database import Row

LARGEST = 15 * 1024 * 1024
"""More does not go into a document of MongoDB, whose limit is 16 MiB."""
KEPT_OF_LARGER = 64 * 1024


def row_id(received: Received, *, group: str, epoch: int) -> str:
    """``group/topic/partition/offset``; after a restore offsets begin anew, so from then on the epoch is added."""
    place = f"{group}/{received.message.topic}/{received.partition}/{received.offset}"
    return place if epoch == 1 else f"{place}@{epoch}"


def row_of(received: Received, *, group: str, epoch: int) -> Row:
    """The record as it came; of one too large for a row the beginning, its size and its hash."""
    message = received.message
    row: Row = {
        "_id": row_id(received, group=group, epoch=epoch),
        "group": group,
        "epoch": epoch,
        "topic": message.topic,
        "partition": received.partition,
        "offset": received.offset,
        "key": message.key,
        "value": message.value,
        "headers": [[name, value] for name, value in message.headers],
        "traceparent": (message.header("ce_traceparent") or message.header("traceparent") or "")[:200],
    }
    size = len(message.key or b"") + len(message.value or b"") + sum(len(n) + len(v) for n, v in message.headers)
    if size > LARGEST:
        value = message.value or b""
        row |= {
            "value": value[:KEPT_OF_LARGER],
            "headers": [[name, each] for name, each in message.headers if len(name) + len(each) < 1024][:64],
            "cut": {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()},
        }
    return row


def received_of(row: Row) -> Received:
    """The record that a row keeps."""
    message = Message(
        topic=row["topic"],
        key=None if row.get("keyless") else row["key"],
        value=row["value"],
        headers=tuple((name, value) for name, value in row["headers"]),
    )
    return Received(message, row["partition"], row["offset"])


def place_query(places: frozenset[Place], wanted: Row) -> Row:
    """Rows of these partitions that also fit ``wanted``; each topic is a branch of its own, for the indexes' sake."""
    partitions: dict[str, list[int]] = {}
    for topic, partition in sorted(places):
        partitions.setdefault(topic, []).append(partition)
    if not partitions:
        return {"_id": {"$in": []}}
    return {"$or": [{**wanted, "topic": topic, "partition": {"$in": each}} for topic, each in partitions.items()]}
