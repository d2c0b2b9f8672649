"""Takes a backup of a platform, which may go on working meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bson.errors import BSONError

from shared.clock import Clock, system_clock
from shared.objects import Objects
from shared.records import Database, mongo_or_away
from zhengji.backup import files, folder
from zhengji.backup.folder import Manifest
from zhengji.backup.progress import Screen
from zhengji.backup.snapshot import Snapshot, documents_in, object_keys_in, read_snapshot
from zhengji.backup.trouble import BackupTrouble


@dataclass(frozen=True)
class Source:
    """What is copied: the five databases by service, the store, and the fingerprints of the keys."""

    databases: Mapping[str, Database]
    objects: Objects
    keys: Mapping[str, str]
    clock: Clock = system_clock


def take_backup(source: Source, into: Path, screen: Screen) -> tuple[Path, Manifest]:
    """Write one whole backup below ``into``: first the documents, then the files, which are never removed while a
    document names them; the manifest last."""
    backup = folder.begin(into, at=source.clock())
    with files.alone_in(into):
        names = {service: database.db.name for service, database in source.databases.items()}
        client = next(iter(source.databases.values())).client
        with mongo_or_away():
            server = str(client.server_info()["version"])
        snapshot = read_snapshot(client, names, backup, screen)
        listed, keys, fetched = files.copy_out(source.objects, into, backup, screen)
        manifest = Manifest(
            created=source.clock().isoformat(),
            snapshot=snapshot.at.isoformat(),
            mongodb=server,
            epoch=_epoch(snapshot, backup),
            keys=dict(source.keys),
            databases=snapshot.databases,
            objects=listed,
            missing=tuple(sorted(_named(snapshot, backup) - keys)),
        )
        folder.finish(backup, manifest)
    screen.say(f"{fetched:,} of {listed.objects:,} files were new")
    return backup, manifest


def _named(snapshot: Snapshot, backup: Path) -> set[str]:
    """The keys of files that documents of the snapshot name."""
    dumps = (dumped for collections in snapshot.databases.values() for dumped in collections.values())
    try:
        return {key for dumped in dumps for key in object_keys_in(backup / dumped.file)}
    except (BSONError, OSError, EOFError) as error:
        raise BackupTrouble(f"What was just written to {backup} cannot be read: {error}.") from error


def _epoch(snapshot: Snapshot, backup: Path) -> int:
    """The highest epoch of any database in the snapshot."""
    found = [1]
    for collections in snapshot.databases.values():
        if "epoch" in collections:
            rows = documents_in(backup / collections["epoch"].file)
            found += [int(row.get("value", 1)) for row in rows]
            if any(row.get("restoring") for row in documents_in(backup / collections["epoch"].file)):
                raise BackupTrouble("A backup is being put back into this platform, or that was cut off.")
    return max(found)
