"""JSON Schemas of all events, generated from the models and checked in: ``python -m shared.events.schema``.

The checked-in form is closed: a speaker tells nothing that is not in it. Listeners read with the open models.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shared.events.base import Event
from shared.events.catalogue import EVENTS

FOLDER = Path(__file__).parent / "schemas"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The closed schema of an event's data."""
    schema = event.model_json_schema(mode="serialization")
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object" and "properties" in part:
            part["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:zhengji:schema:{event.speaker()}:{event.__name__}:{event.version}",
        **schema,
        "x-topic": event.topic,
    }


def text_of(event: type[Event]) -> str:
    """The schema as the file holds it."""
    return json.dumps(schema_of(event), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def file_of(event: type[Event]) -> Path:
    """Where the schema is checked in."""
    return FOLDER / f"{event.type()}.json"


def write_all() -> None:
    """Write every schema; files of types that are no longer told stay."""
    FOLDER.mkdir(exist_ok=True)
    for event in EVENTS.values():
        file_of(event).write_text(text_of(event), encoding="utf-8")


if __name__ == "__main__":
    write_all()
