"""Typesets a receipt as PDF/A-2a with typst, in an embedded Chinese font; the same receipt gives the same bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from shared.trouble import Refused
from shared.typesetting import Busy, LettersMissing, Typesetter

TEMPLATE = Path(__file__).parents[1] / "templates" / "receipt.typ"
STAND_IN = "〓"
"""Stands for a character that no font here has; the signed text keeps the character itself."""
PATIENCE = 10.0
"""Seconds a page waits for its turn: a process sets one receipt at a time, so that submitting keeps its cores."""


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
    """Sets receipts."""

    def __init__(self, font_dir: Path | None = None) -> None:
        self._typesetter = Typesetter(TEMPLATE, font_dir=font_dir, patience=PATIENCE)

    def pdf(self, receipt: PrintedReceipt, *, dated: datetime) -> bytes:
        """The PDF, not yet signed. Refused (503) where too many want one at once, and where too many letters lack."""
        try:
            return self._typesetter.pdf(asdict(receipt), dated=dated, stand_in=STAND_IN)
        except Busy as busy:
            message = "现在生成PDF的人较多，请稍后再试。回执已经生效，也可以直接打印回执页面。"
            raise Refused("printer-busy", message, status=503) from busy
        except LettersMissing as missing:
            message = "回执中有较多字库没有的字，暂不能生成PDF，请直接打印回执页面。"
            raise Refused("glyphs-missing", message, status=503) from missing
