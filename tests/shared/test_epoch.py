"""The epoch of a database, and what a restore does to processes that run all the same."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from shared.identity.revocations import EVERYBODY, Revocations
from shared.identity.tokens import Principal
from shared.records import Database
from shared.records.database import EPOCH_FRESH_SECONDS
from shared.trouble import Away

NOON = datetime(2024, 12, 1, 4, tzinfo=UTC)


def test_a_database_begins_in_epoch_one_and_was_never_restored(database: Database) -> None:
    assert (database.epoch, database.restored_at) == (1, None)


def test_the_epoch_only_rises(database: Database) -> None:
    assert [database.raise_epoch(), database.raise_epoch(to=90), database.raise_epoch(to=7)] == [2, 90, 91]
    assert database.epoch == 91


def test_nothing_is_told_while_a_backup_is_put_back(database: Database) -> None:
    database.begin_restore("2024-12-01T04-00-00Z", epoch=500)
    with pytest.raises(Away, match="2024-12-01T04-00-00Z is being put back"):
        assert database.epoch
    database.end_restore(at=NOON)
    assert (database.epoch, database.restored_at) == (500, NOON)


def test_a_process_that_runs_goes_by_the_new_epoch_soon(database: Database) -> None:
    """As when another process puts a backup back."""
    assert database.epoch == 1
    database.db["epoch"].insert_one({"_id": "epoch", "value": 500})
    deadline = time.monotonic() + 2 * EPOCH_FRESH_SECONDS
    while database.epoch != 500:
        assert time.monotonic() < deadline


def test_sessions_of_everybody_can_be_ended_at_once(database: Database) -> None:
    revocations = Revocations(database)
    somebody = Principal(kind="author", id="a1", name="李明", roles=frozenset({"author"}))
    assert revocations.revoked_before(somebody) is None
    revocations.revoke(EVERYBODY, NOON)
    assert revocations.revoked_before(somebody) == NOON
    revocations.revoke("a1", NOON + timedelta(hours=1))
    assert revocations.revoked_before(somebody) == NOON + timedelta(hours=1)
    revocations.revoke("a1", NOON - timedelta(hours=1))
    assert revocations.revoked_before(somebody) == NOON + timedelta(hours=1)
