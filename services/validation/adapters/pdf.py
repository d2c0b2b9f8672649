"""Reads a PDF to its end and looks through every object, however deep, for things that act by themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

import pikepdf

from services.validation.adapters.broken import Broken
from services.validation.domain.findings import Code, Sign

_ACTIONS = {
    "/JavaScript": "JavaScript 脚本",
    "/Launch": "启动程序",
    "/SubmitForm": "向外发送表单",
    "/ImportData": "读取外部数据",
    "/RichMediaExecute": "富媒体",
    "/GoToE": "打开内嵌文件",
}
_MOST_OBJECTS = 2_000_000
_DEEPEST = 100
_TAIL = 2048


def read(stream: BinaryIO) -> Iterator[Sign]:
    """Signs of a PDF; Broken if it cannot be opened."""
    whole = _ends_well(stream)
    pdf, repaired = _opened(stream)
    with pdf:
        try:
            pages = len(pdf.pages)
        except Exception as error:
            raise Broken(Code.CORRUPT) from error
        if pages == 0:
            raise Broken(Code.CORRUPT if whole else Code.TRUNCATED)
        if repaired:
            yield Sign(code=Code.DAMAGED if whole else Code.TRUNCATED)
        if pdf.is_encrypted:
            yield Sign(code=Code.EDIT_PROTECTED)
        yield from _acts(pdf)
        _read_pages(pdf)
    if _second_file(stream):
        yield Sign(code=Code.ARCHIVE_HAZARD, what="PDF 后面附有压缩包")


def _opened(stream: BinaryIO) -> tuple[pikepdf.Pdf, bool]:
    try:
        pdf = pikepdf.open(stream, attempt_recovery=False, suppress_warnings=True)
        return pdf, False
    except pikepdf.PasswordError as error:
        raise Broken(Code.ENCRYPTED) from error
    except Exception:  # try again with repair, as every reader does
        stream.seek(0)
    try:
        return pikepdf.open(stream, suppress_warnings=True), True
    except pikepdf.PasswordError as error:
        raise Broken(Code.ENCRYPTED) from error
    except MemoryError:
        raise
    except Exception as error:
        raise Broken(Code.CORRUPT if _ends_well(stream) else Code.TRUNCATED) from error


def _acts(pdf: pikepdf.Pdf) -> Iterator[Sign]:
    """One sign for each kind of thing found, in every object and every direct dictionary inside it."""
    told: set[str] = set()
    for code, what in _walk(pdf):
        if what not in told:
            told.add(what)
            yield Sign(code=code, what=what)


def _walk(pdf: pikepdf.Pdf) -> Iterator[tuple[Code, str]]:
    seen = 0
    todo: list[tuple[pikepdf.Object, int]] = [(pdf.trailer, 0)]
    todo.extend((item, 0) for item in pdf.objects)
    while todo:
        item, depth = todo.pop()
        seen += 1
        if seen > _MOST_OBJECTS or depth > _DEEPEST:
            yield Code.BOMB, "PDF 内部对象过多或嵌套过深"
            return
        if isinstance(item, pikepdf.Array):
            children = list(item.as_list())
        elif isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
            dictionary = item.stream_dict if isinstance(item, pikepdf.Stream) else item
            yield from _judge(dictionary)
            children = [value for _, value in dictionary.items()]
        else:
            continue
        for child in children:
            nested = isinstance(child, (pikepdf.Array, pikepdf.Dictionary, pikepdf.Stream))
            if nested and not getattr(child, "is_indirect", False):
                todo.append((child, depth + 1))


def _judge(dictionary: pikepdf.Dictionary) -> Iterator[tuple[Code, str]]:
    names = set(dictionary.keys())
    action = dictionary.get("/S")
    if isinstance(action, pikepdf.Name) and str(action) in _ACTIONS:
        yield Code.ACTIVE_CONTENT, _ACTIONS[str(action)]
    if isinstance(action, pikepdf.Name) and str(action) == "/GoToR" and _remote(dictionary.get("/F")):
        yield Code.ACTIVE_CONTENT, "打开网上的文件"
    if "/JS" in names or "/JavaScript" in names:
        yield Code.ACTIVE_CONTENT, _ACTIONS["/JavaScript"]
    if "/XFA" in names:
        yield Code.ACTIVE_CONTENT, "XFA 动态表单"
    if "/RichMediaContent" in names or str(dictionary.get("/Subtype", "")) in ("/RichMedia", "/Flash"):
        yield Code.ACTIVE_CONTENT, "富媒体"
    if "/EmbeddedFiles" in names or "/EF" in names or str(dictionary.get("/Subtype", "")) == "/FileAttachment":
        yield Code.EMBEDDED_OBJECT, "附件"


def _remote(target: object) -> bool:
    if isinstance(target, pikepdf.Dictionary):
        target = target.get("/UF", target.get("/F", ""))
    text = str(target)
    return text.startswith(("\\\\", "//", "http:", "https:", "ftp:")) or "://" in text


def _read_pages(pdf: pikepdf.Pdf) -> None:
    """Every page's content can be decoded to its end."""
    for number, page in enumerate(pdf.pages, start=1):
        contents = page.obj.get("/Contents")
        streams = contents.as_list() if isinstance(contents, pikepdf.Array) else [contents]
        for stream in streams:
            if not isinstance(stream, pikepdf.Stream):
                continue
            try:
                stream.read_bytes()
            except pikepdf.PdfError as error:
                raise Broken(Code.CORRUPT, "", f"第{number}页") from error


def _ends_well(stream: BinaryIO) -> bool:
    stream.seek(0, os.SEEK_END)
    size = stream.tell()
    stream.seek(max(0, size - _TAIL))
    tail = stream.read().rstrip(b"\0")
    stream.seek(0)
    return b"%%EOF" in tail


def _second_file(stream: BinaryIO) -> bool:
    """Whether a ZIP directory stands behind the end of the PDF."""
    stream.seek(0, os.SEEK_END)
    stream.seek(max(0, stream.tell() - 70_000))
    tail = stream.read()
    return tail.rfind(b"PK\x05\x06") > max(tail.rfind(b"%%EOF"), -1) >= 0
