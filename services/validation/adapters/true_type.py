"""The true type of a file by its first bytes and its inner names, never by its own name."""

from __future__ import annotations

import os
from typing import BinaryIO

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (bytes.fromhex("d0cf11e0a1b11ae1"), "ole"),
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"8BPS", "psd"),
    (b"\0\0\1\0", "ico"),
    (b"\x1aE\xdf\xa3", "mkv"),
    (b"FLV\x01", "flv"),
    (bytes.fromhex("3026b2758e66cf11"), "wmv"),
    (b"ID3", "mp3"),
    (b"\xff\xfb", "mp3"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gz"),
    (b"{\\rtf", "rtf"),
    (b"MZ", "exe"),
    (b"\x7fELF", "exe"),
    (bytes.fromhex("4c0000000114020000000000c000000000000046"), "lnk"),
    (bytes.fromhex("dba52d00"), "word95"),  # Word 2.0
    (bytes.fromhex("31be0000"), "word95"),  # Windows Write
)
_MP4_BRANDS = frozenset(
    b"isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 mp41 mp42 mp71 avc1 dash M4VH M4VP MSNV mmp4 mp4v hvc1".split()
    + b"3gp4 3gp5 3gp6 XAVC cmfc cmf2".split()
    + [b"M4V ", b"f4v "]
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})


def sniff(stream: BinaryIO) -> str:
    """The type as far as the first bytes tell: containers are `zip` and `ole` here, and are opened later."""
    head = stream.read(4096)
    stream.seek(0)
    if not head:
        return "empty"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:5] == b"%PDF-":
        return "pdf"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip", b"free"):
        return "mov"
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi", b"WAVE": "wav"}.get(head[8:12], "unknown")
    for start, kind in _STARTS:
        if head.startswith(start) and (kind != "bmp" or head[6:10] == b"\0\0\0\0"):
            return kind
    return _by_text(head)


def _by_brand(head: bytes) -> str:
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length, 4))]
    major = brands[0]
    if major in (b"avif", b"avis") or b"avif" in brands:
        return "avif"
    if major in _HEIC_BRANDS:
        return "heic"
    if major == b"qt  ":
        return "mov"
    if major in (b"M4A ", b"M4B ", b"M4P "):
        return "m4a"
    if major in _MP4_BRANDS or _MP4_BRANDS & set(brands):
        return "mp4"
    return "mp4" if major[:3] in (b"iso", b"mp4", b"3gp", b"3g2") else "unknown"


def _by_text(head: bytes) -> str:
    text = head.replace(b"\0", b"").lstrip(b"\xff\xfe\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<meta")):
        return "html"
    if text.startswith((b"mime-version:", b"from: <", b"content-type: multipart")):
        return "mht"
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "svg"
    if text.startswith(b"<?xml"):
        return "xml"
    if text.startswith(b"<html") or b"<html" in text[:1024]:
        return "html"
    try:
        decoded = head[: len(head) // 2 * 2 - 3 if len(head) > 8 else None].decode("utf-8", "strict")
    except UnicodeDecodeError:
        return "txt" if _mostly_text(head) else "unknown"
    return "txt" if decoded.isprintable() or "\n" in decoded else "unknown"


def _mostly_text(head: bytes) -> bool:
    try:
        return not any(ord(c) < 9 for c in head[:-4].decode("gb18030"))
    except UnicodeDecodeError:
        return False


def kind_of_zip(names: tuple[str, ...], mimetype: bytes) -> str:
    """What a ZIP is that is no Office package."""
    for suffix, kind in ((b"text", "odt"), (b"spreadsheet", "ods"), (b"presentation", "odp")):
        if mimetype == b"application/vnd.oasis.opendocument." + suffix:
            return kind
    if mimetype == b"application/epub+zip":
        return "epub"
    if "OFD.xml" in names:
        return "ofd"
    return "zip"


def guess_of_zip(stream: BinaryIO) -> str:
    """What a ZIP seems to be by the entry names in its first and last bytes, should its directory be refused."""
    head = stream.read(8192)
    stream.seek(0, os.SEEK_END)
    stream.seek(max(0, stream.tell() - 65536))
    names = head + stream.read()
    stream.seek(0)
    if b"[Content_Types].xml" not in names and b"_rels/.rels" not in names:
        return "zip"
    mains = ((b"word/document", "docx"), (b"ppt/presentation", "pptx"), (b"xl/workbook", "xlsx"))
    return next((kind for main, kind in mains if main in names), "ooxml")
