# ruff: noqa: E501 - tables read better with one case a line
"""V4, V8: archives that no honest program writes are refused fast, and nothing is written anywhere."""

from __future__ import annotations

import io
import struct
import time
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest

from services.validation.domain.findings import Outcome
from tests.validation.conftest import Check
from tests.validation.documents import docx, four_parts

HONEST = docx(four_parts())


def with_entries(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO(HONEST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries:
                archive.writestr(name, content)
    return out.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("word/link")
    info.external_attr = 0o120777 << 16
    return info


def overlapping() -> bytes:
    """Two directory entries that share one range of bytes."""
    whole = with_entries(("word/a.bin", b"a" * 1000))
    end = whole.rindex(b"PK\x05\x06")
    start, size, count = (struct.unpack_from("<L", whole, end + 16)[0], struct.unpack_from("<L", whole, end + 12)[0],
                          struct.unpack_from("<H", whole, end + 10)[0])  # fmt: skip
    directory = whole[start : start + size]
    last = directory[directory.rindex(b"PK\x01\x02") :]
    twin = last.replace(b"word/a.bin", b"word/b.bin")
    body = whole[:start] + directory + twin
    return body + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count + 1, count + 1, size + len(twin), start, 0)


def quoted_overlap() -> bytes:
    """The bomb that wraps each local header in the stored block of the entry before it."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = kernel.compress(b"\0" * 1_000_000) + kernel.flush()
    names = [f"word/{n}.bin" for n in range(20)]
    local = [
        struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, 0, 0, len(n), 0) + n.encode() for n in names
    ]
    base, body, entries = len(HONEST), b"", []
    start = HONEST[: HONEST.rindex(b"PK\x01\x02")].index(b"PK\x01\x02")
    body, offsets = HONEST[:start], []
    for header in local:
        offsets.append(len(body))
        body += header
    body += data
    for name, offset in zip(names, offsets, strict=True):
        size = len(body) - offset - 30 - len(name)
        entries.append(
            struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, size, 1_000_000, len(name), 0, 0, 0, 0, 0,
                        offset) + name.encode()
        )  # fmt: skip
    end = HONEST.rindex(b"PK\x05\x06")
    old = HONEST[start:end]
    count = struct.unpack_from("<H", HONEST, end + 10)[0] + len(names)
    directory = old + b"".join(entries)
    assert base
    return body + directory + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)


def forged_size() -> bytes:
    """The directory says 10 bytes; a megabyte comes out."""
    whole = bytearray(with_entries(("word/a.bin", b"\0" * 1_000_000)))
    at = whole.rindex(b"PK\x01\x02")
    struct.pack_into("<L", whole, at + 24, 10)
    return bytes(whole)


def flagged_encrypted() -> bytes:
    whole = bytearray(with_entries(("word/a.bin", b"x")))
    at = whole.rindex(b"PK\x01\x02")
    whole[at + 8] |= 1
    return bytes(whole)


def flipped() -> bytes:
    whole = bytearray(docx(four_parts(), parts={"word/media/a.png": b"\x89PNG" * 500}, compression=zipfile.ZIP_STORED))
    whole[whole.index(b"\x89PNG" * 100) + 50] ^= 0xFF
    return bytes(whole)


HAZARDS = {
    "traversal": (with_entries(("../../evil.txt", b"x")), "ARCHIVE_HAZARD"),
    "traversal within": (with_entries(("word/../../evil.txt", b"x")), "ARCHIVE_HAZARD"),
    "absolute": (with_entries(("/etc/passwd", b"x")), "ARCHIVE_HAZARD"),
    "drive": (with_entries(("C:/evil.txt", b"x")), "ARCHIVE_HAZARD"),
    "backslash": (with_entries(("word\\..\\evil.txt", b"x")), "ARCHIVE_HAZARD"),
    "duplicate": (with_entries(("word/document.xml", b"x")), "ARCHIVE_HAZARD"),
    "duplicate in other case": (with_entries(("WORD/Document.xml", b"x")), "ARCHIVE_HAZARD"),
    "long name": (with_entries(("word/" + "名" * 100, b"x")), "ARCHIVE_HAZARD"),
    "symbolic link": (with_entries((link(), b"/etc/passwd")), "ARCHIVE_HAZARD"),
    "too many entries": (with_entries(*[(f"word/{n}", b"") for n in range(2001)]), "ARCHIVE_HAZARD"),
    "overlap": (overlapping(), "ARCHIVE_HAZARD"),
    "quoted overlap": (quoted_overlap(), "ARCHIVE_HAZARD"),
    "something before": (b"#!/bin/sh\n" + HONEST, "TYPE_NOT_ALLOWED"),
    "ratio": (with_entries(("word/a.bin", b"\0" * 30_000_000)), "BOMB"),
    "forged size": (forged_size(), "ARCHIVE_HAZARD"),
    "encrypted entry": (flagged_encrypted(), "ENCRYPTED"),
    "wrong checksum": (flipped(), "CORRUPT"),
    "cut": (HONEST[: len(HONEST) // 2], "CORRUPT"),
    "only a header": (b"PK\x03\x04", "CORRUPT"),
    "bzip2": (docx(four_parts(), compression=zipfile.ZIP_BZIP2), "ARCHIVE_HAZARD"),
    "lzma": (docx(four_parts(), compression=zipfile.ZIP_LZMA), "ARCHIVE_HAZARD"),
}


@pytest.mark.parametrize(("content", "code"), HAZARDS.values(), ids=HAZARDS.keys())
def test_archive_hazards(check: Check, content: bytes, code: str) -> None:
    check(HONEST)  # the cell is warm
    began = time.monotonic()
    verdict = check(content)
    assert time.monotonic() - began < 5
    assert code in [finding.code for finding in verdict.findings]
    assert verdict.outcome == Outcome.FAILED


def test_the_size_of_everything_is_limited(check: Check) -> None:
    entries = [(f"word/{n}.bin", b"\0" * 3_900_000) for n in range(90)]
    assert [f.code for f in check(with_entries(*entries)).findings] == ["BOMB"]


def test_a_plain_archive_is_named_and_refused(check: Check, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("照片.jpg", b"x")
    verdict = check(out.getvalue(), "材料.zip", as_="material")
    assert (verdict.kind, [f.code for f in verdict.findings]) == ("zip", ["TYPE_NOT_ALLOWED"])
    assert "请解压后逐个上传" in verdict.findings[0].message
