"""Reads a ZIP archive without trusting a word it says: names, ranges, sizes, ratios; nothing is extracted."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code

MOST_ENTRIES = 2000
MOST_BYTES = 300 * 1024 * 1024  # of all entries, counted while they are read
MOST_RATIO = 100
RATIO_COUNTS_FROM = 4 * 1024 * 1024  # below this, honest XML compresses better than the ratio
MOST_XML_BYTES = 64 * 1024 * 1024
LONGEST_NAME = 255
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CHUNK = 256 * 1024


class Archive:
    """An opened archive whose directory has passed every guard. Raises Broken with the code that fits."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        try:
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError) as error:
            raise Broken(Code.CORRUPT, "") from error
        infos = self._zip.infolist()
        if len(infos) > MOST_ENTRIES:
            raise Broken(Code.ARCHIVE_HAZARD, f"内部条目多达{len(infos)}个")
        self._infos: Mapping[str, zipfile.ZipInfo] = _by_name(infos)
        self._ranges = self._checked_ranges(infos)
        self._read = 0

    def names(self) -> tuple[str, ...]:
        """Names of files, without folders."""
        return tuple(name for name, info in self._infos.items() if not info.is_dir())

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def size(self, name: str) -> int:
        """The size an entry announces."""
        return self._infos[name].file_size

    def read(self, name: str, *, most: int = MOST_XML_BYTES) -> bytes:
        """An entry, whole; Broken if it is larger than `most`, damaged or missing."""
        if name not in self._infos:
            raise Broken(Code.CORRUPT, f"（缺少{name}）")
        if self._infos[name].file_size > most:
            raise Broken(Code.BOMB, f"{name}展开后超过{most // 1024 // 1024}MB", name)
        return b"".join(self.chunks(name))

    def head(self, name: str, length: int) -> bytes:
        """The first bytes of an entry."""
        return next(self.chunks(name), b"")[:length]

    def chunks(self, name: str) -> Iterator[bytes]:
        """An entry bit by bit, with its real size, its ratio and its checksum watched."""
        info, (start, length) = self._infos[name], self._ranges[name]
        inflate = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
        got, crc, left, pending = 0, 0, length, b""
        while True:
            if not pending and left:
                self._stream.seek(start + length - left)
                pending = self._stream.read(min(_CHUNK, left))
                if not pending:
                    raise Broken(Code.TRUNCATED, "", name)
                left -= len(pending)
            try:
                data = inflate.decompress(pending, _CHUNK) if inflate else pending
            except zlib.error as error:
                raise Broken(Code.CORRUPT, "", name) from error
            pending = inflate.unconsumed_tail if inflate else b""
            got, crc = got + len(data), zlib.crc32(data, crc)
            self._watch(info, got, len(data))
            if data:
                yield data
            if not pending and not left and (inflate is None or inflate.eof or not data):
                break
            if inflate and inflate.eof:
                break
        if got != info.file_size or crc != info.CRC:
            raise Broken(Code.CORRUPT, "", name)

    def check_whole(self) -> None:
        """Read every entry to its end, as nobody did yet."""
        for name in self.names():
            for _ in self.chunks(name):
                pass

    def _watch(self, info: zipfile.ZipInfo, got: int, added: int) -> None:
        self._read += added
        if got > info.file_size:
            raise Broken(Code.ARCHIVE_HAZARD, "内部大小与声明不符", info.filename)
        if got > RATIO_COUNTS_FROM and got > MOST_RATIO * max(info.compress_size, 1):
            raise Broken(Code.BOMB, f"{info.filename}的压缩比超过{MOST_RATIO}倍", info.filename)
        if self._read > 2 * MOST_BYTES:  # parts are read once to check and once to parse
            raise Broken(Code.BOMB, f"全部内容展开后超过{MOST_BYTES // 1024 // 1024}MB")

    def _checked_ranges(self, infos: list[zipfile.ZipInfo]) -> dict[str, tuple[int, int]]:
        """Where each entry's bytes lie; entries that overlap or lie outside are refused."""
        if sum(info.file_size for info in infos) > MOST_BYTES:
            raise Broken(Code.BOMB, f"全部内容展开后超过{MOST_BYTES // 1024 // 1024}MB")
        end, ranges = self._zip.start_dir, {}
        for info in sorted(infos, key=lambda info: info.header_offset, reverse=True):
            start = self._data_start(info)
            if info.header_offset < 0 or start + info.compress_size > end:
                raise Broken(Code.ARCHIVE_HAZARD, "内部条目互相重叠", info.filename)
            ranges[info.filename] = (start, info.compress_size)
            end = info.header_offset
        if infos and end > 0:
            raise Broken(Code.ARCHIVE_HAZARD, "压缩内容之前还有其他数据")
        return ranges

    def _data_start(self, info: zipfile.ZipInfo) -> int:
        self._stream.seek(max(info.header_offset, 0))
        raw = self._stream.read(_LOCAL.size)
        if len(raw) < _LOCAL.size or raw[:4] != b"PK\x03\x04":
            raise Broken(Code.CORRUPT, "", info.filename)
        fields = _LOCAL.unpack(raw)
        name = self._stream.read(fields[9])
        if info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace") != name:
            raise Broken(Code.ARCHIVE_HAZARD, "内部条目的名称前后不一致", info.filename)
        return int(info.header_offset + _LOCAL.size + fields[9] + fields[10])


def _by_name(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for info in infos:
        _check_entry(info)
        if info.filename.casefold() in folded:
            raise Broken(Code.ARCHIVE_HAZARD, f"内部条目重名：{shown_name(info)}", shown_name(info))
        folded.add(info.filename.casefold())
        found[info.filename] = info
    return found


def _check_entry(info: zipfile.ZipInfo) -> None:
    name, raw = shown_name(info), info.orig_filename
    if "\0" in raw or "\\" in raw or raw.startswith("/") or ".." in raw.split("/") or ":" in raw.split("/")[0]:
        raise Broken(Code.ARCHIVE_HAZARD, f"内部条目的名称不合规：{name}", name)
    if len(raw.encode("utf-8", "replace")) > LONGEST_NAME or not raw:
        raise Broken(Code.ARCHIVE_HAZARD, "内部条目的名称过长", name)
    if info.flag_bits & 0x1 or info.flag_bits & 0x40:
        raise Broken(Code.ENCRYPTED, "", name)
    if (info.external_attr >> 16) & 0o170000 == 0o120000:
        raise Broken(Code.ARCHIVE_HAZARD, f"内部有指向别处的链接：{name}", name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Broken(Code.ARCHIVE_HAZARD, "使用了少见的压缩方式", name)
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise Broken(Code.ARCHIVE_HAZARD, "内部大小与声明不符", name)


def shown_name(info: zipfile.ZipInfo) -> str:
    """An entry's name for people: GBK where the UTF-8 flag is absent, as archivers in China write it."""
    if info.flag_bits & 0x800:
        return info.filename[:80]
    raw = info.orig_filename.encode("cp437", "replace")
    for encoding in ("ascii", "utf-8", "gb18030"):
        try:
            return raw.decode(encoding)[:80]
        except UnicodeDecodeError:
            continue
    return info.filename[:80]
