"""Compound files (.doc, Kingsoft .wps, .ppt, .xls): what they truly are, locks, macros, objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import olefile

from services.validation.adapters import embedded
from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code, Sign

_MOST_STREAM = 150 * 1024 * 1024
_WORD_97, _WORD_95 = 0xA5EC, 0xA5DC
_SLIDES_ENCRYPTED = 0xF3D1C4DF
_FILEPASS = 0x002F
_VBA_INFO, _EXTERNAL_OBJECT = 0x03FF, 0x1011


def opened(stream: BinaryIO) -> olefile.OleFileIO:
    """The compound file, or Broken."""
    try:
        return olefile.OleFileIO(stream, raise_defects=olefile.DEFECT_INCORRECT)
    except Exception:  # olefile raises anything on damaged files
        stream.seek(0)
    try:
        return olefile.OleFileIO(stream)
    except Exception as error:
        raise Broken(Code.CORRUPT) from error


def read(ole: olefile.OleFileIO, name: str | list[str]) -> bytes:
    """A stream, whole; Broken if it is missing, too large or cut."""
    try:
        if ole.get_size(name) > _MOST_STREAM:
            raise Broken(Code.BOMB, "内部数据过大")
        data: bytes = ole.openstream(name).read()
    except Broken:
        raise
    except Exception as error:
        raise Broken(Code.CORRUPT) from error
    return data


def kind_of(ole: olefile.OleFileIO) -> str:
    """The true type by stream names, whatever their case."""
    if ole.exists("EncryptedPackage") or ole.exists("EncryptionInfo"):
        return "encrypted-office"
    if ole.exists("WordDocument"):
        word = read(ole, "WordDocument")[:2]
        return "doc" if int.from_bytes(word, "little") == _WORD_97 else "word95"
    if ole.exists("PowerPoint Document"):
        return "ppt"
    if ole.exists("Workbook") or ole.exists("Book"):
        return "xls"
    if ole.exists("MatOST") or (ole.exists("CONTENTS") and read(ole, "CONTENTS")[:4] == b"CHNK"):
        return "works"
    return "ole"


def locks(ole: olefile.OleFileIO, kind: str) -> Iterator[Sign]:
    """Passwords and rights management."""
    names = {"/".join(entry).casefold() for entry in ole.listdir()}
    locked = {"doc": _word_locked, "ppt": _slides_locked, "xls": _sheet_locked}.get(kind)
    if kind == "encrypted-office" or (locked is not None and locked(ole)):
        yield Sign(code=Code.ENCRYPTED)
    elif any("drmcontent" in name or name.startswith("\x06dataspaces") for name in names):
        yield Sign(code=Code.ENCRYPTED, what="（权限管理）")


def hazards(ole: olefile.OleFileIO, kind: str) -> Iterator[Sign]:
    """Macros and embedded objects."""
    entries = ole.listdir(streams=True, storages=False)
    lowered = [[part.casefold() for part in entry] for entry in entries]
    pooled = ("objectpool", "mbd")
    own = [entry for entry in lowered if not entry[0].startswith(pooled)]
    project = any(entry[-1] == "_vba_project" or entry[-2:] == ["vba", "dir"] for entry in own)
    if project or (kind == "ppt" and _slides_have_macros(ole)):
        yield Sign(code=Code.MACRO)
    storages: dict[tuple[str, ...], None] = {}
    for entry, lower in zip(entries, lowered, strict=True):
        if lower[0] == "objectpool" and len(entry) > 2:
            storages[tuple(entry[:2])] = None
        elif lower[0].startswith("mbd") and len(entry) > 1:
            storages[(entry[0],)] = None
    for path in storages:
        try:
            yield embedded.judge_storage(ole, path, "/".join(path))
        except Exception:  # olefile raises anything on damaged streams; unread is not harmless
            yield Sign(code=Code.EMBEDDED_OBJECT, what="无法辨认的对象", place="/".join(path))


def check_whole(ole: olefile.OleFileIO, kind: str) -> None:
    """Read the stream that carries the document to its end."""
    name = {"doc": "WordDocument", "ppt": "PowerPoint Document"}.get(kind)
    if kind == "xls":
        name = "Workbook" if ole.exists("Workbook") else "Book"
    if name is None:
        return
    data = read(ole, name)
    if kind == "ppt" and not any(True for _ in _records(data)):
        raise Broken(Code.CORRUPT)
    if kind == "xls" and data[:1] != b"\x09":
        raise Broken(Code.CORRUPT)


def _word_locked(ole: olefile.OleFileIO) -> bool:
    return bool(read(ole, "WordDocument")[0x0B:0x0C][0] & 0x01) if ole.get_size("WordDocument") > 0x0C else False


def _slides_locked(ole: olefile.OleFileIO) -> bool:
    if ole.exists("EncryptedSummary"):
        return True
    if not ole.exists("Current User"):
        return False
    head = read(ole, "Current User")
    return int.from_bytes(head[12:16], "little") == _SLIDES_ENCRYPTED


def _sheet_locked(ole: olefile.OleFileIO) -> bool:
    data = read(ole, "Workbook" if ole.exists("Workbook") else "Book")
    at = 0
    for _ in range(64):  # FILEPASS stands among the first records
        if at + 4 > len(data):
            return False
        kind, length = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
        if kind == _FILEPASS:
            return True
        at += 4 + length
    return False


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Top records of a PowerPoint stream: (type, body)."""
    at = 0
    while at + 8 <= len(data):
        kind, length = int.from_bytes(data[at + 2 : at + 4], "little"), int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > len(data):
            raise Broken(Code.TRUNCATED)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length


def _slides_have_macros(ole: olefile.OleFileIO) -> bool:
    data = read(ole, "PowerPoint Document")
    # VBAInfoContainer: version 0xF instance 1, length 0x14, then VBAInfoAtom with a persist id that is not 0.
    at = data.find(b"\x1f\x00\xff\x03")
    while at != -1:
        if int.from_bytes(data[at + 16 : at + 20], "little") and int.from_bytes(data[at + 20 : at + 24], "little"):
            return True
        at = data.find(b"\x1f\x00\xff\x03", at + 1)
    return False
