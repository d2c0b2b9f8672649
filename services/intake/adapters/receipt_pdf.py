"""Typesets a receipt as PDF/A-2a with typst, in an embedded Chinese font; the same receipt gives the same bytes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import typst

from shared.trouble import Refused

FAMILIES = ("Noto Serif SC", "Source Han Serif SC", "Noto Serif CJK SC")
TEMPLATE = Path(__file__).parents[1] / "templates" / "receipt.typ"
STAND_IN = "〓"
"""Stands for a character that no font here has; the signed text keeps the character itself."""
PATIENCE = 10.0
"""Seconds a page waits for its turn: a process sets one receipt at a time, so that submitting keeps its cores."""
_MOST_MISSING = 50
_NO_GLYPH = re.compile(r"the text `\"(?P<text>.+?)\"` could not be displayed", re.DOTALL)
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


@dataclass(frozen=True, kw_only=True)
class PrintedFile:
    """One file as the printed receipt lists it."""

    name: str
    size: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PrintedReceipt:
    """Every word that differs from receipt to receipt."""

    heading: str
    number: str
    version: str
    received: str
    title: str
    category: str
    province: str
    authors: tuple[str, ...]
    code: str
    verify_url: str
    kid: str
    sheet_sha256: str
    files: tuple[PrintedFile, ...]
    issuer: str


class ReceiptPrinter:
    """Keeps one compiler with its fonts, looked for when the first receipt is printed."""

    def __init__(self, font_dir: Path | None = None) -> None:
        self._font_dir = font_dir
        self._turn = threading.Lock()

    def pdf(self, receipt: PrintedReceipt, *, dated: datetime) -> bytes:
        """The PDF, not yet signed. Refused (503) where too many want one at once."""
        if not self._turn.acquire(timeout=PATIENCE):
            message = "现在生成PDF的人较多，请稍后再试。回执已经生效，也可以直接打印回执页面。"
            raise Refused("printer-busy", message, status=503)
        try:
            return self._set(asdict(receipt), dated)
        finally:
            self._turn.release()

    def _set(self, said: Mapping[str, object], dated: datetime) -> bytes:
        text = json.dumps({**said, "fonts": self._fonts[1]}, ensure_ascii=False)
        for _ in range(_MOST_MISSING):
            try:
                pdf = self._compiler.compile(
                    input=str(TEMPLATE),
                    format="pdf",
                    sys_inputs={"receipt": text},
                    pdf_standards=["a-2a"],
                    timestamp=int(dated.timestamp()),
                )
            except typst.TypstError as error:
                missing = _NO_GLYPH.search(str(error.args[0]))
                if missing is None:
                    raise
                for letter in _ESCAPE.sub(lambda code: chr(int(code[1], 16)), missing["text"]):
                    text = text.replace(letter, STAND_IN)
            else:
                assert isinstance(pdf, bytes)
                return pdf + b"\n"
        raise Refused("glyphs-missing", "回执中有较多字库没有的字，暂不能生成PDF，请直接打印回执页面。")

    @cached_property
    def _fonts(self) -> tuple[typst.Fonts, tuple[str, ...]]:
        places = [str(self._font_dir)] if self._font_dir else []
        fonts = typst.Fonts(include_system_fonts=not places, include_embedded_fonts=False, font_paths=places)
        known = set(fonts.families())
        found = tuple(family for family in FAMILIES if family in known)
        if not found:
            raise RuntimeError(
                f"none of the fonts {', '.join(FAMILIES)} was found in {self._font_dir or 'the system'}: "
                "install fonts-noto-cjk or set ZHENGJI_FONT_DIR to a folder that holds one"
            )
        return fonts, found

    @cached_property
    def _compiler(self) -> typst.Compiler:
        return typst.Compiler(root=str(TEMPLATE.parent), font_paths=self._fonts[0], ignore_system_fonts=True)
