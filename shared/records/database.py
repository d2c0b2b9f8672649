"""One service's own MongoDB database, with writes that a majority has journalled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import mongoengine
from pymongo import MongoClient, ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database as MongoDatabase
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.trouble import Away

Row = dict[str, Any]

OUTBOX_INDEX = "outbox_waiting"
EPOCH_FRESH_SECONDS = 1.0
"""How long a process goes by the epoch it has read; a restore waits for longer than that."""
_GONE = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WriteConcernError,
)


@contextmanager
def mongo_or_away() -> Iterator[None]:
    """Translate MongoDB's absence into Away: an election, a write that no majority confirmed."""
    try:
        yield
    except _GONE as error:
        raise Away("mongodb", type(error).__name__) from error
    except BulkWriteError as error:
        if error.details.get("writeConcernErrors"):
            raise Away("mongodb", "no majority confirmed a bulk of writes") from error
        raise


class Database:
    """The database ``<prefix>_<service>``; also registered with mongoengine under the service's name."""

    def __init__(self, service: str, *, uri: str, prefix: str = "zhengji", patience_ms: int = 5000) -> None:
        self.service = service
        name = f"{prefix}_{service}"
        mongoengine.disconnect(service)
        self.client: MongoClient[Row] = mongoengine.connect(
            name,
            host=uri,
            alias=service,
            tz_aware=True,
            serverSelectionTimeoutMS=patience_ms,
            connectTimeoutMS=patience_ms,
            socketTimeoutMS=30_000,
            maxPoolSize=50,
            uuidRepresentation="standard",
        )
        self.db: MongoDatabase[Row] = self.client.get_database(
            name, write_concern=WriteConcern("majority", j=True, wtimeout=20_000), read_concern=ReadConcern("majority")
        )
        self.telling: list[str] = []
        self._epoch_row: Row = {}
        self._epoch_read = -EPOCH_FRESH_SECONDS

    def collection(self, name: str) -> Collection[Row]:
        """A collection by name."""
        return self.db[name]

    def tells_from(self, collection: str) -> Collection[Row]:
        """A collection whose documents hold an outbox; the relay looks into it."""
        if collection not in self.telling:
            self.telling.append(collection)
        return self.db[collection]

    def ensure_outbox_indexes(self) -> None:
        """Create what the relay's polling needs; safe to repeat."""
        for name in self.telling:
            self.db[name].create_index(
                [("outbox.0.time", 1)], name=OUTBOX_INDEX, partialFilterExpression={"outbox.0": {"$exists": True}}
            )

    @property
    def epoch(self) -> int:
        """Counts restores: raised when a backup is put back, so that new events are not taken for old ones.

        Away while a backup is being put back.
        """
        row = self._read_epoch()
        if row.get("restoring"):
            raise Away("mongodb", f"the backup {row['restoring']} is being put back")
        return int(row.get("value", 1))

    @property
    def restored_at(self) -> datetime | None:
        """When a backup was last put back; None where none ever was."""
        return self._read_epoch().get("restored_at")

    def raise_epoch(self, *, to: int = 0) -> int:
        """Begin a new epoch, the next one or a later one."""
        row = self._change_epoch({"value": {"$max": [{"$add": [{"$ifNull": ["$value", 1]}, 1]}, to]}})
        return int(row["value"])

    def begin_restore(self, backup: str, *, epoch: int) -> None:
        """From here until the end of the restore nothing is told from this database."""
        self._change_epoch({"value": epoch, "restoring": backup})

    def end_restore(self, *, at: datetime) -> None:
        """Everything is back: what is told from now on belongs to the new epoch."""
        self._change_epoch({"restoring": "", "restored_at": at})

    def _read_epoch(self) -> Row:
        """The row as it was at most a second ago: it may change under a process that runs."""
        asked = time.monotonic()
        if asked - self._epoch_read >= EPOCH_FRESH_SECONDS:
            with mongo_or_away():
                self._epoch_row = self.db["epoch"].find_one({"_id": "epoch"}) or {}
            self._epoch_read = asked
        return self._epoch_row

    def _change_epoch(self, fields: Row) -> Row:
        with mongo_or_away():
            row: Row | None = self.db["epoch"].find_one_and_update(
                {"_id": "epoch"}, [{"$set": fields}], upsert=True, return_document=ReturnDocument.AFTER
            )
        self._epoch_read = -EPOCH_FRESH_SECONDS
        return row or {}

    def ping(self) -> None:
        """Raise unless the database answers."""
        with mongo_or_away():
            self.client.admin.command("ping")

    def close(self) -> None:
        """Let go of every connection."""
        mongoengine.disconnect(self.service)
