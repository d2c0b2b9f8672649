"""Puts a backup back into an empty platform and lets everybody who listens catch up with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bson import decode
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError

from services.notify.store import Earlier, as_restored
from shared.clock import Clock, system_clock
from shared.identity.revocations import EVERYBODY, Revocations
from shared.messaging.lease import Lease
from shared.messaging.port import Bus
from shared.objects import Objects
from shared.records import Database, Row, mongo_or_away
from shared.records.audit import AuditTrail, Decided
from shared.records.database import EPOCH_FRESH_SECONDS
from zhengji.backup import files, folder, keys
from zhengji.backup.folder import Manifest
from zhengji.backup.progress import Screen
from zhengji.backup.snapshot import CODEC, raw_documents_in
from zhengji.backup.telling import correlations_of, lift_untold_states, tell_again
from zhengji.backup.topics import Topics
from zhengji.backup.trouble import BackupTrouble

LEFT_OUT = frozenset({"epoch", "leases", "parked", "breaker", "before_restore"})
"""Not put back: who owns what at present; and what was parked, which is told again and parks again if it has to."""
LET_EVERYBODY_KNOW = 2 * EPOCH_FRESH_SECONDS
"""Seconds after which a process that runs all the same goes by the new epoch."""
_OF_RUNNING = frozenset({"leases"})
_FIRST_EPOCHS = datetime(2024, 1, 1, tzinfo=UTC)
_FOR_EVER = 10 * 365 * 24 * 3600.0
_A_WHILE = 10.0
_OWNER = "restore"
_BATCH = 1000


@dataclass(frozen=True)
class Target:
    """Where it is put: empty databases by service, an empty store, empty topics, and what makes the indexes.

    ``by`` says for the record who asked for it.
    """

    databases: Mapping[str, Database]
    objects: Objects
    keys: Mapping[str, str]
    topics: Topics
    bus: Callable[[], Bus]
    migrate: Callable[[], None]
    by: str = ""
    clock: Clock = system_clock


@dataclass(frozen=True)
class Restored:
    """What came of it."""

    documents: int
    files: int
    told: int
    epoch: int
    held: int


def check_target(target: Target, manifest: Manifest, *, empty_topics: bool) -> None:
    """BackupTrouble unless everything is empty, nothing runs and the keys are those of the backup.

    What a restore left that was cut off counts as empty.
    """
    keys.compare(manifest.keys, target.keys)
    other = sorted(set(manifest.databases) ^ set(target.databases))
    if other:
        raise BackupTrouble(f"The backup is not of this platform's databases: {', '.join(other)}.")
    if not _was_cut_off(target):
        _check_databases(target)
        first = next(target.objects.all(), None)
        if first is not None:
            raise BackupTrouble(f"The bucket is not empty: it holds {first.key}.")
    _check_workers(target)
    if missing := target.topics.missing():
        raise BackupTrouble(f"Topics are missing ({', '.join(missing)}): run `zhengji topics create` first.")
    held = target.topics.held()
    if held and not empty_topics and not _was_cut_off(target):
        raise BackupTrouble(
            f"The topics hold {sum(held.values()):,} records ({', '.join(sorted(held))}), which may tell of what the "
            "backup knows nothing of. With --empty-topics they are deleted, and what the backup holds is told again."
        )


def restore(
    backup: Path, manifest: Manifest, target: Target, screen: Screen, *, empty_topics: bool = False
) -> Restored:
    """Put everything back. Cut off, it is simply done again; the platform tells nothing until it is finished."""
    check_target(target, manifest, empty_topics=empty_topics)
    epoch = max(manifest.epoch + 1, int((target.clock() - _FIRST_EPOCHS).total_seconds()))
    _begin(target, backup.name, epoch=epoch)
    copied = list(folder.objects_of(backup, manifest))
    files.put_back(target.objects, backup.parent, copied, screen)
    _put_documents(backup, manifest, target, screen)
    with screen.step("Indexes, services", len(target.databases)) as advance:
        target.migrate()
        advance(len(target.databases))
    if target.topics.held():
        target.topics.empty()
    for database in target.databases.values():
        lift_untold_states(database, epoch=epoch)
    told = tell_again(target.databases, target.bus(), epoch=epoch, screen=screen)
    held = _hold_letters(target)
    at = target.clock()
    for database in target.databases.values():
        Revocations(database).revoke(EVERYBODY, at)
        _enter(database, manifest, epoch=epoch, by=target.by, at=at)
    for database in target.databases.values():
        _relay_of(database).release()
    for database in target.databases.values():
        database.end_restore(at=at)
    return Restored(manifest.documents, len(copied), told, epoch, held)


# What must not be there


def _was_cut_off(target: Target) -> bool:
    """Whether an earlier restore was cut off here: then nothing else has ever been in these databases."""
    with mongo_or_away():
        rows = [database.collection("epoch").find_one({"_id": "epoch"}) for database in target.databases.values()]
    return any(row is not None and row.get("restoring") for row in rows)


def _check_databases(target: Target) -> None:
    for database in target.databases.values():
        with mongo_or_away():
            for name in sorted(database.db.list_collection_names()):
                if name not in _OF_RUNNING and database.collection(name).find_one({}, {"_id": 1}) is not None:
                    raise BackupTrouble(f"The database {database.db.name} is not empty: {name} holds documents.")


def _check_workers(target: Target) -> None:
    """A relay that is at work holds its lease. Where a restore was cut off, its own still stands, and goes on."""
    lasting = _FOR_EVER if _was_cut_off(target) else _A_WHILE
    for service, database in target.databases.items():
        if not _relay_of(database, lasting=lasting).hold():
            raise BackupTrouble(f"The worker of {service} is running: stop the platform's programs first.")


def _relay_of(database: Database, *, lasting: float = _FOR_EVER) -> Lease:
    """The relay's lease in the restore's hands: nobody tells anything while it is held."""
    lease = Lease(database, "relay", seconds=lasting)
    lease.owner = _OWNER
    return lease


# Putting back


def _begin(target: Target, name: str, *, epoch: int) -> None:
    """See to it that nobody tells anything, and throw away what a restore left that was cut off."""
    was_cut_off = _was_cut_off(target)
    for database in target.databases.values():
        database.begin_restore(name, epoch=epoch)
        _relay_of(database).hold()
    time.sleep(LET_EVERYBODY_KNOW)
    for database in target.databases.values() if was_cut_off else ():
        with mongo_or_away():
            for collection in database.db.list_collection_names():
                if collection not in ("epoch", "leases"):
                    database.collection(collection).delete_many({})


def _put_documents(backup: Path, manifest: Manifest, target: Target, screen: Screen) -> None:
    with screen.step("Put back, documents", manifest.documents) as advance:
        for service, collections in manifest.databases.items():
            for name, dumped in collections.items():
                if name not in LEFT_OUT:
                    _put(backup / dumped.file, target.databases[service], name, dumped.documents, advance)


def _put(file: Path, database: Database, name: str, documents: int, advance: Callable[[int], None]) -> None:
    change = _CHANGES.get((database.service, name))
    collection = database.collection(name)
    raw = raw_documents_in(file)
    rows: Iterator[Any] = (change(decode(each, CODEC)) if change else RawBSONDocument(each) for each in raw)
    while batch := list(islice(rows, _BATCH)):
        try:
            with mongo_or_away():
                collection.insert_many(batch, ordered=False)
        except BulkWriteError as error:
            wrong = error.details["writeErrors"][0]["errmsg"]
            raise BackupTrouble(f"{database.db.name}.{name} does not take its documents: {wrong}.") from error
        advance(len(batch))
    with mongo_or_away():
        found = collection.count_documents({})
    if found != documents:
        raise BackupTrouble(f"{database.db.name}.{name} holds {found} documents; the backup has {documents}.")


_CHANGES: Mapping[tuple[str, str], Callable[[Row], Row]] = {("notify", "letters"): as_restored}


def _enter(database: Database, manifest: Manifest, *, epoch: int, by: str, at: datetime) -> None:
    """Put the restore on the service's record, which goes on where the backup's ends."""
    why = f"数据截至 {manifest.snapshot}"
    cause = f"restore/{epoch}"
    decided = Decided(cause=cause, by=f"运维：{by}", what="恢复备份", about=manifest.created, why=why, at=at)
    AuditTrail(database).append(decided)


def _hold_letters(target: Target) -> int:
    """Let notify know what happened before; gives how many letters are held already."""
    notify = target.databases["notify"]
    earlier = Earlier(notify)
    for database in target.databases.values():
        found = correlations_of(database)
        while batch := list(islice(found, _BATCH)):
            earlier.keep(batch)
    with mongo_or_away():
        return notify.collection("letters").count_documents({"state": "held"})
