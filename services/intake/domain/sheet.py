"""The information sheet (附表1) as it is drafted, in the three parts that pages edit one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeVar

from shared.trouble import Refused

TITLE_LETTERS = 100
SUMMARY_LETTERS = 3000
SOURCES_LETTERS = 3000
NAME_LETTERS = 50
UNIT_LETTERS = 100

Minors = Literal["", "none", "consented"]


@dataclass(frozen=True, kw_only=True)
class Author:
    """One author as 附表1 asks for them; ``person`` is the pseudonym of the mobile."""

    name: str = ""
    unit: str = ""
    title: str = ""
    mobile: str = ""
    email: str = ""
    host: bool = False
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class Studio:
    """What a studio case says about its online studio."""

    address: str = ""
    contribution: int | None = None
    live_sessions: int | None = None


@dataclass(frozen=True, kw_only=True)
class About:
    """What the case is: name, category, summary and, for a studio, its facts. ``rev`` counts its savings."""

    rev: int = 0
    title: str = ""
    category: str = ""
    summary: str = ""
    studio: Studio = Studio()


@dataclass(frozen=True, kw_only=True)
class Authors:
    """Who made the case, in the order in which certificates name them."""

    rev: int = 0
    people: tuple[Author, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """Something agreed to, in the words that were shown, by whom (a person's pseudonym), when."""

    code: str
    wording: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """Declaration, consents, sources; ``signed_on_scan`` are the persons whose signature the scanned 附表1 bears."""

    rev: int = 0
    declared: Agreed | None = None
    consents: tuple[Agreed, ...] = ()
    sources: str = ""
    minors: Minors = ""
    signed_on_scan: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """An author's own confirmation by account, or by the link of a letter, which counts as a signature (I11).

    ``account_id`` is empty for the link; ``agreed`` are declaration and consents in the words that were shown.
    """

    person: str
    account_id: str
    at: datetime
    agreed: tuple[Agreed, ...] = ()


Part = TypeVar("Part", About, Authors, Declaration)


class SavedMeanwhile(Refused):
    """Another tab saved the same part since this form was opened; ``current`` is what it saved."""

    def __init__(self, current: About | Authors | Declaration) -> None:
        super().__init__(
            "saved-meanwhile",
            "您的另一个窗口刚刚保存了这一页。下面是您现在填写的内容，不同之处已标出；核对后再次保存即以现在的内容为准。",
            status=409,
        )
        self.current = current


def same(one: Part, other: Part) -> bool:
    """Whether two drafts of a part say the same; when an agreement was given does not count."""
    return _timeless(one) == _timeless(other)


def _timeless(part: Part) -> object:
    if isinstance(part, Declaration):
        consents = tuple((agreed.code, agreed.wording) for agreed in part.consents)
        declared = (part.declared.code, part.declared.wording) if part.declared else None
        return declared, consents, part.sources, part.minors, part.signed_on_scan
    return replace(part, rev=0)


def saved(kept: Part, typed: Part) -> Part:
    """The part after a saving: one revision on. SavedMeanwhile when ``typed`` was written on another revision."""
    if same(kept, typed):
        return kept
    if typed.rev != kept.rev:
        raise SavedMeanwhile(kept)
    return replace(typed, rev=kept.rev + 1)
