"""What a backup looks like on disk, and whether it is whole.

``FOLDER/objects/`` holds files of the store under their SHA-256, shared by all backups of the folder; each backup has
a folder of its own beside it, named after its time. Its manifest is written last, in one step: without one it was cut
off.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.version import VERSION
from zhengji.backup.progress import Screen
from zhengji.backup.trouble import BackupTrouble

FORMAT = 1
MANIFEST = "manifest.json"
OBJECTS = "objects"
_NAMES = "%Y-%m-%dT%H-%M-%SZ"
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Dumped:
    """The documents of one collection: BSON, one after the other, in gzip."""

    file: str
    documents: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Copied:
    """One file of the store, kept under its SHA-256."""

    key: str
    etag: str
    size: int
    sha256: str
    content_type: str


@dataclass(frozen=True)
class Listed:
    """The file that lists every ``Copied`` of a backup, a line of JSON each, in gzip."""

    file: str
    objects: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a whole backup holds. ``snapshot`` is the instant of MongoDB's clock that all documents are of."""

    created: str
    snapshot: str
    mongodb: str
    epoch: int
    keys: dict[str, str]
    databases: dict[str, dict[str, Dumped]]
    objects: Listed
    missing: tuple[str, ...] = ()
    platform: str = VERSION
    format: int = FORMAT

    @property
    def documents(self) -> int:
        """How many documents there are in all."""
        return sum(dumped.documents for collections in self.databases.values() for dumped in collections.values())


def begin(folder: Path, *, at: datetime) -> Path:
    """The folder of a new backup, for its owner only: it holds contact data."""
    try:
        (folder / OBJECTS).mkdir(parents=True, exist_ok=True, mode=0o700)
        backup = folder / at.strftime(_NAMES)
        backup.mkdir(mode=0o700)
    except FileExistsError as error:
        raise BackupTrouble(f"{error.filename} is there already.") from error
    except OSError as error:
        raise BackupTrouble(f"{error.filename}: {error.strerror}.") from error
    return backup


def finish(backup: Path, manifest: Manifest) -> None:
    """Write the manifest: from now on the backup is whole."""
    part = backup / f"{MANIFEST}.part"
    with part.open("w") as file:
        json.dump(asdict(manifest), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(backup / MANIFEST)


def choose(folder: Path) -> Path:
    """The backup that a folder means: itself, or the newest whole one in it."""
    if (folder / MANIFEST).is_file():
        return folder
    if not folder.is_dir():
        raise BackupTrouble(f"{folder}: there is no such folder.")
    whole = sorted(file.parent for file in folder.glob(f"*/{MANIFEST}"))
    if whole:
        return whole[-1]
    if cut_off(folder) or _is_backup(folder):
        raise BackupTrouble(f"{folder} holds no whole backup: it was cut off before its {MANIFEST} was written.")
    raise BackupTrouble(f"{folder} holds no backup.")


def cut_off(folder: Path) -> list[Path]:
    """Backups of a folder that were never finished."""
    return sorted(each for each in folder.iterdir() if _is_backup(each) and not (each / MANIFEST).is_file())


def _is_backup(path: Path) -> bool:
    try:
        datetime.strptime(path.name, _NAMES)  # noqa: DTZ007  # only whether it is such a name
    except ValueError:
        return False
    return path.is_dir()


def read_manifest(backup: Path) -> Manifest:
    """What the backup says it holds."""
    file = backup / MANIFEST
    try:
        told: dict[str, Any] = json.loads(file.read_text())
        if told["format"] != FORMAT:
            raise BackupTrouble(f"{file} is of format {told['format']}; this program reads format {FORMAT}.")
        databases = {
            service: {name: Dumped(**dumped) for name, dumped in collections.items()}
            for service, collections in told["databases"].items()
        }
        objects = Listed(**told["objects"])
        missing = tuple(told["missing"])
        return Manifest(**{**told, "databases": databases, "objects": objects, "missing": missing})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupTrouble(f"{file} cannot be read: {error}.") from error


def objects_of(backup: Path, manifest: Manifest) -> Iterator[Copied]:
    """Every file of the store that belongs to the backup."""
    with gzip.open(backup / manifest.objects.file, "rt") as lines:
        for line in lines:
            yield Copied(**json.loads(line))


def blob(folder: Path, sha256: str) -> Path:
    """Where bytes of that SHA-256 lie."""
    return folder / OBJECTS / sha256[:2] / sha256


def verify(backup: Path, manifest: Manifest, screen: Screen) -> None:
    """Read every byte of the backup once. BackupTrouble names the first file that is missing or changed."""
    dumps = [dumped for collections in manifest.databases.values() for dumped in collections.values()]
    files = [(backup / each.file, each.size, each.sha256) for each in dumps]
    files.append((backup / manifest.objects.file, manifest.objects.size, manifest.objects.sha256))
    with screen.step("Verified, bytes of documents", sum(size for _, size, _ in files)) as advance:
        for file, size, sha256 in files:
            _check(file, size, sha256)
            advance(size)
    blobs = {copied.sha256: copied.size for copied in objects_of(backup, manifest)}
    with screen.step("Verified, bytes of files", sum(blobs.values())) as advance:
        for sha256, size in sorted(blobs.items()):
            _check(blob(backup.parent, sha256), size, sha256)
            advance(size)


def _check(file: Path, size: int, sha256: str) -> None:
    try:
        if file.stat().st_size == size and sha256_of(file) == sha256:
            return
    except FileNotFoundError:
        raise BackupTrouble(f"The backup is not whole: {file} is missing.") from None
    raise BackupTrouble(f"The backup is damaged: {file} is not what was written (size or SHA-256 differ).")


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
