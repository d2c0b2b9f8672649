"""The files of the store, copied out and put back, several at a time."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from shared.objects import Objects, Stored
from shared.trouble import NotThere
from zhengji.backup.folder import OBJECTS, Copied, Listed, blob, sha256_of
from zhengji.backup.progress import Screen
from zhengji.backup.trouble import BackupTrouble

T = TypeVar("T")
R = TypeVar("R")
_AT_ONCE = 4
_JOURNAL = "copied.jsonl"
_LIST = "objects.jsonl.gz"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder; what an earlier one left half copied is thrown away."""
    with (folder / OBJECTS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupTrouble(f"Another backup into {folder} is running.") from None
        for part in (folder / OBJECTS).glob("*.part"):
            part.unlink()
        yield


class Copies:
    """The files that a folder holds already: one whose key, etag and size are known is not fetched again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._journal = folder / OBJECTS / _JOURNAL
        self._lock = threading.Lock()
        _end_last_line(self._journal)
        self._known = {(each.key, each.etag, each.size): each for each in self._read()}
        self.fetched = 0

    def copy(self, objects: Objects, stored: Stored) -> Copied:
        """The copy of one file, made now where there is none. NotThere when it was removed since it was listed."""
        known = self._known.get((stored.key, stored.etag, stored.size))
        if known is not None and _has_size(blob(self._folder, known.sha256), known.size):
            return known
        part = self._folder / OBJECTS / f"{threading.get_ident()}.part"
        sha256 = objects.fetch(stored.key, part)
        copied = Copied(stored.key, stored.etag, part.stat().st_size, sha256, objects.content_type(stored.key))
        place = blob(self._folder, sha256)
        place.parent.mkdir(exist_ok=True)
        _to_disk(part)
        part.replace(place)
        self._remember(copied)
        return copied

    def _remember(self, copied: Copied) -> None:
        with self._lock:
            self.fetched += 1
            with self._journal.open("a") as file:
                file.write(json.dumps(asdict(copied), ensure_ascii=False) + "\n")

    def _read(self) -> Iterable[Copied]:
        if not self._journal.exists():
            return
        for line in self._journal.read_text().splitlines():
            try:
                yield Copied(**json.loads(line))
            except (ValueError, TypeError):  # the last line of a run that was cut off
                continue


def copy_out(objects: Objects, folder: Path, backup: Path, screen: Screen) -> tuple[Listed, frozenset[str], int]:
    """Copy every file of the store: where they are listed, their keys, and how many had to be fetched."""
    copies = Copies(folder)
    stored = list(objects.all())

    def one(each: Stored) -> Copied | None:
        try:
            return copies.copy(objects, each)
        except NotThere:
            return None  # an upload that somebody gave up: no document names it as a file

    with screen.step("Copied, files", len(stored)) as advance:
        found = _side_by_side(stored, one, lambda: advance(1))
    kept = [each for each in found if each is not None]
    return _write_list(backup, kept), frozenset(each.key for each in kept), copies.fetched


def _write_list(backup: Path, kept: Sequence[Copied]) -> Listed:
    file = backup / _LIST
    with gzip.open(file, "wt", compresslevel=1) as lines:
        for each in sorted(kept, key=lambda copied: copied.key):
            lines.write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
    return Listed(_LIST, len(kept), file.stat().st_size, sha256_of(file))


def put_back(objects: Objects, folder: Path, copied: Sequence[Copied], screen: Screen) -> None:
    """Put these files into the store under their keys, and see that it holds as many bytes."""

    def one(each: Copied) -> None:
        with blob(folder, each.sha256).open("rb") as stream:
            objects.put(each.key, stream, size=each.size, content_type=each.content_type)

    with screen.step("Put back, files", len(copied)) as advance:
        _side_by_side(copied, one, lambda: advance(1))
    held = {stored.key: stored.size for stored in objects.all()}
    wrong = [each.key for each in copied if held.get(each.key) != each.size]
    if wrong:
        raise BackupTrouble(f"The store does not hold {wrong[0]} as it was put there, nor {len(wrong) - 1} others.")


def _side_by_side(items: Sequence[T], act: Callable[[T], R], done: Callable[[], None]) -> list[R]:
    def one(item: T) -> R:
        result = act(item)
        done()
        return result

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, items))


def _end_last_line(file: Path) -> None:
    """What a run that was cut off left must not swallow the next line."""
    if file.exists() and file.read_bytes()[-1:] != b"\n":
        with file.open("a") as lines:
            lines.write("\n")


def _has_size(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size
    except FileNotFoundError:
        return False


def _to_disk(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
