"""Reads the rows of cells of a Word document (.docx) in a process of its own, whose time and memory are limited.

``read_sheet.py`` starts it as ``python -m services.intake.adapters.docx_rows``: the file comes on standard input, one
JSON object goes to standard output. Nothing is unpacked but the main part, and nothing outside of the file is followed.
Source: ECMA-376 parts 1 and 4; MS-DOCX for ticked boxes.
"""

from __future__ import annotations

import io
import json
import posixpath
import sys
import zipfile
import zlib
from collections.abc import Iterator

from lxml import etree

from shared.confined import confine

MOST_ENTRIES = 2000
MOST_XML = 16 * 1024 * 1024
MOST_LETTERS = 200_000
CPU_SECONDS = 5
MEMORY = 512 * 1024 * 1024
_DEEPEST = 60

_SPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_WORD_2010 = "http://schemas.microsoft.com/office/word/2010/wordml"
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def _tags(*names: str) -> frozenset[str]:
    return frozenset(f"{{{space}}}{name}" for space in _SPACES for name in names)


_P, _R, _T, _TBL, _TR, _TC, _SDT = (_tags(name) for name in ("p", "r", "t", "tbl", "tr", "tc", "sdt"))
_SKIPPED = _tags("del", "moveFrom", "instrText", "delText", "delInstrText", "rt", "pPr", "rPr", "tblPr", "tblGrid")
_SKIPPED |= _tags("trPr", "tcPr", "sdtPr", "sdtEndPr", "sectPr")
_BREAKS, _TAB, _HYPHEN, _SYMBOL = _tags("br", "cr"), _tags("tab", "ptab"), _tags("noBreakHyphen"), _tags("sym")
_BOX, _FIELD = _tags("txbxContent"), _tags("fldChar")
_ALTERNATE = f"{{{_COMPATIBILITY}}}AlternateContent"
_CHOICES = (f"{{{_COMPATIBILITY}}}Choice", f"{{{_COMPATIBILITY}}}Fallback")

_TICKED, _EMPTY = "☑", "☐"
_WINGDINGS = {0xFE: "☑", 0xFD: "☒", 0xFC: "✓", 0x78: "☒", 0xA8: "☐", 0x6F: "☐", 0x71: "☐", 0x6E: "■", 0x6C: "●"}
_WINGDINGS_2 = {0x50: "✓", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐", 0x2A: "☐", 0x30: "☐"}

Cell = tuple[str, int, int, bool]
"""Text, first column of the grid, columns spanned, whether it continues the merged cell above."""
Row = tuple[bool, list[Cell]]
"""Whether it stands in a table; a paragraph outside of tables is a row of one cell."""


class Fault(Exception):
    """Why the file cannot be read, as one word."""


def rows_of_docx(content: bytes) -> list[Row]:
    """Every row of every table in reading order, and every paragraph outside of tables. Raises Fault."""
    root = _parsed(_main_part(content))
    rows, letters = [], 0
    for row in _story(root, 0):
        letters += sum(len(cell[0]) + 1 for cell in row[1])
        if letters > MOST_LETTERS:
            raise Fault("large")
        rows.append(row)
    return rows


def _main_part(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            infos = package.infolist()
            names = {info.filename.lstrip("/").casefold(): info for info in infos}
            if len(infos) > MOST_ENTRIES or len(names) != len(infos):
                raise Fault("damaged")
            if any(info.flag_bits & 0x41 for info in infos):
                raise Fault("encrypted")
            main = names.get(_main_name(package, names).casefold())
            if main is None:
                raise Fault("other")
            return _unpacked(package, main)
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, EOFError, RuntimeError, ValueError) as error:
        raise Fault("damaged") from error
    except NotImplementedError as error:  # a way of packing that Word and WPS never use
        raise Fault("damaged") from error


def _main_name(package: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo]) -> str:
    """The part that the package names as its document; Word on the web calls it document2.xml at times."""
    relations = names.get("_rels/.rels")
    if relations is not None:
        for relation in _parsed(_unpacked(package, relations)).iter(_RELATION):
            if relation.get("Type", "").endswith("/officeDocument") and relation.get("TargetMode") != "External":
                target = posixpath.normpath(relation.get("Target", "").lstrip("/"))
                return target if target.startswith("word/") else ""
    return "word/document.xml"


def _unpacked(package: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A part, counted while it is unpacked: what an archive says of its sizes need not be true."""
    with package.open(info) as part:
        xml = part.read(MOST_XML + 1)
    if len(xml) > MOST_XML:
        raise Fault("large")
    return xml


def _parsed(xml: bytes) -> etree._Element:
    flat = xml.replace(b"\0", b"").upper()  # UTF-16 as well
    if b"<!DOCTYPE" in flat or b"<!ENTITY" in flat:
        raise Fault("damaged")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Fault("damaged") from error
    if root is None or etree.ElementTree(root).docinfo.internalDTD is not None:
        raise Fault("damaged")
    return root


# Reading order


def _story(element: etree._Element, depth: int) -> Iterator[Row]:
    if depth > _DEEPEST:
        return
    for child in _shown(element):
        if child.tag in _P:
            text, tables = _paragraph(child, depth)
            yield False, [(text, 0, 1, False)]
            for table in tables:
                yield from _table(table, depth + 1)
        elif child.tag in _TBL:
            yield from _table(child, depth + 1)
        else:
            yield from _story(child, depth + 1)


def _table(table: etree._Element, depth: int) -> Iterator[Row]:
    for row in _within(table, _TR, depth):
        inner: list[etree._Element] = []
        cells: list[Cell] = []
        column = _number(_property(row, "trPr", "gridBefore"), 0)
        for cell in _within(row, _TC, depth):
            span = max(1, _number(_property(cell, "tcPr", "gridSpan"), 1))
            continued = _continues(_property(cell, "tcPr", "vMerge")) or _continues(_property(cell, "tcPr", "hMerge"))
            cells.append((_words(cell, inner, depth), column, span, continued))
            column += span
        yield True, cells
        for table_inside in inner:
            yield from _table(table_inside, depth + 1)


def _within(element: etree._Element, wanted: frozenset[str], depth: int) -> Iterator[etree._Element]:
    """The rows of a table or the cells of a row, through whatever is wrapped around them."""
    if depth > _DEEPEST:
        return
    for child in _shown(element):
        if child.tag in wanted:
            yield child
        elif child.tag not in _TC:
            yield from _within(child, wanted, depth + 1)


def _words(element: etree._Element, tables: list[etree._Element], depth: int) -> str:
    """The lines of a cell or a text box; the tables inside of it are put aside to be read after it."""
    lines: list[str] = []
    for child in _shown(element):
        if child.tag in _P:
            text, inner = _paragraph(child, depth)
            lines.append(text)
            tables.extend(inner)
        elif child.tag in _TBL:
            tables.append(child)
        elif depth <= _DEEPEST:
            lines.append(_words(child, tables, depth + 1))
    return "\n".join(lines)


def _paragraph(paragraph: etree._Element, depth: int) -> tuple[str, list[etree._Element]]:
    """What a reader sees of a paragraph, its text boxes included, and the tables in them."""
    pieces: list[str] = []
    tables: list[etree._Element] = []
    _runs(paragraph, pieces, tables, depth)
    return "".join(pieces), tables


def _runs(element: etree._Element, pieces: list[str], tables: list[etree._Element], depth: int) -> None:
    if depth > _DEEPEST:
        return
    font = _font(element) if element.tag in _R else ""
    for child in _shown(element):
        tag = child.tag
        if tag in _T:
            pieces.append(_drawn(child.text or "", font))
        elif tag in _TAB:
            pieces.append("\t")
        elif tag in _BREAKS:
            pieces.append("\n")
        elif tag in _HYPHEN:
            pieces.append("-")
        elif tag in _SYMBOL:
            pieces.append(_drawn(_letter(_attribute(child, "char")), _attribute(child, "font")))
        elif tag in _FIELD:
            pieces.append(_form_field(child))
        elif tag in _BOX:
            text = _words(child, tables, depth + 1)
            pieces.append(f"\n{text}" if any(pieces) else text)
        elif tag in _TBL:
            tables.append(child)
        else:
            _runs(child, pieces, tables, depth + 1)


def _shown(element: etree._Element) -> Iterator[etree._Element]:
    """The children that a reader sees: one branch of two, no deleted text, no prompt of an empty control."""
    if element.tag in _SDT:
        ticked = element.find(f"*/{{{_WORD_2010}}}checkbox/{{{_WORD_2010}}}checked")
        if ticked is not None:
            box = etree.Element(next(iter(sorted(_T))))
            box.text = _EMPTY if ticked.get(f"{{{_WORD_2010}}}val") in ("0", "false") else _TICKED
            yield box
            return
        if _property(element, "sdtPr", "showingPlcHdr") is not None:
            return
    if element.tag in _R and _on(_property(element, "rPr", "vanish")):
        return
    for child in element:
        if child.tag == _ALTERNATE:
            branches = [branch for kind in _CHOICES for branch in child if branch.tag == kind]
            yield from branches[:1]
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED:
            yield child


# Small things


def _form_field(field: etree._Element) -> str:
    """A box or a list of an old form, which has no text of its own."""
    for data in field:
        for kind in data:
            name = etree.QName(kind).localname
            if name == "checkBox":
                said = _child(kind, "checked")
                return _TICKED if _on(said if said is not None else _child(kind, "default")) else _EMPTY
            if name == "ddList":
                entries = [_attribute(entry, "val") for entry in kind if etree.QName(entry).localname == "listEntry"]
                chosen = _number(_child(kind, "result"), 0)
                return entries[chosen] if 0 <= chosen < len(entries) else ""
    return ""


def _drawn(text: str, font: str) -> str:
    """Letters of a font of signs as the signs they show."""
    signs = _WINGDINGS_2 if font == "Wingdings 2" else _WINGDINGS if font == "Wingdings" else None
    if signs is None and not any(0xF000 <= ord(letter) <= 0xF0FF for letter in text):
        return text
    either = signs or {**_WINGDINGS, **_WINGDINGS_2}
    return "".join(either.get(ord(letter) & 0xFF, letter) if _is_sign(letter, font) else letter for letter in text)


def _is_sign(letter: str, font: str) -> bool:
    return 0xF000 <= ord(letter) <= 0xF0FF or (ord(letter) < 0x100 and font.startswith("Wingdings"))


def _letter(code: str) -> str:
    try:
        return chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""


def _font(run: etree._Element) -> str:
    fonts = _property(run, "rPr", "rFonts")
    return "" if fonts is None else _attribute(fonts, "ascii") or _attribute(fonts, "hAnsi")


def _property(element: etree._Element, group: str, name: str) -> etree._Element | None:
    properties = _child(element, group)
    return None if properties is None else _child(properties, name)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((found for tag in _tags(name) if (found := element.find(tag)) is not None), None)


def _attribute(element: etree._Element, name: str) -> str:
    return next((value for tag in _tags(name) if (value := element.get(tag))), "")


def _number(element: etree._Element | None, otherwise: int) -> int:
    value = "" if element is None else _attribute(element, "val")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 4 else otherwise


def _continues(merge: etree._Element | None) -> bool:
    return merge is not None and _attribute(merge, "val") in ("", "continue")


def _on(element: etree._Element | None) -> bool:
    return element is not None and _attribute(element, "val") not in ("0", "false", "off", "none")


def main() -> None:
    """Limit myself, read, answer."""
    confine(cpu=CPU_SECONDS, memory=MEMORY)
    try:
        answer: dict[str, object] = {"rows": rows_of_docx(sys.stdin.buffer.read())}
    except Fault as fault:
        answer = {"fault": str(fault)}
    except (MemoryError, RecursionError):
        answer = {"fault": "large"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
