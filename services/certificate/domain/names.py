"""How people's names are kept, compared and masked."""

from __future__ import annotations

import re
import unicodedata

from shared.text import one_line

SEPARATOR = "\u00b7"
MASK = "＊"

_SEPARATORS = re.compile(r"\s*[\u00b7\u2022\u2027\u2219\u22c5\u2024\u2e31\u30fb\uff65\u318d\u0387\uff0e.]\s*")
_ALL_SPACE = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff]+")
_LATIN = re.compile(r"[A-Za-z]")


def printed_name(name: str) -> str:
    """A name as it is stored and printed: every separator is · (U+00B7), no space inside a Chinese name."""
    name = one_line(name)
    if _LATIN.search(name):
        return _ALL_SPACE.sub(" ", name).strip()
    return _ALL_SPACE.sub("", _SEPARATORS.sub(SEPARATOR, name)).strip(SEPARATOR)


def name_key(name: str) -> str:
    """What two spellings of one name have in common: spaces, separators, width and case are left out."""
    folded = unicodedata.normalize("NFKC", _SEPARATORS.sub("", name)).casefold()
    return _ALL_SPACE.sub("", _SEPARATORS.sub("", folded))


def masked_name(name: str) -> str:
    """A name as the public may see it: its first character, and a mark for each of the others (at most four)."""
    shown = printed_name(name)
    return shown[:1] + MASK * min(max(len(shown) - 1, 1), 4)
