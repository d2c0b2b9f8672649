"""Counts 字 the way Word's status bar does, as near as that can be known from text alone.

Word's 字数 is 中文字符 + 非中文单词: each East Asian character or mark is one, and each unbroken run of anything else
(``2024``, ``06/30/2003``, ``#####``) is one; white space is none and ends a run.

Some characters are East Asian in a Chinese font and Latin in another: “ ” ‘ ’ — … · ① ℃ → ★ and their like. Text does
not tell the font, so there are two counts: ``low`` takes all of them as Latin, part of the run they stand in (— — makes
two, —— makes one, “AI” makes one); ``high`` takes each as a character of its own. Word's figure lies between the two,
and limits are decided on the low one.

``shared/web/static/js/counting.js`` is the same rule for the page; both are held to tests/wire/counting_vectors.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_Ranges = tuple[tuple[int, int], ...]

# Nothing at all, and no break either: combining marks, zero-width and direction marks, variation selectors.
_INVISIBLE: _Ranges = (
    (0x00AD, 0x00AD),
    (0x0300, 0x036F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x20D0, 0x20FF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xE0000, 0xE0FFF),
)
# White space and control characters, among them CR, the cell mark of .doc, no-break and ideographic space.
_BREAKS: _Ranges = (
    (0x0000, 0x0020),
    (0x007F, 0x00A0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
_EAST_ASIAN: _Ranges = (
    (0x2E80, 0x2FFF),  # radicals, description characters
    (0x3001, 0xA4CF),  # punctuation, kana, bopomofo, Han, Yi
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),
    (0xFE10, 0xFE1F),
    (0xFE30, 0xFE6F),
    (0xFF01, 0xFFEF),  # full-width letters, digits and marks; half-width kana
    (0x1AFF0, 0x1B16F),
    (0x1F200, 0x1F2FF),
    (0x20000, 0x3FFFF),  # Han of the later planes
)
_EITHER: _Ranges = (
    (0x00B7, 0x00B7),
    (0x00D7, 0x00D7),
    (0x00F7, 0x00F7),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x2100, 0x27BF),  # ℃ № Ⅳ → ∑ ① ■ ★ ✓
    (0xE000, 0xF8FF),  # private use: bullets of symbol fonts, rare Han
    (0xF0000, 0x10FFFF),
)
ALL_RANGES: _Ranges = _INVISIBLE + _BREAKS + _EAST_ASIAN + _EITHER


class Count(NamedTuple):
    """字数: Word shows no less than ``low`` and no more than ``high``."""

    low: int
    high: int


def count(text: str) -> Count:
    """The 字 of a text. Give paragraphs and cells with a line break between them: they end a run."""
    visible = _INVISIBLE_ONES.sub("", text)
    return Count(low=len(_LOW.findall(visible)), high=len(_HIGH.findall(visible)))


def words(text: str) -> int:
    """The count that limits are decided on."""
    return count(text).low


def _members(*sets: _Ranges) -> str:
    ranges: Iterable[tuple[int, int]] = (pair for ranges in sets for pair in ranges)
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


_INVISIBLE_ONES = re.compile(f"[{_members(_INVISIBLE)}]+")
_LOW = re.compile(f"[{_members(_EAST_ASIAN)}]|[^{_members(_EAST_ASIAN, _BREAKS)}]+")
_HIGH = re.compile(f"[{_members(_EAST_ASIAN, _EITHER)}]|[^{_members(_EAST_ASIAN, _EITHER, _BREAKS)}]+")
