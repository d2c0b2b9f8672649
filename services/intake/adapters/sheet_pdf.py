"""Typesets 附表1 as PDF/A for printing and signing; the same sheet gives the same bytes.

typst, as certificates are made: a page printed by a browser would need a browser beside every process of pages.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import typst

from services.intake.adapters.sheet_docx import SignSheet
from shared.text import legible
from shared.trouble import Refused

FAMILIES = ("Noto Serif SC", "Source Han Serif SC", "Noto Serif CJK SC")
TEMPLATE = Path(__file__).parents[1] / "templates" / "sheet.typ"
MOST_PAGES = 2
SIZES = (10.5, 9.5, 8.5, 7.5, 6.5)
"""Sizes of letters, the usual one first; smaller ones where two pages are not enough."""

_NO_GLYPH = re.compile(r"the text `\"(?P<text>.+?)\"` could not be displayed", re.DOTALL)
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")
_INSTEAD = "下载Word版打印签名。"


class SheetTypesetter:
    """Keeps one compiler with its fonts, which it looks for when the first sheet is asked for; one thread at a time."""

    def __init__(self, font_dir: Path | None = None) -> None:
        self._font_dir = font_dir
        self._turn = threading.Lock()
        self._compiler: typst.Compiler | None = None
        self._families: tuple[str, ...] = ()

    def pdf(self, sheet: SignSheet) -> bytes:
        """The PDF, at most two pages. Refused where no font has a letter, or where two pages cannot hold it."""
        with self._turn:
            compiler = self._ready()
            for size in SIZES:
                pdf = self._made(compiler, sheet, size)
                if pdf is not None:
                    return pdf
        raise Refused("sheet-pdf-long", f"内容太多，两页排不下，PDF不能生成。请先删减案例概述，或{_INSTEAD}")

    def _ready(self) -> typst.Compiler:
        if self._compiler is None:
            places = [str(self._font_dir)] if self._font_dir else []
            fonts = typst.Fonts(include_system_fonts=not places, include_embedded_fonts=False, font_paths=places)
            self._families = tuple(family for family in FAMILIES if family in set(fonts.families()))
            if not self._families:
                raise Refused("sheet-pdf-away", f"PDF暂时不能生成，请{_INSTEAD}", status=503)
            self._compiler = typst.Compiler(root=str(TEMPLATE.parent), font_paths=fonts, ignore_system_fonts=True)
        return self._compiler

    def _made(self, compiler: typst.Compiler, sheet: SignSheet, size: float) -> bytes | None:
        """The PDF with letters of this size; None where it takes too many pages."""
        said = {"fonts": self._families, "size": size, "most-pages": MOST_PAGES, **_said(sheet)}
        try:
            pdf = compiler.compile(
                input=str(TEMPLATE),
                format="pdf",
                sys_inputs={"sheet": json.dumps(said)},
                pdf_standards=["a-2b"],  # it refuses a letter that no font has, instead of printing an empty box
                timestamp=0,
            )
        except typst.TypstError as error:
            message = str(error.args[0])
            if "too many pages" in message:
                return None
            if missing := _NO_GLYPH.search(message):
                letters = _ESCAPE.sub(lambda code: chr(int(code[1], 16)), missing["text"])
                raise Refused("sheet-pdf-glyph", f"字库中没有“{letters}”，PDF不能生成。请改写，或{_INSTEAD}") from error
            raise
        assert isinstance(pdf, bytes)
        return pdf


def _said(sheet: SignSheet) -> dict[str, object]:
    return {
        "heading": sheet.heading,
        "title": sheet.title,
        "author-limit": sheet.author_limit,
        "people": [[row.shown_name, row.unit, row.title, row.mobile] for row in sheet.rows],
        "categories": [{"name": name, "chosen": chosen} for name, chosen in sheet.categories],
        "summary": legible(sheet.summary).replace("\t", "    ").split("\n"),
        "summary-limit": sheet.summary_limit,
        "declaration": sheet.declaration,
        "signers": sheet.signers,
        "consents-title": sheet.consents_title,
        "consents": sheet.consents,
    }
