"""Between an aggregate (dataclasses, tuples, enums) and what MongoDB keeps (dicts, lists, strings)."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from shared.aggregates import Aggregate
from shared.clock import to_millisecond

Row = dict[str, Any]


def plain(value: Any) -> Any:
    """A value in MongoDB's terms. Dots and dollars in keys are escaped, instants are cut to the millisecond."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return to_millisecond(value)
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, dict):
        return {_escape(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    return value


def _escape(key: str) -> str:
    return key.replace("%", "%25").replace(".", "%2E").replace("$", "%24")


def unescape(key: str) -> str:
    """A key as it was before it was escaped."""
    return key.replace("%24", "$").replace("%2E", ".").replace("%25", "%")


def _unescaped(value: Any) -> Any:
    if isinstance(value, dict):
        return {unescape(key): _unescaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    return value


def to_row(aggregate: Aggregate) -> Row:
    """The aggregate's state with ``_id``; its news are left out."""
    row = {part.name: plain(getattr(aggregate, part.name)) for part in fields(aggregate) if part.name != "news"}
    row["_id"] = row.pop("id")
    return row


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def from_row(kind: type[Any], row: Row) -> Any:
    """The aggregate of that kind which a row holds."""
    state = {key: _unescaped(value) for key, value in row.items() if key != "_id"}
    adapter: TypeAdapter[Any] = _adapter(kind)  # type: ignore[arg-type]  # classes are hashable
    return adapter.validate_python({**state, "id": row["_id"]})
