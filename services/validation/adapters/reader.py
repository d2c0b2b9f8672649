"""Reads one file, whatever it is, and says what it saw. Runs inside the sandbox; nothing here is safe outside it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from services.validation.adapters import doc, docx, image, ole, package, pdf, true_type, video
from services.validation.adapters.archive import Archive
from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Sign
from services.validation.domain.headings import SoughtPart, find_parts
from services.validation.domain.reading import WordText
from services.validation.domain.verdict import Reading
from shared.counting import count

_PARTS_OF_OFFICE = {"xlsx": "xl/", "pptx": "ppt/"}


class _Seen:
    """A reading while it grows; what was seen before a reader had to stop is kept."""

    def __init__(self) -> None:
        self.kind = "unknown"
        self.signs: list[Sign] = []
        self.text: WordText | None = None


def read_file(path: Path, *, name: str, sought: Iterable[SoughtPart]) -> Reading:
    """Everything one file shows. Crashes and limits are the sandbox's business."""
    began, seen = time.monotonic(), _Seen()
    with path.open("rb") as stream:
        try:
            _read(stream, name, seen)
        except Broken as broken:
            seen.signs.append(broken.sign)
    if seen.text is None:
        return Reading(kind=seen.kind, signs=tuple(seen.signs), seconds=time.monotonic() - began)
    surely, perhaps = count(seen.text.surely()), count(seen.text.perhaps())
    return Reading(
        kind=seen.kind,
        signs=tuple(seen.signs),
        words_low=surely.low,
        words_high=max(perhaps.high, surely.high),
        parts=find_parts(seen.text.paragraphs, tuple(sought)),
        seconds=time.monotonic() - began,
    )


def _read(stream: BinaryIO, name: str, seen: _Seen) -> None:
    seen.kind = true_type.sniff(stream)
    if seen.kind == "zip":
        _read_zip(stream, seen)
    elif seen.kind == "ole":
        _read_ole(stream, name, seen)
    elif seen.kind == "pdf":
        _collect(seen, pdf.read(stream))
    elif seen.kind in image.FORMATS:
        _collect(seen, image.read(stream, seen.kind))
    elif seen.kind == "mp4":
        video.read(stream)


def _read_zip(stream: BinaryIO, seen: _Seen) -> None:
    seen.kind = true_type.guess_of_zip(stream)
    archive = Archive(stream)
    if "[Content_Types].xml" not in archive:
        mimetype = archive.head("mimetype", 100) if "mimetype" in archive else b""
        seen.kind = true_type.kind_of_zip(archive.names(), mimetype)
        return
    seen.kind = package.kind_by_declaration(archive)
    office = package.Package(archive)
    seen.kind = office.kind
    _collect(seen, package.hazards(office))
    if office.kind == "docx":
        _collect(seen, docx.field_signs(office))
        seen.text = docx.words_of(office)
    elif office.kind in _PARTS_OF_OFFICE:
        package.check_parts(office, _PARTS_OF_OFFICE[office.kind])


def _read_ole(stream: BinaryIO, name: str, seen: _Seen) -> None:
    with ole.opened(stream) as document:
        seen.kind = ole.kind_of(document)
        locked = list(ole.locks(document, seen.kind))
        _collect(seen, locked)
        if locked:
            return
        _collect(seen, ole.hazards(document, seen.kind))
        ole.check_whole(document, seen.kind)
        if seen.kind == "doc":
            seen.text = doc.words_of(document)
            if name.casefold().endswith(".wps"):
                seen.kind = "wps"


def _collect(seen: _Seen, signs: Iterable[Sign] | Iterator[Sign]) -> None:
    for sign in signs:
        if len(seen.signs) < 50:
            seen.signs.append(sign)
