"""Typesets one certificate as PDF/A-2a with typst; the same wording gives the same bytes."""

from __future__ import annotations

import io
import json
import re
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import segno
import typst

from services.certificate.domain.certificate import OUTCOMES, Wording
from shared.clock import SHANGHAI
from shared.trouble import Refused

FAMILIES = ("Noto Serif SC", "Source Han Serif SC", "Noto Serif CJK SC")
TEMPLATE = Path(__file__).parents[1] / "templates" / "certificate.typ"

_NO_GLYPH = re.compile(r"the text `\"(?P<text>.+?)\"` could not be displayed", re.DOTALL)
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


class FontMissing(RuntimeError):
    """No font that certificates can be printed with; an operator has to install one."""


class GlyphMissing(Refused):
    """No font here has this character: this one certificate waits, the others go on."""

    def __init__(self, characters: str) -> None:
        points = " ".join(f"U+{ord(character):04X}" for character in characters)
        super().__init__("glyph-missing", f"字库中没有“{characters}”（{points}），该证书暂不能印制，请补充字库后重试。")
        self.characters = characters


class DoesNotFit(Refused):
    """The wording is too long even at the smallest size."""

    def __init__(self) -> None:
        super().__init__("does-not-fit", "证书文字过长，缩到最小字号仍排不下，请更正案例名称或单位名称。")


@dataclass(frozen=True)
class Print:
    """Everything that stands on one printed certificate."""

    wording: Wording
    number: str
    verify_url: str


class Typesetter:
    """Keeps one compiler with its fonts; one thread at a time."""

    def __init__(self, font_dir: Path | None = None) -> None:
        places = [font_dir] if font_dir else []
        fonts = typst.Fonts(
            include_system_fonts=not places, include_embedded_fonts=False, font_paths=[str(p) for p in places]
        )
        found = set(fonts.families())
        self.families = tuple(family for family in FAMILIES if family in found)
        if not self.families:
            raise FontMissing(
                f"none of the fonts {', '.join(FAMILIES)} was found in {font_dir or 'the system'}: "
                "install fonts-noto-cjk or set ZHENGJI_FONT_DIR to a folder that holds one"
            )
        self._compiler = typst.Compiler(root=str(TEMPLATE.parent), font_paths=fonts, ignore_system_fonts=True)
        self._turn = threading.Lock()

    def pdf(self, what: Print) -> bytes:
        """The unsigned PDF; raises GlyphMissing or DoesNotFit."""
        try:
            with self._turn:
                pages = self._compiler.compile(
                    input=str(TEMPLATE),
                    format="pdf",
                    sys_inputs={"wording": json.dumps(self._said(what)), "qr": _qr(what.verify_url)},
                    pdf_standards=["a-2a"],
                    timestamp=int(what.wording.dated.timestamp()),
                )
        except typst.TypstError as error:
            raise _translated(error) from error
        assert isinstance(pages, bytes)
        return pages + b"\n"  # without it the signature, which follows %%EOF, breaks PDF/A

    def _said(self, what: Print) -> dict[str, object]:
        wording = what.wording
        return {
            "fonts": self.families,
            "heading": wording.heading,
            "subtitle": wording.subtitle,
            "campaign": wording.campaign,
            "category": wording.category,
            "case-title": wording.case_title,
            "outcome": OUTCOMES[wording.outcome],
            "authors": wording.authors,
            "holder": -1 if wording.holder is None else wording.holder,
            "holder-name": wording.holder_name,
            "unit": wording.unit,
            "issuer": wording.issuer,
            "seal": wording.seal,
            "date": chinese_date(wording.dated),
            "number": what.number,
            "verify-url": what.verify_url,
        }


def chinese_date(at: datetime) -> str:
    """2024年12月20日, by the calendar in Beijing."""
    day = at.astimezone(SHANGHAI)
    return f"{day.year}年{day.month}月{day.day}日"


def _qr(url: str) -> str:
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", border=2, dark="#1c1b1a", xmldecl=False)
    return out.getvalue().decode()


def _translated(error: typst.TypstError) -> Exception:
    message = str(error.args[0])
    if missing := _NO_GLYPH.search(message):
        return GlyphMissing(_ESCAPE.sub(lambda code: chr(int(code[1], 16)), missing["text"]))
    if "does not fit" in message:
        return DoesNotFit()
    return error
