"""Judges a file inside a file: a formula, an Office table, another document, or a program."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import olefile

from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code, Sign

_PROGRAM_ENDINGS = re.compile(
    r"\.(?:exe|dll|scr|com|pif|bat|cmd|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|msi|msp|lnk|url|scf|cpl|jar|reg|inf|sct|chm"
    r"|iso|img|vhd|apk|sh|py|app|application|gadget|xll|library-ms|settingcontent-ms)[\"'\s\x00.]*$",
    re.IGNORECASE,
)
_LNK = bytes.fromhex("4c0000000114020000000000c000000000000046")
_FORMULAS = re.compile(r"^(?:Equation|MathType|EQUATION|KSEE|AxMath)", re.IGNORECASE)
_OFFICE = re.compile(
    r"^(?:Excel|Word|PowerPoint|Visio|MSGraph|Paint\.?Picture|PBrush|StaticMetafile|StaticDib|ET\.|WPS\.|WPP\.|KWPS|Chart"
    r"|SmartDraw|Origin|CorelDRAW|AutoCAD|ChemDraw|Wps|Ket|Kpp)",
    re.IGNORECASE,
)


def looks_like_program(data: bytes) -> bool:
    """Whether bytes begin as a program, a shortcut or a script."""
    return data[:2] == b"MZ" or data[:4] == b"\x7fELF" or data[:20] == _LNK or data[:2] == b"#!"


def judge(data: bytes, place: str) -> Iterator[Sign]:
    """The one sign an embedded file gives."""
    if looks_like_program(data):
        yield Sign(code=Code.EMBEDDED_PROGRAM, what="程序", place=place)
    elif data[:8] == olefile.MAGIC:
        yield from judge_ole(data, place)
    elif data[:4] == b"PK\x03\x04":
        yield from _judge_package(data, place)
    else:
        yield Sign(code=Code.EMBEDDED_OBJECT, what=_called(data), place=place)


def judge_ole(data: bytes, place: str) -> Iterator[Sign]:
    """An embedded compound file: by the program that made it, and by what it wraps."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            yield judge_storage(ole, (), place)
    except Exception:  # olefile raises anything on damaged files; unread is not harmless
        yield Sign(code=Code.EMBEDDED_OBJECT, what="无法辨认的对象", place=place)


def judge_storage(ole: olefile.OleFileIO, path: tuple[str, ...], place: str) -> Sign:
    """An OLE object kept in a storage of a compound file."""
    own = (entry for entry in ole.listdir() if tuple(entry[: len(path)]) == path)
    names: dict[str, list[str]] = {"/".join(entry[len(path) :]).casefold(): entry for entry in own}
    if any(name.endswith("_vba_project") for name in names):
        return Sign(code=Code.MACRO, place=place)
    if "\x01ole10native" in names:
        wrapped = _package_name(ole.openstream(names["\x01ole10native"]).read())
        program = _program(ole, names)
        if _FORMULAS.match(program):  # formula editors keep their text there too
            return Sign(code=Code.OFFICE_OBJECT, what="公式", place=place)
        if wrapped is None:
            return Sign(code=Code.EMBEDDED_OBJECT, what=program or "打包的文件", place=place)
        if _PROGRAM_ENDINGS.search(wrapped[0]) or looks_like_program(wrapped[1]):
            return Sign(code=Code.EMBEDDED_PROGRAM, what=wrapped[0] or "程序", place=place)
        return Sign(code=Code.EMBEDDED_OBJECT, what=wrapped[0] or "打包的文件", place=place)
    program = _program(ole, names)
    if _FORMULAS.match(program) or "equation native" in names:
        return Sign(code=Code.OFFICE_OBJECT, what="公式", place=place)
    if _OFFICE.match(program) or {"workbook", "worddocument", "powerpoint document"} & set(names):
        return Sign(code=Code.OFFICE_OBJECT, what="内嵌的 Office 内容", place=place)
    if "contents" in names or "package" in names:
        inner = ole.openstream(names["contents" if "contents" in names else "package"]).read()
        if looks_like_program(inner):
            return Sign(code=Code.EMBEDDED_PROGRAM, what="程序", place=place)
        if inner[:4] == b"PK\x03\x04":
            return next(_judge_package(inner, place))
        return Sign(code=Code.EMBEDDED_OBJECT, what=_called(inner), place=place)
    return Sign(code=Code.EMBEDDED_OBJECT, what=program or "无法辨认的对象", place=place)


def control(content_type: str, place: str) -> Iterator[Sign]:
    """An ActiveX control on a page; form fields are the usual ones, and they run code of their own."""
    del content_type
    yield Sign(code=Code.ACTIVE_CONTENT, what="ActiveX 控件", place=place)


def _program(ole: olefile.OleFileIO, names: dict[str, list[str]]) -> str:
    """The ProgID or user type in \\x01CompObj, as far as it can be read."""
    entry = names.get("\x01compobj")
    if entry is None:
        return ""
    raw = ole.openstream(entry).read()[28:]
    words: list[str] = [word.decode("gb18030", "replace") for word in re.findall(rb"[\x20-\x7e\x80-\xff]{3,}", raw)]
    marked = [word for word in words if _FORMULAS.match(word) or _OFFICE.match(word)]
    return (marked or words or [""])[0][:60]


def _package_name(raw: bytes) -> tuple[str, bytes] | None:
    """File name and first bytes of an Ole10Native stream made by 插入 → 对象 → 由文件创建."""
    if len(raw) < 12:
        return None
    body = raw[6:] if raw[4:6] == b"\x02\x00" else raw[4:]
    pieces = body.split(b"\0", 2)
    if len(pieces) < 3:
        return None
    label, path, rest = pieces[0], pieces[1], pieces[2]
    name = (path or label).decode("gb18030", "replace").replace("/", "\\").rsplit("\\", 1)[-1]
    # After the names: 4 bytes, length and text of the temporary path, then size and content.
    if len(rest) < 12:
        return name[:80], b""
    temporary = int.from_bytes(rest[4:8], "little")
    at = 8 + temporary + 4
    return name[:80], rest[at : at + 20] if temporary < len(rest) else b""


def _judge_package(data: bytes, place: str) -> Iterator[Sign]:
    from services.validation.adapters.archive import Archive
    from services.validation.adapters.package import Package

    try:
        archive = Archive(io.BytesIO(data))
        package = Package(archive)
    except Broken as broken:
        code = broken.sign.code if broken.sign.code in (Code.BOMB, Code.ENTITY) else Code.EMBEDDED_OBJECT
        yield Sign(code=code, what=broken.sign.what or "压缩包", place=place)
        return
    if any("vbaproject" in name.casefold() for name in archive.names()):
        yield Sign(code=Code.MACRO, place=place)
    elif package.kind == "ooxml":
        yield Sign(code=Code.EMBEDDED_OBJECT, what="压缩包", place=place)
    else:
        yield Sign(code=Code.OFFICE_OBJECT, what="内嵌的 Office 内容", place=place)


def _called(data: bytes) -> str:
    if data[:5] == b"%PDF-":
        return "PDF 文件"
    return "其他文件"
