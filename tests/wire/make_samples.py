"""Writes a sample record of every event that has none yet; a sample that was ever told is never written again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.events.base import Event
from shared.events.catalogue import EVENTS
from shared.events.wire import Told, outbox_entry, to_message

FOLDER = Path(__file__).parent / "samples"
AT = datetime(2024, 10, 15, 15, 59, 59, 999000, tzinfo=UTC)

_KNOWN = {
    "campaign_id": "2024-teacher-training",
    "case_id": "3f1f0c52-0f5c-5a7e-9a55-0d9b6f0c1a01",
    "province": "330000",
    "category": "region",
    "number": "2024-R-7KQP3M",
    "email": "liming@example.cn",
    "mobile": "13800000000",
    "name": "李明",
    "unit": "某县教师发展中心",
    "title": "智研共同体",
    "sha256": "0" * 64,
    "role": "document",
}


def _value(name: str, schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _object(defs[schema["$ref"].rsplit("/", 1)[-1]], defs)
    if "anyOf" in schema:
        return _value(name, schema["anyOf"][0], defs)
    if "enum" in schema:
        return next(value for value in reversed(schema["enum"]) if value or len(schema["enum"]) == 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("format") == "date-time":
        return AT.isoformat()
    kind = schema.get("type")
    if kind == "array":
        return [_value(name, schema["items"], defs)]
    if kind == "object":
        return _object(schema, defs) if "properties" in schema else {"key": _mapped(schema)}
    return {"integer": 1, "number": 86.5, "boolean": True}.get(str(kind), _KNOWN.get(name, f"某个{name}"))


def _mapped(schema: dict[str, Any]) -> Any:
    inner = schema.get("additionalProperties")
    return {"integer": 1, "number": 86.5}.get(inner.get("type", ""), "值") if isinstance(inner, dict) else "值"


def _object(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, part, defs) for name, part in schema.get("properties", {}).items()}


def entry_of(event: type[Event]) -> dict[str, Any]:
    """What an outbox holds of it."""
    schema = event.model_json_schema()
    body = _object(schema, schema.get("$defs", {}))
    told = Told(
        id="7f9c24e8-3b12-5fde-8a3a-1f4b1f4b1f4b",
        event=event.model_validate(body),
        subject=_KNOWN["case_id"],
        seq=1,
        epoch=1,
        time=AT,
        correlation="c0ffee",
    )
    return outbox_entry(told)


def sample_of(event: type[Event]) -> dict[str, Any]:
    """A whole record: topic, key, headers and value."""
    message = to_message(entry_of(event))
    return {
        "topic": message.topic,
        "key": (message.key or b"").decode(),
        "headers": [[name, value.decode()] for name, value in message.headers],
        "value": None if message.value is None else json.loads(message.value),
    }


def file_of(event: type[Event]) -> Path:
    """Where the sample of a type and version stays."""
    return FOLDER / f"{event.type()}.json"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for event in EVENTS.values():
        if not file_of(event).exists():
            file_of(event).write_text(
                json.dumps(sample_of(event), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
            )
