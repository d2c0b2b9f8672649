"""Which category of case is ticked on a filled-in 附表1, in whatever way people tick."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from shared.campaign.model import Campaign

TICKS = "☑☒√✓✔■●◉▣⊠🗹🗷☐□○◯◻▢〇"
_CHOSEN = frozenset("☑☒√✓✔■●◉▣⊠🗹🗷")
_TICK = "tick"
_EMPTY = "none"


def ticked_category(text: str, campaign: Campaign) -> tuple[str, str]:
    """The code of the one category that is chosen, or an empty string and why there is none."""
    plain = re.sub(r"[^\S\n]", "", unicodedata.normalize("NFKC", text))
    if not plain.strip():
        return "", "文件中这一栏没有填写。"
    lines = [_tokens(line, campaign) for line in re.split(r"\n+", _rejoined(plain, campaign))]
    present = [code for line in lines for code in line if code not in (_TICK, _EMPTY)]
    ticked = list(dict.fromkeys(code for line in lines for code in _chosen_in(line)))
    if len(ticked) == 1:
        return ticked[0], ""
    if ticked:
        names = "、".join(campaign.category(code).name for code in ticked)
        return "", f"文件中勾选了{len(ticked)}类（{names}），请选择其中一类。"
    if len(set(present)) == 1 and not any(token == _EMPTY for line in lines for token in line):
        return present[0], ""
    if present:
        return "", "文件中没有读到勾选（涂色、加粗、画线的选择读不出来），请在这里选择。"
    if (place := plain.strip(".、()")) in tuple("123456789")[: len(campaign.categories)]:
        return campaign.categories[int(place) - 1].code, ""
    return "", f"文件中写的是“{plain.strip()[:60]}”，不是通知中的类型，请在这里选择。"


def _rejoined(text: str, campaign: Campaign) -> str:
    """Names that a narrow cell broke into lines, in one piece."""
    for category in campaign.categories:
        for name in category.names:
            text = re.sub(r"\n?".join(map(re.escape, _folded(name))), _folded(name), text)
    return text


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _tokens(line: str, campaign: Campaign) -> list[str]:
    """Ticks, empty boxes and codes of categories, in the order in which they stand in a line."""
    codes = {_folded(name): category.code for category in campaign.categories for name in category.names}
    names = "|".join(re.escape(name) for name in sorted(codes, key=len, reverse=True))
    found = []
    for match in re.finditer(rf"{names}|[{TICKS}]", line):
        if match[0] in codes:
            found.append(codes[match[0]])
        else:
            found.append(_TICK if match[0] in _CHOSEN else _EMPTY)
    return found


def _chosen_in(tokens: list[str]) -> list[str]:
    """A mark belongs to the name after it where the line begins with one, else to the name before it."""
    marks = (_TICK, _EMPTY)
    ordered = tokens if tokens and tokens[0] in marks else tokens[::-1]
    return [name for mark, name in pairwise(ordered) if mark == _TICK and name not in marks]
