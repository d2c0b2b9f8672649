"""Lists of cases, read without opening each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.intake.app import App
from services.intake.domain.account import Account, Moved
from services.intake.domain.case import State
from services.intake.domain.people import Move
from services.intake.store import cases_of, cases_with
from shared.campaign.model import Campaign
from shared.web.wording import moment

STATE_WORDS: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("草稿，尚未报送", "todo"),
    State.SUBMITTED: ("已报送", "done"),
    State.CHANGED: ("已修改，尚未重新报送", "doing"),
    State.WITHDRAWN: ("已撤回，尚未重新报送", "todo"),
}
_OVER_WORDS: Mapping[State, tuple[str, str]] = {
    State.DRAFT: ("未报送", "todo"),
    State.SUBMITTED: ("已报送", "done"),
    State.CHANGED: ("已报送", "done"),
    State.WITHDRAWN: ("已撤回", "todo"),
}
"""Once submission has closed there is nothing left to do."""
UNNAMED = "未命名案例"


def state_words(state: State, *, disqualified: bool, over: bool) -> tuple[str, str]:
    """How a list and the head of a page name where a case stands, and its look."""
    if disqualified:
        return "已取消资格", "wrong"
    return _OVER_WORDS[state] if over else STATE_WORDS[state]


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """One case in a list."""

    href: str
    title: str
    category: str
    state: str
    look: str
    number: str
    saved_at: datetime


def my_cases(app: App, account_id: str) -> tuple[CaseLine, ...]:
    """The cases of an account, the last saved first."""
    return tuple(_line(app, row, href=f"/cases/{row['_id']}") for row in cases_of(app.cases, account_id))


def cases_i_am_in(app: App, account: Account) -> tuple[CaseLine, ...]:
    """The cases of other accounts that list this account's person as an author."""
    rows = cases_with(app.cases, account.person, without=account.id)
    return tuple(_line(app, row, href=f"/cases/{row['_id']}/read") for row in rows)


def _line(app: App, row: Mapping[str, Any], *, href: str) -> CaseLine:
    about, versions = row["about"], row.get("versions", [])
    state = State.DRAFT
    if versions:
        state = State.WITHDRAWN if versions[-1].get("withdrawn_at") else State.SUBMITTED
    campaign = app.campaigns.get(row["campaign_id"])
    out = bool((row.get("ended") or {}).get("disqualified"))
    over = campaign.windows.submission.has_closed(app.clock())
    words, look = state_words(state, disqualified=out, over=over)
    return CaseLine(
        href=href,
        title=about["title"] or UNNAMED,
        category=category_name(campaign, about["category"]),
        state=words,
        look=look,
        number=row.get("number") or "",
        saved_at=row["saved_at"],
    )


def category_name(campaign: Campaign, code: str) -> str:
    """The name of a category; empty where none is chosen."""
    return next((category.name for category in campaign.categories if category.code == code), "")


def moves(moved: Iterable[Move | Moved], campaign: Campaign) -> tuple[str, ...]:
    """Changes of province, a line for each: when, from, to, and whose decision it was."""
    return tuple(
        f"{moment(each.at)}，由{_province(campaign, each.source)}变更为{_province(campaign, each.to)}{_whose(each)}"
        for each in moved
    )


def _province(campaign: Campaign, code: str) -> str:
    return next((province.name for province in campaign.provinces if province.code == code), code)


def _whose(move: Move | Moved) -> str:
    """After the bell others decided, with a reason."""
    return f"（{move.why}）" if isinstance(move, Move) and move.why else ""
