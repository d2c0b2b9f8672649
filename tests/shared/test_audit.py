"""The record of decisions: numbered without gaps, chained by hash, each cause once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from shared.records import Database
from shared.records.audit import AuditTrail, Decided


def decided(number: int) -> Decided:
    at = datetime(2024, 10, 20, 4, number % 60, tzinfo=UTC)
    return Decided(cause=f"event-{number}", by="me", what="推荐", about=f"case-{number}", why="好", at=at)


@pytest.fixture
def record(database: Database) -> AuditTrail:
    made = AuditTrail(database)
    made.ensure_indexes()
    return made


def test_a_cause_heard_twice_is_one_entry(record: AuditTrail) -> None:
    assert [record.append(decided(1)), record.append(decided(2)), record.append(decided(1))] == [1, 2, 1]
    assert [entry["about"] for entry in record.entries()] == ["case-2", "case-1"]


def test_writers_at_once_leave_no_gap(record: AuditTrail) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda number: record.append(decided(number % 30)), range(60)))
    assert sorted(set(numbers)) == list(range(1, 31))
    assert record.verify() is None


@pytest.mark.parametrize(
    "change", [{"why": "不好"}, {"by": "you"}, {"before": "0" * 64}, {"at": datetime(2025, 1, 1, tzinfo=UTC)}]
)
def test_a_changed_entry_is_found(record: AuditTrail, database: Database, change: dict[str, object]) -> None:
    for number in range(5):
        record.append(decided(number))
    database.collection("record").update_one({"_id": 3}, {"$set": change})
    assert record.verify() == 3


def test_a_missing_entry_is_found_and_a_cut_end_by_its_head(record: AuditTrail, database: Database) -> None:
    for number in range(5):
        record.append(decided(number))
    head = record.head()
    database.collection("record").delete_one({"_id": 5})
    assert (record.verify(), record.head() == head) == (None, False)
    database.collection("record").delete_one({"_id": 2})
    assert record.verify() == 2
