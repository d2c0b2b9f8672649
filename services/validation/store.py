"""How validation keeps its documents: the mapping, the indexes, the queues, and kept readings."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import mongoengine
from pymongo.errors import DuplicateKeyError

from services.validation.domain import wire
from services.validation.domain.report import Report
from services.validation.domain.verdict import Reading
from shared.clock import Clock
from shared.records import Database, Record, Records, mongo_or_away

CHECKS, CONCLUSIONS = "checks", "conclusions"


class ReportRecord(Record):
    """How the report on a case is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "reports"}

    campaign_id = mongoengine.StringField()
    account_id = mongoengine.StringField()
    province = mongoengine.StringField()
    placed_in = mongoengine.StringField()
    held_by = mongoengine.StringField()
    title = mongoengine.StringField()
    files = mongoengine.ListField(mongoengine.DictField())
    results = mongoengine.ListField(mongoengine.DictField())
    versions = mongoengine.ListField(mongoengine.DictField())
    withdrawals = mongoengine.ListField(mongoengine.DictField())


def reports(database: Database, *, clock: Clock) -> Records[Report]:
    """One report for each case, by the case's id."""
    return Records(database, document=ReportRecord, aggregate=Report, clock=clock)


def cases_of_persons(records: Records[Report], persons: frozenset[str], *, campaign_id: str) -> list[str]:
    """The cases of a campaign in which one of these persons is or was an author."""
    query = {"campaign_id": campaign_id, "versions.sheet.authors.person": {"$in": sorted(persons)}}
    return [str(row["_id"]) for row in records.rows(query, only=("_id",))]


class Readings:
    """What files showed, by hash, ending and checker version, so that the same bytes are read once."""

    def __init__(self, database: Database) -> None:
        self._rows = database.collection("readings")

    def find(self, key: str) -> Reading | None:
        """A kept reading; one that cannot be understood any more counts as none."""
        with mongo_or_away():
            row = self._rows.find_one({"_id": key})
        if row is None:
            return None
        try:
            return wire.from_json(row["reading"].encode())
        except ValueError:
            return None

    def keep(self, key: str, reading: Reading, *, at: datetime) -> None:
        """Keep a reading; the first one stays."""
        row = {"_id": key, "reading": wire.to_json(reading).decode(), "at": at}
        try:
            with mongo_or_away():
                self._rows.insert_one(row)
        except DuplicateKeyError:
            return


def ensure_indexes(database: Database) -> None:
    """Create the indexes of validation's collections; safe to repeat."""
    with mongo_or_away():
        database.collection("reports").create_index([("account_id", 1)])
        database.collection("reports").create_index([("campaign_id", 1), ("versions.sheet.authors.person", 1)])
        database.collection("reports").create_index([("campaign_id", 1), ("province", 1)])
