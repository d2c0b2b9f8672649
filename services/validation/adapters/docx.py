"""Reads the words of a .docx: text boxes once, merged cells once, insertions yes, deletions no, no headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from services.validation.adapters.package import Package
from services.validation.adapters.xml_parts import parse
from services.validation.domain.findings import Code, Sign
from services.validation.domain.reading import Paragraph, WordText

_SPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_MATH = (
    "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "http://purl.oclc.org/ooxml/officeDocument/math",
)
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def _tags(*names: str) -> frozenset[str]:
    return frozenset(f"{{{space}}}{name}" for space in _SPACES for name in names)


_P, _R, _T, _TBL, _TR, _TC = _tags("p"), _tags("r"), _tags("t"), _tags("tbl"), _tags("tr"), _tags("tc")
_SKIPPED = _tags("del", "moveFrom", "instrText", "delText", "delInstrText", "rt", "pPr", "rPr", "tblPr", "sectPr")
_SKIPPED |= _tags("trPr", "tblGrid", "sdtPr", "sdtEndPr", "tcPr")
_BREAKS, _TAB, _HYPHEN, _SYMBOL = _tags("br", "cr"), _tags("tab", "ptab"), _tags("noBreakHyphen"), _tags("sym")
_BOX = _tags("txbxContent")
_ALTERNATE = f"{{{_COMPATIBILITY}}}AlternateContent"
_CHOICES = (f"{{{_COMPATIBILITY}}}Choice", f"{{{_COMPATIBILITY}}}Fallback")
_MATH_TEXT = frozenset(f"{{{space}}}t" for space in _MATH)
_DEEPEST = 200
_FIELD_LINK = re.compile(r"\b(DDE|DDEAUTO)\b", re.IGNORECASE)
_FIELD_FETCH = re.compile(r"\b(?:INCLUDETEXT|INCLUDE|IMPORT)\b.*?(?:https?:|ftp:|\\\\\\\\)", re.IGNORECASE)
_HEADING_NAME = re.compile(r"^(?:heading|标题|title)\s*[1-9]?$", re.IGNORECASE)
_CONTENTS_NAME = re.compile(r"^(?:toc|目录)\s*(?:[1-9]|heading)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Style:
    """What a paragraph style says about headings, its ancestors included."""

    heading: bool = False
    bold: bool = False
    numbered: bool = False
    contents: bool = False


@dataclass
class _Words:
    """A paragraph while its runs are read."""

    text: list[str] = field(default_factory=list)
    bold: list[bool] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)


class _Walk:
    """One pass over a story (body, notes), collecting paragraphs and text that may not count."""

    def __init__(self, styles: dict[str, Style], default: str) -> None:
        self._styles, self._default = styles, default
        self.paragraphs: list[Paragraph] = []
        self.uncertain: list[str] = []
        self._tables = 0

    def story(self, element: etree._Element, where: str = "", depth: int = 0) -> None:
        """Paragraphs of a container, in reading order."""
        if depth > _DEEPEST:
            return
        rows = 0
        if element.tag in _TBL:
            self._tables += 1
        table = self._tables
        for child in element:
            tag = child.tag
            if tag in _P:
                self._paragraph(child, where, depth)
            elif tag in _SKIPPED or not isinstance(tag, str):
                continue
            elif tag in _TR:
                rows += 1
                self.story(child, f"表格{table}第{rows}行", depth + 1)
            elif tag == _ALTERNATE:
                self.story(_chosen(child), where, depth + 1)
            else:
                self.story(child, where, depth + 1)

    def _paragraph(self, element: etree._Element, where: str, depth: int) -> None:
        words = _Words()
        style, outlined, numbered = self._look(element)
        self._runs(element, words, style.bold, depth)
        text = "".join(words.text)
        if text.strip():
            number = len(self.paragraphs) + 1
            self.paragraphs.append(
                Paragraph(
                    text=text,
                    styled=style.heading or outlined,
                    bold=bool(words.bold) and all(words.bold),
                    numbered=numbered or style.numbered,
                    contents=style.contents,
                    where=where or f"第{number}段",
                )
            )
        for box in words.boxes:
            self.story(box, "文本框", depth + 1)

    def _look(self, paragraph: etree._Element) -> tuple[Style, bool, bool]:
        properties = _child(paragraph, "pPr")
        if properties is None:
            return self._styles.get(self._default, Style()), False, False
        named = _value(_child(properties, "pStyle")) or self._default
        level, number = _value(_child(properties, "outlineLvl")), _child(properties, "numPr")
        numbered = number is not None and _value(_child(number, "numId")) != "0"
        return self._styles.get(named, Style()), level.isdigit() and int(level) < 9, numbered

    def _runs(self, element: etree._Element, words: _Words, bold: bool, depth: int) -> None:
        if depth > _DEEPEST:
            return
        for child in element:
            tag = child.tag
            if tag in _R:
                properties = _child(child, "rPr")
                if properties is not None and _on(_child(properties, "vanish")):
                    self.uncertain.append("".join(_texts(child)))
                    continue
                self._run(child, words, _bold(properties, bold), depth + 1)
            elif tag in _BOX:
                words.boxes.append(child)
            elif tag in _MATH_TEXT:
                self.uncertain.append(child.text or "")
            elif tag == _ALTERNATE:
                self._runs(_chosen(child), words, bold, depth + 1)
            elif tag in _TBL:  # a table inside a paragraph, as some converters write
                self.story(child, "表格", depth + 1)
            elif isinstance(tag, str) and tag not in _SKIPPED:
                self._runs(child, words, bold, depth + 1)

    def _run(self, run: etree._Element, words: _Words, bold: bool, depth: int) -> None:
        for child in run:
            tag = child.tag
            if tag in _T:
                if child.text:
                    words.text.append(child.text)
                    if child.text.strip():
                        words.bold.append(bold)
            elif tag in _TAB:
                words.text.append("\t")
            elif tag in _BREAKS:
                words.text.append("\n")
            elif tag in _HYPHEN:
                words.text.append("-")
            elif tag in _SYMBOL:
                words.text.append(_symbol(child))
            elif tag in _TBL:
                self.story(child, "表格", depth + 1)
            elif tag in _P:
                self._paragraph(child, "", depth + 1)
            elif tag in _BOX:
                words.boxes.append(child)
            elif tag == _ALTERNATE:
                self._run(_chosen(child), words, bold, depth + 1)
            elif isinstance(tag, str) and tag not in _SKIPPED:
                self._run_or_shape(child, words, bold, depth)

    def _run_or_shape(self, child: etree._Element, words: _Words, bold: bool, depth: int) -> None:
        if len(child) and depth < _DEEPEST:  # drawings, pictures, ruby bases: text lies deeper
            self._runs(child, words, bold, depth + 1)


def words_of(package: Package) -> WordText:
    """The words of a document's body; notes, hidden text and formulas are set apart as uncertain."""
    styles, default = _styles(package)
    root = parse(package.archive.read(package.main), package.main)
    body = next((child for child in root if child.tag in _tags("body")), None)
    walk = _Walk(styles, default)
    if body is not None:
        walk.story(body)
    uncertain = [text for text in walk.uncertain if text.strip()]
    for relation in package.relations(package.main):
        name = None if relation.external else package.part(relation.target)
        if name is not None and relation.kind in ("footnotes", "endnotes"):
            uncertain.extend(_notes(parse(package.archive.read(name), name), styles))
    return WordText(paragraphs=tuple(walk.paragraphs), uncertain=tuple(uncertain))


def field_signs(package: Package) -> Iterator[Sign]:
    """DDE and remote includes, which live in field text and in no relationship."""
    root = parse(package.archive.read(package.main), package.main)
    codes = ["".join(t.text or "" for t in root.iter(*_tags("instrText")))]
    codes += [_attribute(element, "instr") for element in root.iter(*_tags("fldSimple"))]
    for code in codes:
        if _FIELD_LINK.search(code):
            yield Sign(code=Code.EXTERNAL_REFERENCE, what="DDE 链接")
            return
        if _FIELD_FETCH.search(code):
            yield Sign(code=Code.EXTERNAL_REFERENCE, what="插入的外部文件")
            return


def _notes(root: etree._Element, styles: dict[str, Style]) -> Iterator[str]:
    for note in root:
        kind = next((value for name, value in note.attrib.items() if str(name).endswith("}type")), "normal")
        if kind == "normal":
            walk = _Walk(styles, "")
            walk.story(note)
            yield from (paragraph.text for paragraph in walk.paragraphs)


def _styles(package: Package) -> tuple[dict[str, Style], str]:
    """Paragraph styles by id with what they inherit, and the default one's id."""
    target = next((r.target for r in package.relations(package.main) if r.kind == "styles" and not r.external), None)
    name = package.part(target) if target else None
    if name is None:
        return {}, ""
    raw: dict[str, tuple[str, Style]] = {}
    default = ""
    for element in parse(package.archive.read(name), name):
        if element.tag not in _tags("style") or _attribute(element, "type") not in ("paragraph", ""):
            continue
        id_ = _attribute(element, "styleId")
        raw[id_] = (_value(_child(element, "basedOn")), _own_style(element))
        if _attribute(element, "default") in ("1", "true", "on"):
            default = id_
    return {id_: _inherited(id_, raw) for id_ in raw}, default


def _own_style(element: etree._Element) -> Style:
    properties, run = _child(element, "pPr"), _child(element, "rPr")
    name = _value(_child(element, "name"))
    level = _value(_child(properties, "outlineLvl")) if properties is not None else ""
    return Style(
        heading=bool(_HEADING_NAME.match(name)) or (level.isdigit() and int(level) < 9),
        bold=_bold(run, False),
        numbered=properties is not None and _child(properties, "numPr") is not None,
        contents=bool(_CONTENTS_NAME.match(name)),
    )


def _inherited(id_: str, raw: dict[str, tuple[str, Style]]) -> Style:
    chain: list[Style] = []
    seen: set[str] = set()
    while id_ in raw and id_ not in seen:
        seen.add(id_)
        base, style = raw[id_]
        chain.append(style)
        id_ = base
    own = chain[0]
    return Style(
        heading=any(style.heading for style in chain),
        bold=any(style.bold for style in chain),
        numbered=any(style.numbered for style in chain),
        contents=own.contents,
    )


def _chosen(alternate: etree._Element) -> etree._Element:
    """The branch a modern Word shows; the other holds the same words once more."""
    branches = [child for kind in _CHOICES for child in alternate if child.tag == kind]
    return branches[0] if branches else alternate


def _texts(element: etree._Element) -> Iterator[str]:
    return (node.text or "" for node in element.iter(*_T))


def _child(element: etree._Element, name: str) -> etree._Element | None:
    for space in _SPACES:
        found = element.find(f"{{{space}}}{name}")
        if found is not None:
            return found
    return None


def _attribute(element: etree._Element, name: str) -> str:
    return next((value for space in _SPACES if (value := element.get(f"{{{space}}}{name}"))), "")


def _value(element: etree._Element | None) -> str:
    return _attribute(element, "val") if element is not None else ""


def _on(element: etree._Element | None) -> bool:
    return element is not None and _value(element) not in ("0", "false", "off", "none")


def _bold(properties: etree._Element | None, inherited: bool) -> bool:
    if properties is None:
        return inherited
    element = _child(properties, "b")
    return inherited if element is None else _on(element)


def _symbol(element: etree._Element) -> str:
    try:
        return chr(int(_attribute(element, "char"), 16))
    except (ValueError, OverflowError):
        return ""
