"""Word documents as teachers really make them, built from nothing, and the faulty ones that arrive every year."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from random import Random
from xml.sax.saxutils import escape

from zhengji.play.prose import PART_NAMES, Story

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "application/vnd.openxmlformats-package"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STAMP = (2024, 9, 20, 10, 0, 0)
_NUMERALS = "一二三四"


class Shape(StrEnum):
    """How headings are written."""

    STYLED = "styled"  # the heading style
    BOLD = "bold"  # plain bold paragraphs, as WPS users do
    NUMBERED = "numbered"  # automatic numbering, no number in the text
    TYPED = "typed"  # 一、 typed by hand
    TABLE = "table"  # a table with the part's name on the left
    WPS = "wps"  # styled, in a package as WPS writes it


SHAPES = tuple(Shape)


def case_document(story: Story, shape: Shape, *, without: str = "") -> bytes:
    """The case document in one of its honest shapes; ``without`` leaves a part out."""
    parts = {name: body for name, body in story.parts.items() if name != without}
    if shape is Shape.TABLE:
        body = _paragraph(story.title, style="Title") + _table([(name, list(text)) for name, text in parts.items()])
        return _package(body)
    body = _paragraph(story.title, style="Title", bold=True)
    body += "".join(
        _heading(PART_NAMES.index(name), name, shape) + "".join(map(_paragraph, text)) for name, text in parts.items()
    )
    return _package(body, wps=shape is Shape.WPS)


def encrypted(document: bytes) -> bytes:
    """The same document locked with a password, as Word does it."""
    from msoffcrypto.format.ooxml import OOXMLFile  # slow to import, and wanted for one file of the play

    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(document)).encrypt("2024", locked)
    return locked.getvalue()


def contact_form(fields: Mapping[str, str]) -> bytes:
    """附表2 as a .docx: the notice's table, two labels a row."""
    pairs = list(fields.items())
    rows = [[cell for pair in pairs[at : at + 2] for cell in pair] for at in range(0, len(pairs), 2)]
    title = _paragraph("各省（自治区、直辖市）活动组织单位联系人信息表", bold=True)
    return _package(_paragraph("附表2：") + title + _grid(rows))


def _heading(place: int, name: str, shape: Shape) -> str:
    by_shape: dict[Shape, Callable[[], str]] = {
        Shape.STYLED: lambda: _paragraph(name, style="Heading1"),
        Shape.WPS: lambda: _paragraph(f"{_NUMERALS[place]}、{name}", style="Heading1"),
        Shape.BOLD: lambda: _paragraph(name, bold=True),
        Shape.NUMBERED: lambda: _paragraph(name, numbered=True),
        Shape.TYPED: lambda: _paragraph(f"{_NUMERALS[place]}、{name}"),
    }
    return by_shape[shape]()


def _paragraph(text: str, *, style: str = "", bold: bool = False, numbered: bool = False) -> str:
    kept = f'<w:pStyle w:val="{style}"/>' if style else ""
    kept += '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>' if numbered else ""
    how = "<w:rPr><w:b/></w:rPr>" if bold else ""
    runs = "".join(f'<w:r>{how}<w:t xml:space="preserve">{escape(run)}</w:t></w:r>' for run in _runs(text))
    return f"<w:p>{f'<w:pPr>{kept}</w:pPr>' if kept else ''}{runs}</w:p>"


def _runs(text: str) -> Iterable[str]:
    """Word breaks a paragraph into runs wherever it likes."""
    at = len(text) // 2
    return (text[:at], text[at:]) if len(text) > 20 else (text,)


def _table(rows: list[tuple[str, list[str]]]) -> str:
    return _wrapped(
        f"<w:tr>{_cell([_paragraph(name, bold=True)])}{_cell([_paragraph(line) for line in text])}</w:tr>"
        for name, text in rows
    )


def _grid(rows: list[list[str]]) -> str:
    return _wrapped(f"<w:tr>{''.join(_cell([_paragraph(text)]) for text in row)}</w:tr>" for row in rows)


def _wrapped(rows: Iterable[str]) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid>{''.join(rows)}</w:tbl><w:p/>"


def _cell(paragraphs: list[str]) -> str:
    return f"<w:tc><w:tcPr/>{''.join(paragraphs)}</w:tc>"


_STYLES = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="{_W}"><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr>
</w:style></w:styles>"""
_NUMBERING = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:numbering xmlns:w="{_W}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>
<w:numFmt w:val="chineseCountingThousand"/><w:lvlText w:val="%1、"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"""


def _package(body: str, *, wps: bool = False) -> bytes:
    parts = {
        "word/styles.xml": (_STYLES, f"{_WORD}.styles+xml", "styles"),
        "word/numbering.xml": (_NUMBERING, f"{_WORD}.numbering+xml", "numbering"),
    }
    overrides = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, (_, kind, _r) in parts.items())
    relations = "".join(
        f'<Relationship Id="rId{at}" Type="{_RELATION}/{kind}" Target="{name.removeprefix("word/")}"/>'
        for at, (name, (_, _k, kind)) in enumerate(parts.items(), 1)
    )
    document = f'<w:document xmlns:w="{_W}"><w:body>{body}<w:sectPr/></w:body></w:document>'
    entries: list[tuple[str, str]] = [
        ("[Content_Types].xml", _content_types(overrides, wps=wps)),
        (
            "_rels/.rels",
            _relations(_MAIN),
        ),
        ("word/document.xml", f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{document}'),
        ("word/_rels/document.xml.rels", _relations(relations)),
        *((name, text) for name, (text, _, _r) in parts.items()),
    ]
    if wps:  # WPS Office 12 writes its own properties, a customXml folder and directory entries
        entries += [
            ("customXml/", ""),
            ("customXml/item1.xml", _WPS_DATA),
        ]
        entries.reverse()
    return zipped(entries)


def _content_types(overrides: str, *, wps: bool) -> str:
    more = '<Default Extension="jpeg" ContentType="image/jpeg"/>' if wps else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="{_NS_TYPES}">'
        f'<Default Extension="rels" ContentType="{_PACKAGE}.relationships+xml"/>{more}'
        f'<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>{overrides}</Types>'
    )


_MAIN = f'<Relationship Id="rId1" Type="{_RELATION}/officeDocument" Target="word/document.xml"/>'
_WPS_DATA = "<?xml version='1.0'?><s:customData xmlns:s='urn:wps'/>"
_NS_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_NS_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def _relations(inner: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<Relationships xmlns="{_NS_RELATIONS}">{inner}</Relationships>'
    )


def zipped(entries: Iterable[tuple[str, str | bytes]]) -> bytes:
    """A ZIP package with these entries, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name, date_time=_STAMP), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def any_shape(chance: Random) -> Shape:
    """One of the honest shapes."""
    return chance.choice(SHAPES)
