"""One service's own MongoDB database, with writes that a majority has journalled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
        self._epoch: int | None = None

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
        """Counts restores: raised after a backup is put back, so that new events are not taken for old ones."""
        if self._epoch is None:
            row = self.db["epoch"].find_one({"_id": "epoch"})
            self._epoch = int(row["value"]) if row else 1
        return self._epoch

    def raise_epoch(self) -> int:
        """Begin a new epoch after a restore."""
        row = self.db["epoch"].find_one_and_update(
            {"_id": "epoch"},
            [{"$set": {"value": {"$add": [{"$ifNull": ["$value", 1]}, 1]}}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        self._epoch = int(row["value"]) if row else 1
        return self._epoch

    def ping(self) -> None:
        """Raise unless the database answers."""
        with mongo_or_away():
            self.client.admin.command("ping")

    def close(self) -> None:
        """Let go of every connection."""
        mongoengine.disconnect(self.service)
