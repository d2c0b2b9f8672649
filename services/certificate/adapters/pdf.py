"""Typesets one certificate as PDF/A-2a with typst; the same wording gives the same bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import segno

from services.certificate.domain.certificate import OUTCOMES, Wording
from shared.clock import SHANGHAI
from shared.trouble import Refused
from shared.typesetting import LettersMissing, NotSet, Typesetter

TEMPLATE = Path(__file__).parents[1] / "templates" / "certificate.typ"


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


class CertificateTypesetter:
    """Sets certificates; raises FontMissing where there is no font for any."""

    def __init__(self, font_dir: Path | None = None) -> None:
        self._typesetter = Typesetter(TEMPLATE, font_dir=font_dir)
        self._typesetter.find_fonts()

    def pdf(self, what: Print) -> bytes:
        """The unsigned PDF; raises GlyphMissing or DoesNotFit."""
        try:
            return self._typesetter.pdf(_said(what), dated=what.wording.dated, qr=_qr(what.verify_url))
        except LettersMissing as missing:
            raise GlyphMissing(missing.letters) from missing
        except NotSet as error:
            if "does not fit" in str(error):
                raise DoesNotFit from error
            raise


def _said(what: Print) -> dict[str, object]:
    wording = what.wording
    return {
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
