"""Writes 附表1 as a Word document, filled in and ready to be printed and signed.

Source: ECMA-376 part 1; the fewest parts with which Word and WPS open a document without a question.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from html import escape
from io import BytesIO
from unicodedata import category

from services.intake.domain.paper_sheet import HOST
from shared.text import legible

WIDTHS = (1500, 1800, 2700, 1800, 1700)
"""Column widths in twentieths of a point."""
_STAMP = (2024, 1, 1, 0, 0, 0)
"""Of every part, so that the same sheet gives the same bytes."""


_NO_XML = "\ufffe\uffff"


@dataclass(frozen=True, kw_only=True)
class SheetRow:
    """One author's line: name, unit, title, mobile."""

    name: str
    unit: str
    title: str
    mobile: str
    host: bool = False

    @property
    def shown_name(self) -> str:
        """The name as printed; a studio's host is marked."""
        return f"{self.name}{HOST}" if self.host else self.name


@dataclass(frozen=True, kw_only=True)
class SignSheet:
    """Everything that 附表1 holds."""

    heading: str
    title: str
    authors: tuple[SheetRow, ...]
    author_limit: int
    categories: tuple[tuple[str, bool], ...]
    summary: str
    summary_limit: int
    declaration: str
    consents_title: str
    consents: str

    @property
    def signers(self) -> tuple[str, ...]:
        """Who signs, a line each; where nobody is named yet, empty lines to write in."""
        return tuple(row.shown_name for row in self.authors if row.name) or ("",) * self.author_limit

    @property
    def rows(self) -> tuple[SheetRow, ...]:
        """The authors' lines, with empty ones up to the limit."""
        empty = SheetRow(name="", unit="", title="", mobile="")
        return (*self.authors, *([empty] * (self.author_limit - len(self.authors))))


_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    "</Types>"
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="word/document.xml" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
    "</Relationships>"
)
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def write_sheet(sheet: SignSheet) -> bytes:
    """The .docx, whole."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELATIONS),
            ("word/document.xml", _document(sheet)),
        ):
            package.writestr(zipfile.ZipInfo(name, _STAMP), text.encode(), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _document(sheet: SignSheet) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in WIDTHS)
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    table = (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(WIDTHS)}" w:type="dxa"/><w:tblBorders>{borders}</w:tblBorders>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(_rows(sheet))}</w:tbl>"
    )
    page = (
        '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134"/></w:sectPr>'
    )
    body = f"{_line('附表1', size=24)}{_line(sheet.heading, size=32, bold=True, middle=True)}{table}"
    note = _line(f"{sheet.consents_title}：{sheet.consents}")
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<w:document xmlns:w="{_WORDS}"><w:body>{body}{note}{page}</w:body></w:document>'
    )


def _rows(sheet: SignSheet) -> list[str]:
    heading = _cell(0, f"作者信息（最多{sheet.author_limit}人）", merge="restart")
    rows = [
        _row(_cell(0, "案例名称"), _cell(1, sheet.title, span=4)),
        _row(heading, *(_cell(n + 1, text) for n, text in enumerate(("姓名", "工作单位", "职称/职务", "手机")))),
    ]
    for person in sheet.rows:
        told = (person.shown_name, person.unit, person.title, person.mobile)
        rows.append(_row(_cell(0, "", merge="continue"), *(_cell(n + 1, text) for n, text in enumerate(told))))
    chosen = "\n".join(
        f"{'☑' if chosen else '☐'} {n}.{name}" for n, (name, chosen) in enumerate(sheet.categories, start=1)
    )
    blank = f"签名：{' ' * 20}日期：{' ' * 8}年{' ' * 4}月{' ' * 4}日"
    lines = "".join(f"\n\n{name}　{blank}" if name else f"\n\n{blank}" for name in sheet.signers)
    signature = f"{sheet.declaration}\n\n作者签名：{lines}"
    return [
        *rows,
        _row(_cell(0, "案例类型"), _cell(1, chosen, span=4)),
        _row(_cell(0, f"案例概述（不超过{sheet.summary_limit}字）"), _cell(1, sheet.summary, span=4)),
        _row(_cell(0, "作者声明"), _cell(1, signature, span=4)),
    ]


def _row(*cells: str) -> str:
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(cells)}</w:tr>"


def _cell(column: int, text: str, *, span: int = 1, merge: str = "") -> str:
    width = sum(WIDTHS[column : column + span])
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    merged = f'<w:vMerge w:val="{merge}"/>' if merge else ""
    lines = "".join(_line(line, size=21) for line in legible(text).split("\n"))
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}{merged}</w:tcPr>{lines}</w:tc>'


def _line(text: str, *, size: int = 21, bold: bool = False, middle: bool = False) -> str:
    kept = (letter for letter in text if letter == "\t" or category(letter) not in {"Cc", "Cs"})
    clean = escape("".join(letter for letter in kept if letter not in _NO_XML))
    weight = "<w:b/>" if bold else ""
    place = '<w:pPr><w:jc w:val="center"/></w:pPr>' if middle else ""
    font = '<w:rFonts w:ascii="SimSun" w:hAnsi="SimSun" w:eastAsia="宋体"/>'
    words = "<w:tab/>".join(f'<w:t xml:space="preserve">{piece}</w:t>' for piece in clean.split("\t"))
    run = f'<w:rPr>{font}{weight}<w:sz w:val="{size}"/></w:rPr>{words}'
    return f"<w:p>{place}<w:r>{run}</w:r></w:p>"
