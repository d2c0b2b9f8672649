"""How a reading travels through the pipe: JSON there, checked values here, because the far end may be hostile."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from services.validation.domain.findings import Code, Sign
from services.validation.domain.headings import FoundPart
from services.validation.domain.verdict import Reading

_LONGEST = 400


def to_json(reading: Reading) -> bytes:
    return json.dumps(asdict(reading), ensure_ascii=True).encode()


def from_json(raw: bytes) -> Reading:
    """The reading; ValueError if it is not exactly of this shape."""
    try:
        value: Any = json.loads(raw)
        return Reading(
            kind=_text(value["kind"]),
            signs=tuple(
                Sign(code=Code(sign["code"]), place=_text(sign["place"]), what=_text(sign["what"]))
                for sign in value["signs"][:100]
            ),
            words_low=_number(value["words_low"]),
            words_high=_number(value["words_high"]),
            parts=tuple(
                FoundPart(
                    code=_text(part["code"]),
                    heading=_text(part["heading"]),
                    where=_text(part["where"]),
                    empty=part["empty"] is True,
                )
                for part in value["parts"][:50]
            ),
            seconds=float(value["seconds"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a reading") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    cleaned = value.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else " " for c in cleaned)[:_LONGEST]


def _number(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int):
        raise TypeError("number expected")
    return value
