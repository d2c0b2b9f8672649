"""How an event travels: CloudEvents 1.0 over Kafka, structured JSON, binary on compacted case state.

Source: CloudEvents Kafka protocol binding 1.0.2, sections 3.2 (binary) and 3.3 (structured).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from shared.events.base import MAX_EVENT_BYTES, Event
from shared.events.catalogue import event_class
from shared.trouble import Unreadable

STRUCTURED = b"application/cloudevents+json; charset=UTF-8"
BINARY_TOPICS = frozenset({"cases.state"})


@dataclass(frozen=True)
class Message:
    """A record as a broker sees it: ``value`` None is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    def header(self, name: str) -> str | None:
        """The first header of that name, decoded; None where there is none."""
        for key, value in self.headers:
            if key == name:
                return value.decode("utf-8", "replace")
        return None


@dataclass(frozen=True)
class Told:
    """An event as its speaker keeps it until it is told. ``seq`` counts 1, 2, 3 … per (subject, topic)."""

    id: str
    event: Event
    subject: str
    seq: int
    epoch: int
    time: datetime
    correlation: str = ""
    traceparent: str = ""
    replay: bool = False

    @property
    def key(self) -> str:
        """The record key: the case where there is one, else the subject."""
        return self.event.key() or self.subject


@dataclass(frozen=True)
class Heard:
    """An event as it was heard; ``(epoch, seq)`` orders the events of one subject on one topic."""

    id: str
    event: Event
    type: str
    topic: str
    subject: str
    seq: int
    epoch: int
    key: str
    time: datetime
    correlation: str
    traceparent: str = ""
    replay: bool = False


def outbox_entry(told: Told) -> dict[str, Any]:
    """The form in which a document's outbox holds an event."""
    data = told.event.model_dump(mode="json")
    size = len(json.dumps(data, ensure_ascii=False).encode())
    if size > MAX_EVENT_BYTES:
        raise ValueError(f"{told.event.type()} of {size} bytes is larger than {MAX_EVENT_BYTES}")
    entry = {
        "id": told.id,
        "topic": told.event.topic,
        "type": told.event.type(),
        "subject": told.subject,
        "key": told.key,
        "seq": told.seq,
        "epoch": told.epoch,
        "time": told.time,
        "correlation": told.correlation,
        "traceparent": told.traceparent,
        "data": data,
    }
    return {**entry, "tombstone": True} if told.event.tombstone else entry


def _attributes(entry: dict[str, Any]) -> dict[str, Any]:
    _, speaker, name, version = entry["type"].split(".")
    attributes = {
        "specversion": "1.0",
        "id": entry["id"],
        "source": f"/zhengji/{speaker}",
        "type": entry["type"],
        "subject": entry["subject"],
        "time": entry["time"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": f"urn:zhengji:schema:{speaker}:{name}:{version.removeprefix('v')}",
        "partitionkey": entry["key"],
        "seq": entry["seq"],
        "epoch": entry["epoch"],
        "correlationid": entry["correlation"],
        "traceparent": entry["traceparent"],
    }
    if entry.get("replay"):
        attributes["replay"] = True
    return {name: value for name, value in attributes.items() if value != ""}


def to_message(entry: dict[str, Any]) -> Message:
    """The record that carries an outbox entry, also one that another release of the service wrote."""
    attributes = _attributes(entry)
    headers = [(f"ce_{name}", str(value).encode()) for name, value in attributes.items()]
    key = entry["key"].encode()
    if entry["topic"] in BINARY_TOPICS:
        headers.append(("content-type", b"application/json"))
        value = None if entry.get("tombstone") else json.dumps(entry["data"], ensure_ascii=False).encode()
        return Message(topic=entry["topic"], key=key, value=value, headers=tuple(headers))
    headers.append(("content-type", STRUCTURED))
    body = json.dumps({**attributes, "data": entry["data"]}, ensure_ascii=False, separators=(",", ":")).encode()
    return Message(topic=entry["topic"], key=key, value=body, headers=tuple(headers))


def type_of(message: Message) -> str:
    """The event type of a record, from its header or its body; Unreadable when it has none."""
    named = message.header("ce_type")
    if named:
        return named
    type_ = _body(message).get("type")
    if not isinstance(type_, str):
        raise Unreadable("the record has no CloudEvents type")
    return type_


def subject_of(message: Message) -> str | None:
    """The subject that a record names, in its header or its body; None where none can be read."""
    if named := message.header("ce_subject"):
        return named
    try:
        subject = _body(message).get("subject")
    except Unreadable:
        return None
    return subject if isinstance(subject, str) and subject else None


def _body(message: Message) -> dict[str, Any]:
    try:
        body = json.loads(message.value or b"")
    except (ValueError, RecursionError) as error:  # RecursionError: thousands of nested brackets
        raise Unreadable(f"the record is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Unreadable("the record is not a JSON object")
    return body


def from_message(message: Message) -> Heard:
    """The event that a record carries; Unreadable says what is wrong with it."""
    if message.topic in BINARY_TOPICS:
        attributes: dict[str, Any] = {
            name.removeprefix("ce_"): value.decode("utf-8", "replace")
            for name, value in message.headers
            if name.startswith("ce_")
        }
        data: Any = _body(message) if message.value is not None else _cleared(attributes)
    else:
        attributes = _body(message)
        data = attributes.get("data")
    cls = event_class(str(attributes.get("type")))
    try:
        event = cls.model_validate(data)
        return Heard(
            id=str(attributes["id"]),
            event=event,
            type=str(attributes["type"]),
            topic=message.topic,
            subject=str(attributes["subject"]),
            seq=int(attributes["seq"]),
            epoch=int(attributes["epoch"]),
            key=message.key.decode() if message.key else str(attributes["subject"]),
            time=_instant(str(attributes["time"])),
            correlation=str(attributes.get("correlationid", "")),
            traceparent=str(attributes.get("traceparent", "")),
            replay=str(attributes.get("replay", "")).lower() == "true",
        )
    except (KeyError, TypeError, ValueError, ValidationError, UnicodeDecodeError) as error:
        raise Unreadable(f"{attributes.get('type')}: {error}") from error


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"the time {text} names no zone")
    return at


def _cleared(attributes: dict[str, Any]) -> dict[str, Any]:
    """A tombstone has no data: what its event says is in its attributes."""
    return {"campaign_id": "", "case_id": attributes.get("subject"), "at": attributes.get("time")}
