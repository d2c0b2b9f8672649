"""Finds the required parts of a case document by their headings, in whatever form a teacher wrote them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.validation.domain.reading import Paragraph

LONGEST_HEADING = 24  # characters left after the number is taken off

_NUMERALS = "一二三四五六七八九十百零〇壹贰叁肆伍"
_LETTER = r"[IVXivx]{1,4}(?=[.、,:)\s])|[A-Ha-h](?=[.、,:)])"
_NUMBER = rf"(?:[0-9]{{1,2}}(?:\.[0-9]{{1,2}}){{0,3}}|[{_NUMERALS}]{{1,3}}|{_LETTER})"
_UNIT = r"(?:大?部分|章节|章|节|篇|编|板块|模块|单元|块|方面)"
_CLOSE = r"[.、,:;)\]}>》】」\-—_|/~]*"
_PREFIX = re.compile(
    rf"^(?:[(\[【《<「]?第?{_NUMBER}{_UNIT}?[)\]】》>」]?{_CLOSE}|(?:{_UNIT}|part|chapter){_NUMBER}{_CLOSE}|[•·●○■□◆◇▲△★☆※✓✔§#*>\-—–~]+)",
    re.IGNORECASE,
)
_TYPED_NUMBER = re.compile(rf"^[(\[【]?(?:第{_NUMBER}|{_NUMBER}{_UNIT}?[)\]】.、,:]|[(\[【]{_NUMBER}|{_UNIT}{_NUMBER})")
_EDGES = " \t\u3000()[]{}【】《》<>「」『』“”\"'‘’:;,.。、!?~—–-_=*#|·•●■◆★…"
_LEADERS = re.compile(r"(?:[.…·_\-—]{3,}|\t)\s*[0-9]{1,3}\s*$")
_SENTENCE = re.compile(r"[。！？；!?;，,]")
_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD), "")
# The end of a heading that shares its paragraph with the text: 基本情况：我校位于……
_RUN_IN = re.compile(r"^(.{2,32}?)(?:[:：。]|\s{2,}|——)\s*(?=\S)")

# Words that add nothing to what a heading is about; longest first where one holds another.
_FILLERS = (
    "国家中小学智慧教育平台", "教师研修", "工作室", "校本研修", "区域研修", "本案例", "案例", "项目", "研修",
    "学校", "区域", "幼儿园", "我校", "我区", "我县", "我市", "我园", "本校", "本区", "本县", "本市", "本园",
    "平台", "活动", "工作", "建设", "应用", "实施", "开展", "推进", "具体", "主要", "相关", "有关", "典型",
    "简要", "整体", "总体", "取得", "形成", "介绍", "概述", "简介", "说明", "总结", "分析", "描述", "阐述",
    "部分", "情况", "内容", "方面", "及其", "以及", "之处", "教学", "教育", "教研", "培训", "的", "及", "与",
    "和", "其", "、", "·", "/", "&", "+", ",", "，", "-", "—", "(", ")", ":", "本", "该", "之",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SoughtPart:
    """A part the notice asks for. `names` mean it whole; `hints` mean it inside a line that is plainly a heading."""

    code: str
    names: tuple[str, ...]
    hints: tuple[str, ...] = ()

    @classmethod
    def named(cls, code: str, names: Sequence[str]) -> SoughtPart:
        """A part by the names a campaign gives it; 过程与举措 hints at 过程 and 举措."""
        cores = tuple(dict.fromkeys(core for name in names if (core := core_of(name))))
        pieces = (piece for name in cores for piece in re.split("[与和及、]", name) if len(piece) > 1)
        return cls(code=code, names=cores, hints=tuple(dict.fromkeys(pieces)))


@dataclass(frozen=True, kw_only=True)
class FoundPart:
    """A part and the heading it was recognised by; `empty` means no text stands below."""

    code: str
    heading: str
    where: str
    empty: bool


@dataclass(frozen=True)
class _Heading:
    at: int
    line: str
    where: str
    codes: frozenset[str]
    text_behind: int  # characters of the paragraph that follow the heading in its own line


def find_parts(paragraphs: Sequence[Paragraph], parts: Sequence[SoughtPart]) -> tuple[FoundPart, ...]:
    """The recognised parts in the order of `parts`; a part that is absent was not recognised."""
    headings = list(_headings(paragraphs, parts))
    weights = [len(re.sub(r"\s", "", paragraph.text)) for paragraph in paragraphs]
    found: list[FoundPart] = []
    for part in parts:
        named = [n for n, heading in enumerate(headings) if part.code in heading.codes]
        candidates = [(_body(headings, n, weights), -n) for n in named]
        if not candidates:
            continue
        body, negative = max(candidates)  # a table of contents has the heading too, but no text under it
        heading = headings[-negative]
        found.append(FoundPart(code=part.code, heading=heading.line, where=heading.where, empty=body == 0))
    return tuple(found)


def _body(headings: Sequence[_Heading], n: int, weights: Sequence[int]) -> int:
    """Characters between this heading and the next heading of a part, sub-headings counted."""
    here = headings[n]
    following = next((h for h in headings[n + 1 :] if h.codes != here.codes), None)
    end = following.at if following else len(weights)
    if following and following.at == here.at:  # two headings in one paragraph: the text between is unknown, not absent
        return 1
    return here.text_behind + sum(weights[here.at + 1 : end])


def _headings(paragraphs: Sequence[Paragraph], parts: Sequence[SoughtPart]) -> Iterator[_Heading]:
    for at, paragraph in enumerate(paragraphs):
        if paragraph.contents or not paragraph.text.strip():
            continue
        lines = [line for line in re.split(r"[\n\v\f\r]", paragraph.text) if line.strip()]
        for number, line in enumerate(lines):
            rest = sum(len(after.strip()) for after in lines[number + 1 :])
            alone = len(lines) == 1
            codes = _parts_named(line, paragraph, alone, parts)
            behind = 0
            if not codes:
                codes, behind = _run_in(line, parts)
            if codes:
                yield _Heading(at, line.strip()[:60], paragraph.where, codes, rest + behind)


def _parts_named(line: str, paragraph: Paragraph, alone: bool, parts: Sequence[SoughtPart]) -> frozenset[str]:
    """The parts a whole line names, or none if it is not a heading."""
    if _LEADERS.search(line):
        return frozenset()
    marked = paragraph.styled or paragraph.bold or (paragraph.numbered and alone) or has_typed_number(line)
    core = core_of(line)
    if not core or len(core) > LONGEST_HEADING:
        return frozenset()
    return frozenset(part.code for part in parts if _names(core, part, parts, marked=marked))


def _run_in(line: str, parts: Sequence[SoughtPart]) -> tuple[frozenset[str], int]:
    """A heading at the start of its own paragraph: only a part's own name is believed here."""
    match = _RUN_IN.match(_numberless(line)) if len(line) > 4 else None
    if match is None or len(core_of(match[1])) > LONGEST_HEADING:
        return frozenset(), 0
    core = core_of(match[1])
    codes = frozenset(part.code for part in parts if _names(core, part, parts, marked=False))
    return codes, max(1, len(line) - len(match[0])) if codes else 0


def _names(core: str, part: SoughtPart, parts: Sequence[SoughtPart], *, marked: bool) -> bool:
    """Whether a core means this part: its name with nothing but fillers around, or a hint in a marked line."""
    names = part.names
    if core in names:
        return True
    if _SENTENCE.search(core):
        return False
    if marked and any(hint in core for hint in (*names, *part.hints)):
        return True
    return any(name in core for name in names) and _only_fillers(core, parts)


def _only_fillers(core: str, parts: Sequence[SoughtPart]) -> bool:
    """Whether nothing is left of a heading without the parts' names and words that say nothing."""
    words = {word for part in parts for word in (*part.names, *part.hints)}
    for word in sorted(words, key=len, reverse=True):
        core = core.replace(word, "")
    for filler in _FILLERS:
        core = core.replace(filler, "")
    return not core


def has_typed_number(line: str) -> bool:
    """Whether a line starts with a number typed by hand: 一、（一）1. 1) ① 第一部分."""
    return _TYPED_NUMBER.match(_plain(line)) is not None


def core_of(line: str) -> str:
    """A heading without number, brackets, spaces and trailing marks, in NFKC."""
    return re.sub(r"\s", "", _numberless(line)).strip(_EDGES)


def _plain(line: str) -> str:
    # ① ⑴ ⒈ Ⅰ ㈠ and full-width forms become plain characters; 、 and 。 stay.
    first, rest = line.strip()[:1], line.strip()[1:]
    folded = unicodedata.normalize("NFKC", first)
    mark = "." if first != folded and folded.isalnum() and unicodedata.category(first) in ("No", "Nl") else ""
    return (folded + mark + unicodedata.normalize("NFKC", rest)).translate(_INVISIBLE).strip()


def _numberless(line: str) -> str:
    text = _plain(line[:200])
    for _ in range(3):  # 第一部分 一、基本情况
        shorter = _PREFIX.sub("", text, count=1).lstrip()
        if shorter == text or not shorter:
            break
        text = shorter
    return text
