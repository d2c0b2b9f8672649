"""Reads all databases as they were at one instant, while the platform goes on writing."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import bson
from bson.codec_options import CodecOptions
from bson.timestamp import Timestamp
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_preferences import ReadPreference

from zhengji.backup.folder import Dumped
from zhengji.backup.progress import Advance, Screen
from zhengji.backup.trouble import BackupTrouble

Row = dict[str, Any]
CODEC: CodecOptions[Row] = CodecOptions(tz_aware=True, tzinfo=UTC)
_TRIES = 5
_TOO_OLD, _UNAVAILABLE = 239, 246
_BATCH = 2000
_LENGTH = 4


@dataclass(frozen=True)
class Snapshot:
    """What was read, by service and collection, and the instant it is of."""

    at: datetime
    databases: dict[str, dict[str, Dumped]]


class _HashedFile:
    """A file whose SHA-256 is known when it is written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> int:
        """Append."""
        self._digest.update(chunk)
        self.size += len(chunk)
        return self._stream.write(chunk)

    def flush(self) -> None:
        """Hand over what is held back."""
        self._stream.flush()

    def sha256(self) -> str:
        """Of what was written so far, in hex."""
        return self._digest.hexdigest()


def read_snapshot(client: MongoClient[Row], databases: Mapping[str, str], backup: Path, screen: Screen) -> Snapshot:
    """Write every collection of these databases (names by service) as it is at one instant of MongoDB's clock.

    MongoDB keeps that instant readable for ``minSnapshotHistoryWindowInSeconds``: reading has to be faster.
    """
    for _ in range(_TRIES):
        there = _collections(client, databases)
        with client.start_session(snapshot=True) as session:
            at = _fix(client, databases, there, session)
            if _collections(client, databases) != there:
                continue  # a collection was being made: whether it belongs to the snapshot cannot be told
            return Snapshot(at, _read_all(client, databases, there, session, backup, screen))
    raise BackupTrouble("Collections are being made all the time; run it again when the platform has started.")


def _collections(client: MongoClient[Row], databases: Mapping[str, str]) -> dict[str, list[str]]:
    with _told_plainly():
        return {
            service: sorted(name for name in client[database].list_collection_names() if not name.startswith("system."))
            for service, database in databases.items()
        }


def _fix(
    client: MongoClient[Row], databases: Mapping[str, str], there: Mapping[str, list[str]], session: ClientSession
) -> datetime:
    """The first read decides the instant, and every later one of the session is of the same.

    A collection that does not exist would decide nothing.
    """
    service = next((service for service, names in there.items() if names), None)
    if service is None:
        raise BackupTrouble("There is nothing to back up: the databases do not exist.")
    with _told_plainly():
        _primary(client, databases[service], there[service][0]).find_one({}, session=session)
    at: Timestamp | None = cast(Any, session)._snapshot_time  # the driver keeps it to itself
    if at is None:
        raise BackupTrouble("MongoDB gave no snapshot: it has to be a replica set, of version 5 or later.")
    return at.as_datetime()


def _primary(client: MongoClient[Row], database: str, name: str) -> Collection[Row]:
    """A collection read from the primary: a member that lags behind has no such instant yet."""
    return client.get_database(database, read_preference=ReadPreference.PRIMARY)[name]


def _read_all(
    client: MongoClient[Row],
    databases: Mapping[str, str],
    collections: Mapping[str, list[str]],
    session: ClientSession,
    backup: Path,
    screen: Screen,
) -> dict[str, dict[str, Dumped]]:
    found: dict[str, dict[str, Dumped]] = {}
    with _told_plainly():
        total = sum(
            client[databases[service]][name].estimated_document_count()
            for service, names in collections.items()
            for name in names
        )
    with screen.step("Read, documents", total) as advance:
        for service, names in collections.items():
            (backup / "databases" / service).mkdir(parents=True)
            found[service] = {
                name: _read(
                    _primary(client, databases[service], name), session, backup, f"databases/{service}/{name}", advance
                )
                for name in names
            }
    return found


def _read(collection: Collection[Row], session: ClientSession, backup: Path, path: str, advance: Advance) -> Dumped:
    file, documents = f"{path}.bson.gz", 0
    with (backup / file).open("wb") as stream:
        hashed = _HashedFile(stream)
        with _packing(hashed) as packed, _told_plainly():
            for batch in cast(Iterator[bytes], collection.find_raw_batches({}, session=session, batch_size=_BATCH)):
                packed.write(batch)
                count = _count(batch)
                documents += count
                advance(count)
    return Dumped(file, documents, hashed.size, hashed.sha256())


def _packing(file: _HashedFile) -> gzip.GzipFile:
    """Fast rather than small: the snapshot does not wait."""
    return gzip.GzipFile(fileobj=cast(IO[bytes], file), mode="wb", compresslevel=1, mtime=0)


def _count(batch: bytes) -> int:
    """How many documents lie one after the other in these bytes: each begins with its length."""
    at = count = 0
    while at < len(batch):
        at += int.from_bytes(batch[at : at + _LENGTH], "little")
        count += 1
    return count


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except OperationFailure as failure:
        if failure.code in (_TOO_OLD, _UNAVAILABLE):
            raise BackupTrouble(
                "MongoDB let go of the snapshot before it was read: it keeps one for "
                "minSnapshotHistoryWindowInSeconds (300 unless set). Raise it on every member, for example "
                "db.adminCommand({setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600}), and run it again."
            ) from failure
        raise BackupTrouble(f"MongoDB refuses: {failure.details or failure}.") from failure
    except PyMongoError as error:
        raise BackupTrouble(f"MongoDB cannot be read: {type(error).__name__}.") from error


def documents_in(file: Path) -> Iterator[Row]:
    """The documents that ``read_snapshot`` wrote to a file."""
    with gzip.open(file) as packed:
        yield from bson.decode_file_iter(cast(BinaryIO, packed), CODEC)


def raw_documents_in(file: Path) -> Iterator[bytes]:
    """The same, undecoded."""
    with gzip.open(file) as packed:
        while head := packed.read(_LENGTH):
            yield head + packed.read(int.from_bytes(head, "little") - _LENGTH)


def object_keys_in(file: Path) -> Iterator[str]:
    """The keys of the store's files that a collection's documents name.

    Uploads are left out: they are only announced, and their bytes may be gone or not yet there.
    """
    for row in documents_in(file):
        row.pop("uploads", None)
        yield from _keys_in(row)


def _keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "object_key" and isinstance(item, str) and item:
                yield item
            else:
                yield from _keys_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys_in(item)
