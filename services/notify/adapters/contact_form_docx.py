"""The rows of cells of a Word document (.docx), read within limits and without following anything outside of it."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from lxml import etree

from shared.trouble import Unreadable

MOST_XML = 8 * 1024 * 1024
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"


def rows_of_docx(content: bytes) -> list[tuple[str, ...]]:
    """Every table row as its cells, every paragraph outside of tables as one cell. Unreadable when it is no .docx."""
    root = _parsed(_main_part(content))
    prefix = _STRICT if root.tag.startswith(_STRICT) else _W
    return list(_rows(root, prefix))


def _main_part(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("word/document.xml") as part:
            xml = part.read(MOST_XML + 1)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError) as error:
        raise Unreadable(f"not a .docx: {type(error).__name__}") from error
    if len(xml) > MOST_XML:
        raise Unreadable("the document is larger than a form can be")
    return xml


def _parsed(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("the document's XML is broken") from error
    if "<!DOCTYPE" in xml[:4096].decode("ascii", "ignore").upper():
        raise Unreadable("a document type declaration has no place in a .docx")
    return root


def _rows(root: etree._Element, w: str) -> Iterator[tuple[str, ...]]:
    for element in root.iter(f"{w}tr", f"{w}p"):
        if element.tag == f"{w}tr":
            if element.find(f".//{w}tbl") is None:
                yield tuple(_text(cell, w) for cell in element.iter(f"{w}tc"))
        elif not any(above.tag == f"{w}tc" for above in element.iterancestors()):
            yield (_text(element, w),)


def _text(element: etree._Element, w: str) -> str:
    """The text a reader sees; deleted text is not in ``t``, tabs, breaks and paragraph ends are spaces."""
    parts = []
    for each in element.iter(f"{w}t", f"{w}tab", f"{w}br", f"{w}p"):
        parts.append(each.text or "" if each.tag == f"{w}t" else " ")
    return "".join(parts).strip()
