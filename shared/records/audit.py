"""The append-only record of decisions: a chain in which each entry holds the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from shared.clock import to_millisecond
from shared.records.database import Database, Row, mongo_or_away

_START = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Decided:
    """Who (by id) decided what, about which document, why and when; ``cause`` is the event that told it."""

    cause: str
    by: str
    what: str
    about: str
    why: str
    at: datetime


class AuditTrail:
    """One service's record. Entries are numbered without gaps; two writers of one number, and one tries again."""

    def __init__(self, database: Database) -> None:
        self._rows = database.collection("record")

    def ensure_indexes(self) -> None:
        """One entry for each cause; safe to repeat."""
        with mongo_or_away():
            self._rows.create_index("cause", unique=True, name="one_cause_one_entry")
            self._rows.create_index("about")

    def append(self, decided: Decided) -> int:
        """Chain one more entry; gives its number. A cause that is on the record already keeps its number."""
        while True:
            known = self._find({"cause": decided.cause})
            if known is not None:
                return int(known["_id"])
            last = self._last()
            number, before = (int(last["_id"]) + 1, str(last["hash"])) if last else (1, _START)
            entry = {"_id": number, "before": before, **_fields(decided)}
            try:
                with mongo_or_away():
                    self._rows.insert_one({**entry, "hash": _hash(entry)})
            except DuplicateKeyError:
                continue
            return number

    def entries(self, *, about: str = "", most: int = 0) -> Iterator[Row]:
        """The record from its end, or what concerns one document."""
        with mongo_or_away():
            yield from self._rows.find({"about": about} if about else {}).sort("_id", -1).limit(most)

    def head(self) -> str:
        """The hash of the last entry: whoever keeps it can tell later whether the end was cut."""
        last = self._last()
        return str(last["hash"]) if last else _START

    def verify(self) -> int | None:
        """The number of the first entry that does not hold; None when the whole chain does."""
        before, expected = _START, 1
        with mongo_or_away():
            for row in self._rows.find().sort("_id", 1):
                plain = {name: value for name, value in row.items() if name != "hash"}
                if row["_id"] != expected or row["before"] != before or row["hash"] != _hash(plain):
                    return expected
                before, expected = row["hash"], expected + 1
        return None

    def _find(self, query: Row) -> Row | None:
        with mongo_or_away():
            return self._rows.find_one(query)

    def _last(self) -> Row | None:
        with mongo_or_away():
            return self._rows.find_one(sort=[("_id", -1)])


def _fields(decided: Decided) -> Row:
    return {
        "cause": decided.cause,
        "by": decided.by,
        "what": decided.what,
        "about": decided.about,
        "why": decided.why,
        "at": to_millisecond(decided.at),
    }


def _hash(entry: Row) -> str:
    text = json.dumps({**entry, "at": entry["at"].isoformat()}, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
