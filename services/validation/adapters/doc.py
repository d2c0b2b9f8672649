"""Reads the words of a Word 97-2003 document (and of a Kingsoft .wps, which is the same) by its piece table."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

import olefile

from services.validation.adapters import ole
from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code
from services.validation.domain.reading import Paragraph, WordText

_STORIES = ("main", "footnotes", "headers", "macros", "annotations", "endnotes", "boxes", "header boxes")
_COUNTS_AT, _CLX_AT = 0x4C, 0x01A2
_FIELD = re.compile("\x13[^\x13\x14\x15]*\x14([^\x13\x15]*)\x15|\x13[^\x13\x14\x15]*\x15")
_DROPPED = dict.fromkeys((0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x13, 0x14, 0x15, 0x1F, 0x00), "")
_CHANGED = {**_DROPPED, 0x0B: "\n", 0x0E: "\n", 0x1E: "-"}


def words_of(document: olefile.OleFileIO) -> WordText:
    """Body and text boxes as paragraphs, notes as uncertain text."""
    main = ole.read(document, "WordDocument")
    if len(main) < _CLX_AT + 8:
        raise Broken(Code.CORRUPT)
    table = "1Table" if main[0x0B] & 0x02 else "0Table"
    if not document.exists(table):
        table = "0Table" if table == "1Table" else "1Table"
    stories = _stories(main, _pieces(main, ole.read(document, table)))
    paragraphs = [*_paragraphs(stories["main"], ""), *_paragraphs(stories["boxes"], "文本框")]
    notes = [p.text for name in ("footnotes", "endnotes") for p in _paragraphs(stories[name], "")]
    return WordText(paragraphs=tuple(paragraphs), uncertain=tuple(notes))


def _pieces(main: bytes, table: bytes) -> Iterator[tuple[int, str]]:
    """Each piece: how many characters it has, and its text."""
    start, length = struct.unpack_from("<LL", main, _CLX_AT)
    clx = table[start : start + length]
    at = 0
    while at < len(clx) and clx[at] == 0x01:
        at += 3 + int.from_bytes(clx[at + 1 : at + 3], "little")
    if at + 5 > len(clx) or clx[at] != 0x02:
        raise Broken(Code.CORRUPT)
    size = int.from_bytes(clx[at + 1 : at + 5], "little")
    plc = clx[at + 5 : at + 5 + size]
    count = (len(plc) - 4) // 12
    if count < 1:
        raise Broken(Code.CORRUPT)
    positions = struct.unpack_from(f"<{count + 1}L", plc)
    for n in range(count):
        characters = positions[n + 1] - positions[n]
        where = struct.unpack_from("<L", plc, 4 * (count + 1) + 8 * n + 2)[0]
        if not 0 <= characters <= len(main):
            raise Broken(Code.CORRUPT)
        if where & 0x40000000:
            offset = (where & 0x3FFFFFFF) // 2
            yield characters, main[offset : offset + characters].decode("cp1252", "replace")
        else:
            yield characters, main[where : where + 2 * characters].decode("utf-16-le", "replace")


def _stories(main: bytes, pieces: Iterator[tuple[int, str]]) -> dict[str, str]:
    """The text cut into the document's stories by their character counts."""
    text = "".join(piece.ljust(characters, "\0")[:characters] for characters, piece in pieces)
    counts = struct.unpack_from(f"<{len(_STORIES)}l", main, _COUNTS_AT)
    stories, at = {}, 0
    for name, count in zip(_STORIES, counts, strict=True):
        if count < 0:
            raise Broken(Code.CORRUPT)
        stories[name] = text[at : at + count]
        at += count
    return stories


def _paragraphs(story: str, where: str) -> Iterator[Paragraph]:
    text = story
    for _ in range(5):  # fields inside fields
        shorter = _FIELD.sub(lambda match: match[1] or "", text)
        if shorter == text:
            break
        text = shorter
    for number, line in enumerate(re.split("[\r\x07\x0c]", text.translate(_CHANGED)), start=1):
        if line.strip():
            yield Paragraph(text=line, where=where or f"第{number}段")
