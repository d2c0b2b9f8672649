"""What a province needs while it recommends: a preview of many at once, what speaks against one, the list to print."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.review.adapters.spreadsheets import write_table
from services.review.app import App
from services.review.domain.account import StaffAccount
from services.review.domain.assignment import folded
from services.review.domain.case import Case
from services.review.domain.shortlist import shortlist_id
from services.review.domain.values import Mark
from services.review.queries.words import MARKS, category_name
from shared.campaign.model import Campaign
from shared.records import Row
from shared.trouble import Refused

COLUMNS = ("序号", "编号", "案例名称", "案例类型", "作者", "作者单位", "市（地、州、盟）", "推荐理由")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One chosen case; ``against`` says why it cannot be recommended, ``needs_reason`` that a reason is due."""

    id: str
    number: str
    title: str
    category: str
    unit: str
    against: str = ""
    needs_reason: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Cases about to be recommended, those that cannot be, and how many are on the list already."""

    fit: tuple[Chosen, ...]
    unfit: tuple[Chosen, ...]
    listed: int

    @property
    def needs_reason(self) -> bool:
        """Whether one of them is recommended in spite of its report."""
        return any(one.needs_reason for one in self.fit)


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """One line of the list that is printed and downloaded."""

    place: int
    number: str
    title: str
    category: str
    authors: tuple[str, ...]
    units: tuple[str, ...]
    city: str
    reason: str


def preview(app: App, campaign: Campaign, clerk: StaffAccount, case_ids: Sequence[str]) -> Preview:
    """What recommending these cases would do; those of other provinces are left out."""
    listed = listed_now(app, campaign, clerk.province or "")
    found = [app.cases.find(case_id) for case_id in dict.fromkeys(case_ids)]
    own = [case for case in found if case is not None and case.province == clerk.province and case.case_version]
    chosen = [_chosen(case, campaign, clerk) for case in own if case.id not in listed]
    return Preview(
        fit=tuple(one for one in chosen if not one.against),
        unfit=tuple(one for one in chosen if one.against),
        listed=len(own) - len(chosen),
    )


def _chosen(case: Case, campaign: Campaign, clerk: StaffAccount) -> Chosen:
    against, needs_reason = "", False
    try:
        case.may_be_recommended(reason="", clerk=clerk.person)
    except Refused as refused:
        needs_reason = refused.code == "reason-missing"
        against = "" if needs_reason else refused.message
    return Chosen(
        id=case.id,
        number=case.number,
        title=case.title,
        category=category_name(campaign, case.category),
        unit=case.unit,
        against=against,
        needs_reason=needs_reason,
    )


def listed_now(app: App, campaign: Campaign, province: str) -> frozenset[str]:
    """The cases on the shortlist at this moment; the cases themselves hear of it a little later."""
    shortlist = app.shortlists.find(shortlist_id(campaign.id, province))
    return frozenset(shortlist.case_ids) if shortlist else frozenset()


def mark_now(case_id: str, mark: str, listed: Collection[str]) -> str:
    """The mark as it is at this moment."""
    if case_id in listed:
        return Mark.RECOMMENDED.value
    return Mark.NONE.value if mark == Mark.RECOMMENDED else mark


def mark_word(mark: str) -> str:
    """A mark in words."""
    return MARKS[mark]


def concerns(case: Case, clerk: StaffAccount) -> tuple[str, ...]:
    """What the clerk should know before deciding on this case."""
    found = []
    if clerk.person and any(author.person == clerk.person for author in case.authors):
        found.append("您是本案例的作者，请由本省其他工作人员处理。")
    units = {folded(unit) for unit in (case.unit, *(author.unit for author in case.authors)) if unit}
    if folded(clerk.unit) in units:
        found.append("本案例来自您所在的单位，建议由本省其他工作人员处理。")
    if case.unsigned:
        found.append(f"{'、'.join(case.unsigned)}尚未在作者声明上签名，签名补齐后才能推荐。")
    return tuple(found)


def neighbours(app: App, case: Case) -> tuple[str | None, str | None]:
    """The ids of the province's cases before and after this one, by number."""
    own = {"campaign_id": case.campaign_id, "province": case.province, "case_version": {"$gt": 0}}
    before = app.cases.rows({**own, "number": {"$lt": case.number}}, only=("_id",), sort="-number", limit=1)
    after = app.cases.rows({**own, "number": {"$gt": case.number}}, only=("_id",), sort="number", limit=1)
    return _first_id(list(before)), _first_id(list(after))


def _first_id(rows: list[Row]) -> str | None:
    return str(rows[0]["_id"]) if rows else None


def recommended(app: App, campaign: Campaign, province: str) -> list[Recommended]:
    """The shortlist with everything that is printed."""
    shortlist = app.shortlists.find(shortlist_id(campaign.id, province))
    ids = list(shortlist.case_ids) if shortlist else []
    fields = ("number", "title", "category", "authors", "city", "mark_reason")
    rows = {row["_id"]: row for row in app.cases.rows({"_id": {"$in": ids}}, only=fields)}
    present = [rows[case_id] for case_id in ids if case_id in rows]
    return [_recommended(place, row, campaign) for place, row in enumerate(present, start=1)]


def _recommended(place: int, row: Row, campaign: Campaign) -> Recommended:
    return Recommended(
        place=place,
        number=row["number"],
        title=row["title"],
        category=category_name(campaign, row["category"]),
        authors=tuple(author["name"] for author in row["authors"]),
        units=tuple(dict.fromkeys(author["unit"] for author in row["authors"])),
        city=row.get("city", ""),
        reason=row.get("mark_reason", ""),
    )


def shortlist_workbook(app: App, campaign: Campaign, province: str) -> bytes:
    """The shortlist as a spreadsheet."""
    rows = [
        (
            one.place,
            one.number,
            one.title,
            one.category,
            "、".join(one.authors),
            "、".join(one.units),
            one.city,
            one.reason,
        )
        for one in recommended(app, campaign, province)
    ]
    return write_table("推荐名单", COLUMNS, rows)


def file_name(campaign: Campaign, province: str, at: datetime) -> str:
    """The name under which the spreadsheet is kept."""
    return f"{campaign.province(province).short_name}推荐名单-{at:%Y%m%d%H%M}.xlsx"
