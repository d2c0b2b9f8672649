"""Typesets 附表1 as PDF/A for printing and signing; the same sheet gives the same bytes.

typst, as certificates are made: a page printed by a browser would need a browser beside every process of pages.
"""

from __future__ import annotations

from pathlib import Path

from services.intake.adapters.sheet_docx import SignSheet
from shared.text import legible
from shared.trouble import Refused
from shared.typesetting import Busy, FontMissing, LettersMissing, NotSet, Typesetter

TEMPLATE = Path(__file__).parents[1] / "templates" / "sheet.typ"
PATIENCE = 10.0
"""Seconds a page waits for its turn: a process sets one sheet at a time, so that submitting keeps its cores."""
MOST_PAGES = 2
SIZES = (10.5, 9.5, 8.5, 7.5, 6.5)
"""Sizes of letters, the usual one first; smaller ones where two pages are not enough."""

_INSTEAD = "下载Word版打印签名。"


class SheetTypesetter:
    """Sets sheets for signing."""

    def __init__(self, font_dir: Path | None = None) -> None:
        self._typesetter = Typesetter(TEMPLATE, standard="a-2b", font_dir=font_dir, patience=PATIENCE)

    def pdf(self, sheet: SignSheet) -> bytes:
        """The PDF, at most two pages. Refused where no font has a letter, or where two pages cannot hold it."""
        try:
            for size in SIZES:
                pdf = self._made(sheet, size)
                if pdf is not None:
                    return pdf
        except LettersMissing as missing:
            message = f"字库中没有“{missing.letters}”，PDF不能生成。请改写，或{_INSTEAD}"
            raise Refused("sheet-pdf-glyph", message) from missing
        except (FontMissing, Busy) as away:
            raise Refused("sheet-pdf-away", f"PDF暂时不能生成，请{_INSTEAD}", status=503) from away
        raise Refused("sheet-pdf-long", f"内容太多，两页排不下，PDF不能生成。请先删减案例概述，或{_INSTEAD}")

    def _made(self, sheet: SignSheet, size: float) -> bytes | None:
        """The PDF with letters of this size; None where it takes too many pages."""
        try:
            return self._typesetter.pdf({"size": size, "most-pages": MOST_PAGES, **_said(sheet)})
        except NotSet as error:
            if "too many pages" in str(error):
                return None
            raise


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
