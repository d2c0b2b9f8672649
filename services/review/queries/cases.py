"""Cases as province and centre see them: lists with filters, and the whole of one case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.review.app import App
from services.review.domain.case import Case
from services.review.queries.words import FILE_ROLES, MARKS, OUTCOMES, REPORTS, category_name, province_name
from shared.campaign.model import Campaign
from shared.records import Row
from shared.trouble import NotThere

PAGE = 50
READABLE_FOR = timedelta(minutes=10)
SORTS = {
    "number": "number",
    "title": "title",
    "city": "city",
    "category": "category",
    "submitted": "submitted_at",
    "-submitted": "-submitted_at",
    "mark": "mark",
    "report": "report.outcome",
    "mean": "-mean",
}
LINE_FIELDS = (
    "number",
    "title",
    "category",
    "province",
    "city",
    "unit",
    "submitted_at",
    "report.case_version",
    "report.outcome",
    "mark",
    "mark_reason",
    "case_version",
    "withdrawn_version",
    "late_version",
    "unsigned",
    "recommended_at",
    "eligibility",
    "expert_ids",
    "scores.total",
    "mean",
    "outcome",
    "disqualified",
    "published_at",
)


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """One line of a list. ``stage`` says in words how far the case is."""

    id: str
    number: str
    title: str
    category: str
    province: str
    city: str
    unit: str
    submitted_at: datetime | None
    report: str
    report_word: str
    mark: str
    mark_word: str
    mark_reason: str
    unsigned: tuple[str, ...]
    eligible: bool | None
    experts: int
    scored: int
    mean: float | None
    stage: str
    late: bool


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the address asks for; codes, empty where anything goes. ``q`` is part of title, number, unit or author."""

    province: str = ""
    category: str = ""
    city: str = ""
    mark: str = ""
    report: str = ""
    stage: str = ""
    q: str = ""
    sort: str = "number"
    page: int = 1


@dataclass(frozen=True, kw_only=True)
class CaseList:
    """One page of a list; ``total`` counts all that fit the filters."""

    lines: tuple[CaseLine, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, kw_only=True)
class FileLine:
    """A file of a case; ``size`` in bytes."""

    file_id: str
    role: str
    role_word: str
    name: str
    kind: str
    size: int


@dataclass(frozen=True, kw_only=True)
class CasePage:
    """Everything province and centre may read of a case."""

    case: Case
    line: CaseLine
    report_ready: bool
    files: tuple[FileLine, ...]


def case_list(app: App, campaign: Campaign, filters: Filters, *, most: int = PAGE) -> CaseList:
    """Submitted cases that fit, one page of them."""
    query = _query(campaign, filters)
    total = app.cases.count(query)
    pages = max(1, -(-total // most))
    page = min(max(1, filters.page), pages)
    sort = _sort_of(filters.sort)
    rows = app.cases.rows(query, only=LINE_FIELDS, sort=sort, limit=most, skip=(page - 1) * most)
    return CaseList(lines=tuple(line_of(row, campaign) for row in rows), total=total, page=page, pages=pages)


def cities(app: App, campaign: Campaign, province: str) -> list[str]:
    """The cities of a province that have cases, for the filter."""
    query = {"campaign_id": campaign.id, "province": province, "case_version": {"$gt": 0}}
    return sorted(row["city"] for row, _ in app.cases.tally(query, {"city": "$city"}) if row.get("city"))


def case_page(app: App, case_id: str, *, province: str | None = None) -> CasePage:
    """One case; NotThere when it is not this province's (None: any)."""
    case = app.cases.get(case_id)
    if case.case_version == 0 or (province is not None and case.province != province):
        raise NotThere("没有找到这件案例，请返回列表重新选择。")
    campaign = app.campaigns.get(case.campaign_id)
    row = next(iter(app.cases.rows({"_id": case_id}, only=LINE_FIELDS)))
    files = tuple(
        FileLine(
            file_id=one.file_id,
            role=one.role,
            role_word=FILE_ROLES.get(one.role, one.role),
            name=one.name,
            kind=next((kind.name for kind in campaign.material_kinds if kind.code == one.kind), one.kind),
            size=one.size,
        )
        for one in case.files
    )
    return CasePage(case=case, line=line_of(row, campaign), report_ready=case.report_in_force is not None, files=files)


def file_address(app: App, case_id: str, file_id: str, *, province: str | None = None) -> str:
    """An address that reads the file and ends in ten minutes."""
    case = case_page(app, case_id, province=province).case
    found = next((one for one in case.files if one.file_id == file_id), None)
    if found is None:
        raise NotThere("没有找到这个文件，作者可能已经替换，请刷新页面。")
    return app.objects.reading_address(found.object_key, name=found.name, lasting=READABLE_FOR)


def line_of(row: Row, campaign: Campaign) -> CaseLine:
    """A row of the collection as a line of a list."""
    report = row.get("report") or {}
    outcome = report.get("outcome", "") if report.get("case_version") == row["case_version"] else ""
    eligibility = row.get("eligibility")
    return CaseLine(
        id=row["_id"],
        number=row["number"],
        title=row["title"],
        category=category_name(campaign, row["category"]),
        province=province_name(campaign, row["province"]),
        city=row.get("city", ""),
        unit=row.get("unit", ""),
        submitted_at=row.get("submitted_at"),
        report=outcome,
        report_word=REPORTS[outcome],
        mark=row["mark"],
        mark_word=MARKS[row["mark"]],
        mark_reason=row.get("mark_reason", ""),
        unsigned=tuple(row.get("unsigned", ())),
        eligible=eligibility["eligible"] if eligibility else None,
        experts=len(row.get("expert_ids", ())),
        scored=len(row.get("scores", ())),
        mean=row.get("mean"),
        stage=stage_of(row),
        late=row.get("late_version", 0) == row["case_version"] > 0,
    )


def _is_set(field: str) -> Row:
    return {"$gt": [f"${field}", None]}


TALLIED: Row = {
    "category": "$category",
    "province": "$province",
    "mark": "$mark",
    "disqualified": _is_set("disqualified"),
    "case_version": {"$cond": [{"$gt": ["$case_version", "$withdrawn_version"]}, 1, 0]},
    "withdrawn_version": {"$literal": 0},
    "published_at": _is_set("published_at"),
    "outcome": "$outcome",
    "eligibility": {"$cond": [_is_set("eligibility"), {"eligible": "$eligibility.eligible"}, None]},
    "mean": {"$cond": [_is_set("mean"), 0, None]},
    "expert_ids": {"$gt": [{"$size": {"$ifNull": ["$expert_ids", []]}}, 0]},
    "recommended_at": _is_set("recommended_at"),
}
"""What cases are counted by: of a row no more than ``stage_of`` looks at, so that few rows stand for all."""


def stage_of(row: Row) -> str:
    """How far a case is, in words."""
    if row.get("disqualified"):
        return "已取消资格"
    if row["case_version"] <= row["withdrawn_version"]:
        return "已撤回"
    if row.get("published_at"):
        return OUTCOMES[row["outcome"]]
    eligibility = row.get("eligibility")
    if eligibility and not eligibility["eligible"]:
        return "资格审定未通过"
    if row.get("mean") is not None:
        return "专家推荐已完成"
    if row.get("expert_ids"):
        return "专家推荐中"
    if eligibility:
        return "资格审定通过"
    return "省级推荐" if row.get("recommended_at") else "已报送"


STAGES: dict[str, dict[str, Any]] = {
    "submitted": {"recommended_at": None},
    "recommended": {"recommended_at": {"$ne": None}, "eligibility": None},
    "eligible": {"eligibility.eligible": True, "expert_ids": {"$in": [None, []]}},
    "ineligible": {"eligibility.eligible": False},
    "in_review": {"expert_ids.0": {"$exists": True}, "mean": None},
    "scored": {"mean": {"$ne": None}, "published_at": None},
    "published": {"published_at": {"$ne": None}},
}


def _sort_of(asked: str) -> str:
    """The field to sort by; ``-`` before a name turns the order round."""
    if asked in SORTS or not asked.startswith("-"):
        return SORTS.get(asked, "number")
    sort = SORTS.get(asked.removeprefix("-"), "-number")
    return sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"


def _query(campaign: Campaign, filters: Filters) -> dict[str, Any]:
    query: dict[str, Any] = {
        "campaign_id": campaign.id,
        "case_version": {"$gt": 0},
        "$expr": {"$gt": ["$case_version", "$withdrawn_version"]},
    }
    if filters.stage == "disqualified":
        query["disqualified"] = {"$ne": None}
    elif filters.stage in STAGES:
        query |= {**STAGES[filters.stage], "disqualified": None}
    for field in ("province", "category", "city", "mark"):
        if value := getattr(filters, field):
            query[field] = value
    if filters.mark:
        query["disqualified"] = None  # no mark of the province counts any more
    if filters.report:
        query["report.outcome"] = filters.report
    if filters.q:
        part = {"$regex": re.escape(filters.q), "$options": "i"}
        query["$or"] = [{"title": part}, {"number": part}, {"unit": part}, {"authors.name": part}]
    return query
