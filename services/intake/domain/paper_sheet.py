"""附表1 as people fill it in with Word: found in rows of cells, however they laid it out; what is doubtful is named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.intake.domain.mobile import is_mobile, normal_mobile
from services.intake.domain.ticked import ticked_category
from shared.campaign.model import Campaign
from shared.counting import count
from shared.text import legible

MOST_PEOPLE = 6
"""So many authors are taken from a file; the notice allows three, a person decides who stays."""

SECTIONS: dict[str, tuple[str, ...]] = {
    "title": ("案例名称", "案例题目", "案例标题", "案例名"),
    "people": ("作者信息", "作者", "作者情况", "作者基本信息", "案例作者"),
    "category": ("案例类型", "案例类别", "案例种类", "类型", "类别"),
    "summary": ("案例概述", "案例简介", "案例摘要", "概述", "案例概况"),
    "rest": ("作者声明", "声明", "共享提示", "作者签名", "日期", "附表1", "附表2", "注"),
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "作者姓名", "作者"),
    "unit": ("工作单位", "单位", "所在单位", "单位名称", "工作单位全称", "单位全称"),
    "title": ("职称/职务", "职称职务", "职务/职称", "职务职称", "职称、职务", "职称或职务", "职称", "职务"),
    "mobile": ("手机", "手机号", "手机号码", "移动电话", "联系电话", "电话", "联系方式", "联系手机"),
    "number": ("序号", "排序", "署名顺序"),
}
LABELS = {"title": "案例名称", "category": "案例类型", "summary": "案例概述", "people": "作者信息"}
FIELDS = {"name": "姓名", "unit": "工作单位", "title": "职称/职务", "mobile": "手机"}
HOST = "（工作室主持人）"
"""Printed after the name of a studio's host, and read there."""


@dataclass(frozen=True)
class Cell:
    """A cell's lines, its place in the grid, and whether it only continues the merged cell above."""

    text: str
    start: int = 0
    span: int = 1
    continued: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table, or a paragraph outside of tables as one cell."""

    table: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class PaperAuthor:
    """One author as the paper has it."""

    name: str = ""
    unit: str = ""
    title: str = ""
    mobile: str = ""
    host: bool = False


@dataclass(frozen=True, kw_only=True)
class PaperSheet:
    """What was read. ``category`` is a code of the campaign; ``unread`` names what was not read, or is doubtful."""

    title: str = ""
    category: str = ""
    summary: str = ""
    authors: tuple[PaperAuthor, ...] = ()
    unread: tuple[str, ...] = ()
    recognised: bool = False


def read_sheet(rows: Iterable[Row], campaign: Campaign) -> PaperSheet:
    """The sheet in these rows; nothing is cut short, whatever the limits."""
    found = _Found()
    for row in rows:
        found.take(row)
    title, summary = _on_one_line(found.text("title")), _summary(found.text("summary"))
    category, doubt = ticked_category(found.text("category"), campaign)
    people = tuple(_author(each) for each in found.authors())
    unread = [_absent(found, name) for name, value in (("title", title), ("summary", summary)) if not value]
    if doubt:
        unread.append(f"案例类型：{doubt}" if "category" in found.labels else _absent(found, "category"))
    unread += _people_doubts(found, people, campaign.limits.authors)
    words, limit = count(summary).low, campaign.limits.summary_words
    if words > limit:
        unread.append(f"案例概述：文件中有{words}字，超过{limit}字，已全文读取，请删去至少{words - limit}字后再报送。")
    return PaperSheet(
        title=title,
        category=category,
        summary=summary,
        authors=people[:MOST_PEOPLE],
        unread=tuple(unread),
        recognised=len(found.labels & set(LABELS)) >= 2,
    )


def _absent(found: _Found, name: str) -> str:
    said = "文件中这一栏没有填写。" if name in found.labels else "文件中没有找到这一栏。"
    return f"{LABELS[name]}：{said}"


def _people_doubts(found: _Found, people: Sequence[PaperAuthor], limit: int) -> list[str]:
    if not people:
        return [_absent(found, "people")]
    doubts = []
    if len(people) > limit:
        doubts.append(f"作者信息：文件中有{len(people)}位作者，每件案例不超过{limit}人，请核对。")
    if len(people) > MOST_PEOPLE:
        doubts.append(f"作者信息：第{MOST_PEOPLE + 1}位起的作者没有读取。")
    for place, person in enumerate(people[:MOST_PEOPLE], start=1):
        missing = [words for name, words in FIELDS.items() if not getattr(person, name)]
        if missing:
            doubts.append(f"第{place}位作者：没有读到{'、'.join(missing)}。")
        if person.mobile and not is_mobile(person.mobile):
            doubts.append(f"第{place}位作者：手机“{person.mobile}”不是11位手机号，请核对。")
    return doubts


# Finding it


@dataclass
class _Found:
    """What has been gathered so far, row by row."""

    labels: set[str] = field(default_factory=set)
    texts: dict[str, list[str]] = field(default_factory=dict)
    people: list[dict[str, list[str]]] = field(default_factory=list)
    columns: list[tuple[int, int, str]] = field(default_factory=list)
    section: str = ""
    in_table: bool = False

    def text(self, name: str) -> str:
        return "\n".join(self.texts.get(name, [])).strip()

    def authors(self) -> list[dict[str, str]]:
        """Each author's fields; lines of one row that are several people are several."""
        told = [{name: "\n".join(parts) for name, parts in person.items()} for person in self.people]
        return [each for person in told if any(value.strip() for value in person.values()) for each in _apart(person)]

    def take(self, row: Row) -> None:
        """Understand one more row."""
        if self.in_table and not row.table:
            self.section, self.columns = "", []
        self.in_table = row.table
        cells = list(row.cells)
        carried = bool(cells) and cells[0].continued
        if carried:
            cells = [cell for cell in cells if not cell.continued]
        elif cells and not self._is_heading(cells):
            cells = self._begun(cells)
        if self.section == "people" or self._is_heading(cells):
            self._person(cells)
        elif self.section:
            self._words(cells)

    def _begun(self, cells: list[Cell]) -> list[Cell]:
        """What is left of a row once its label, if it has one, has said which section begins."""
        label = _named(cells[0].text, SECTIONS)
        split = None if label else _LABELLED.match(cells[0].text)
        if label:
            rest = cells[1:]
        elif split and (split[3].strip() or len(cells) == 1):
            label = _named(split[1], SECTIONS)
            rest = [Cell(split[3], cells[0].start, cells[0].span), *cells[1:]]
        if not label:
            if _named(cells[0].text, COLUMNS) == "name" or any(name == "name" for name, _ in _pairs_in(cells[0].text)):
                self.section = "people"
                self.labels.add("people")
            return cells
        if label != "people" or self.section != "people":  # a label repeated beside every author begins nothing
            self.section, self.columns = label, []
        self.labels.add(label)
        return rest

    def _words(self, cells: Sequence[Cell]) -> None:
        """Text of a section; a label further on in the row begins the next one."""
        for place, cell in enumerate(cells):
            label = _named(cell.text, SECTIONS) if place else ""
            if label:
                self._begun([cell])
            elif cell.text.strip() or len(cells) == 1:
                self.texts.setdefault(self.section, []).append(cell.text)

    @staticmethod
    def _is_heading(cells: Sequence[Cell]) -> bool:
        """Whether these are the names of the columns: two or more, 姓名 among them, and nothing that is a value."""
        named = [_named(cell.text, COLUMNS) for cell in cells]
        first_is_section = bool(cells) and _named(cells[0].text, SECTIONS) == "people" and named[1:].count("name") == 1
        values = [c for c, name in zip(cells, named, strict=True) if c.text.strip() and not name]
        if first_is_section:
            values = [cell for cell in values if cell is not cells[0]]
        return "name" in named and len([name for name in named if name]) >= 2 and not values

    def _person(self, cells: Sequence[Cell]) -> None:
        if self._is_heading(cells):
            if _named(cells[0].text, SECTIONS) == "people" and any(
                _named(c.text, COLUMNS) == "name" for c in cells[1:]
            ):
                cells = cells[1:]
            self.section = "people"
            self.labels.add("people")
            self.columns = [(cell.start, cell.start + cell.span, _named(cell.text, COLUMNS)) for cell in cells]
        elif self.columns:
            self._person_in_columns(cells)
        else:
            self._person_in_pairs(cells)

    def _person_in_columns(self, cells: Sequence[Cell]) -> None:
        person: dict[str, list[str]] = {}
        for cell in cells:
            over = [
                (min(end, cell.start + cell.span) - max(start, cell.start), name) for start, end, name in self.columns
            ]
            wide, name = max(over, key=lambda pair: pair[0])
            if wide > 0 and name:
                person.setdefault(name, []).append(cell.text)
        if not any(person.get("name", [])) and len(cells) == len(self.columns):
            person = {}
            for cell, (_, _, name) in zip(cells, self.columns, strict=True):
                person.setdefault(name, []).append(cell.text)
        self.people.append(person)

    def _person_in_pairs(self, cells: Sequence[Cell]) -> None:
        """Label and value in neighbouring cells, or in one with a colon; 姓名 begins the next author."""
        waiting = ""
        for cell in cells:
            pairs = _pairs_in(cell.text)
            column = "" if waiting else _named(cell.text, COLUMNS)
            for name, value in pairs or ([(waiting, cell.text)] if waiting else []):
                if name == "name" or not self.people:
                    self.people.append({})
                self.people[-1].setdefault(name, []).append(value)
            waiting = "" if pairs or waiting else column


def _bare(text: str) -> str:
    """A label as it is compared: without brackets and what is in them, spaces, colons, a leading number."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text[:200]))
    plain = re.sub(r"[(\[【〔].*?[)\]】〕]", "", plain).replace(":", "").strip("*＊")
    return re.sub(r"^(?:[一二三四五六七八九十]+|[0-9]+)[、.．)]", "", plain)


def _named(text: str, labels: dict[str, tuple[str, ...]]) -> str:
    bare = _bare(text) if len(text) <= 200 else ""
    return next((name for name, spellings in labels.items() if bare in spellings), "") if bare else ""


def _spaced(labels: Iterable[str]) -> str:
    """A pattern for labels whose letters may stand apart, the longest first: 案 例 名 称."""
    return "|".join(r"\s*".join(map(re.escape, label)) for label in sorted(labels, key=len, reverse=True))


_ANY_SECTION = _spaced(label for labels in SECTIONS.values() for label in labels)
_ANY_COLUMN = _spaced(label for labels in COLUMNS.values() for label in labels)
_NUMBER = r"(?:[一二三四五六七八九十\d]+\s*[、.．)）])?"
_LABELLED = re.compile(rf"\s*{_NUMBER}\s*({_ANY_SECTION})\s*([（(][^（）()]*[)）])?\s*[:：\n](.*)", re.DOTALL)
_PAIR = re.compile(rf"(?:^|(?<=[\s,，;；、]))({_ANY_COLUMN})\s*[:：]")
_HINT = re.compile(r"[（(]\s*根据选择的案例类型[^（）()]*[)）]")


def _pairs_in(text: str) -> list[tuple[str, str]]:
    hits = list(_PAIR.finditer(text))
    ends = [*(hit.start() for hit in hits[1:]), len(text)][: len(hits)]
    pairs = [(_named(hit[1], COLUMNS), text[hit.end() : end]) for hit, end in zip(hits, ends, strict=True)]
    return [(name, value.strip(" \t\u3000,，;；")) for name, value in pairs]


# Tidying it


def _on_one_line(text: str) -> str:
    """Lines that a narrow cell broke, put together again: without a space where Chinese stands on a side."""
    lines = [line.strip() for line in legible(text).replace("\t", " ").split("\n")]
    whole = ""
    for line in filter(None, lines):
        apart = bool(whole) and whole[-1].isascii() and line[0].isascii()
        whole += f" {line}" if apart else line
    return whole


def _summary(text: str) -> str:
    """The summary without the hint that the form prints in its place."""
    return _HINT.sub("", legible(text), count=1).strip()


def _apart(person: dict[str, str]) -> list[dict[str, str]]:
    """One row in which people wrote several authors, a line each: as many lines everywhere, and each has a mobile."""
    lines = {name: [line.strip() for line in value.split("\n") if line.strip()] for name, value in person.items()}
    mobiles = lines.get("mobile", [])
    many = len(mobiles)
    if many < 2 or not all(map(is_mobile, mobiles)) or any(len(each) != many for each in lines.values()):
        return [person]
    return [{name: each[place] for name, each in lines.items()} for place in range(many)]


_HOST = re.compile(r"\s*[（(]\s*(?:线上)?(?:名师|名校长)?(?:工作室)?\s*主持人\s*[)）]\s*")


def _author(told: dict[str, str]) -> PaperAuthor:
    name = _on_one_line(told.get("name", ""))
    host = bool(_HOST.search(name))
    name = _HOST.sub("", name)
    if re.fullmatch(r"[\u4e00-\u9fff](?:\s+[\u4e00-\u9fff]){1,3}", name):  # 张　三 is 张三
        name = "".join(name.split())
    return PaperAuthor(
        name=name,
        unit=_on_one_line(told.get("unit", "")),
        title=_on_one_line(told.get("title", "")),
        mobile=_mobile(told.get("mobile", "")),
        host=host,
    )


def _mobile(written: str) -> str:
    return normal_mobile(written) if is_mobile(written) else _on_one_line(written)
