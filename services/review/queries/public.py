"""What anybody may read: the published list, after publication only."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from services.review.app import App
from services.review.domain.decision import Decision, Listed, decision_id
from services.review.queries.words import OUTCOMES, category_name, province_name
from shared.campaign.model import Campaign
from shared.trouble import NotThere


@dataclass(frozen=True, kw_only=True)
class ResultLine:
    """One line of the published list: 案例名称, 作者, 单位, 类别, 结果."""

    case_id: str
    number: str
    title: str
    authors: str
    units: str
    province: str
    category: str
    outcome: str
    outcome_code: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """``published_at`` is None before publication; then there are no lines."""

    published_at: datetime | None
    issuer: str
    lines: tuple[ResultLine, ...]
    total: int
    exemplary: int
    showcase: int


@dataclass(frozen=True, kw_only=True)
class PublishedCampaign:
    """A campaign whose list is public."""

    campaign: Campaign
    published_at: datetime


def published_campaigns(app: App) -> list[PublishedCampaign]:
    """Every campaign that has a published list, the one published last first."""
    rows = app.decisions.rows({"published_at": {"$ne": None}}, only=("campaign_id", "published_at"))
    published = {row["campaign_id"]: row["published_at"] for row in rows}
    found = [
        PublishedCampaign(campaign=each, published_at=published[each.id])
        for each in app.campaigns.all()
        if each.id in published
    ]
    return sorted(found, key=lambda each: each.published_at, reverse=True)


def showcase(app: App, campaign: Campaign, **asked: str) -> Results:
    """The same cases to browse, but for those whose authors do not all agree to it."""
    return results(app, campaign, without=not_shown(app, campaign), **asked)


def results(
    app: App,
    campaign: Campaign,
    *,
    province: str = "",
    category: str = "",
    outcome: str = "",
    q: str = "",
    without: AbstractSet[str] = frozenset(),
) -> Results:
    """The list, filtered; ``q`` is part of title, author, unit or number."""
    decision = app.decisions.find(decision_id(campaign.id))
    listed = decision.shown if decision is not None and decision.published_at else ()
    shown = tuple(one for one in listed if one.case_id not in without)
    lines = [_line(one, campaign) for one in shown if _fits(one, province, category, outcome, q.strip())]
    order = {one.code: at for at, one in enumerate(campaign.provinces)}
    places = {one.case_id: order.get(one.province, len(order)) for one in shown}
    lines.sort(key=lambda line: (places[line.case_id], line.category, line.outcome_code, line.number))
    return Results(
        published_at=decision.published_at if decision else None,
        issuer=campaign.issuer,
        lines=tuple(lines),
        total=len(shown),
        exemplary=sum(one.outcome == "exemplary" for one in shown),
        showcase=sum(one.outcome == "showcase" for one in shown),
    )


def not_shown(app: App, campaign: Campaign) -> frozenset[str]:
    """The ids of the cases whose authors do not all agree to have them shown."""
    codes = [consent.code for consent in campaign.texts.consents if consent.for_showcase]
    rows = app.cases.rows({"campaign_id": campaign.id, "withheld": {"$in": codes}}, only=("_id",))
    return frozenset(row["_id"] for row in rows)


@dataclass(frozen=True, kw_only=True)
class ResultPage:
    """One published case for everybody; ``summary`` is empty where not all authors agree to have it shown."""

    campaign_id: str
    line: ResultLine
    summary: str
    certificates: tuple[str, ...]
    published_at: datetime | None


def result_page(app: App, case_id: str) -> ResultPage:
    """A published case; NotThere before publication and after a disqualification."""
    case = app.cases.find(case_id)
    if case is None:
        raise NotThere()
    campaign = app.campaigns.get(case.campaign_id)
    decision = app.decisions.find(decision_id(case.campaign_id))
    found = _listed(decision, case_id)
    return ResultPage(
        campaign_id=campaign.id,
        line=_line(found, campaign),
        summary="" if case.id in not_shown(app, campaign) else case.summary,
        certificates=case.certificates,
        published_at=decision.published_at if decision else None,
    )


def _listed(decision: Decision | None, case_id: str) -> Listed:
    shown = decision.shown if decision is not None and decision.published_at else ()
    for one in shown:
        if one.case_id == case_id:
            return one
    raise NotThere()


def _fits(one: Listed, province: str, category: str, outcome: str, q: str) -> bool:
    if (province and one.province != province) or (category and one.category != category):
        return False
    if outcome and one.outcome != outcome:
        return False
    return not q or any(q in text for text in (one.title, one.number, *one.authors, *one.units))


def _line(one: Listed, campaign: Campaign) -> ResultLine:
    return ResultLine(
        case_id=one.case_id,
        number=one.number,
        title=one.title,
        authors="、".join(one.authors),
        units="、".join(one.units),
        province=province_name(campaign, one.province),
        category=category_name(campaign, one.category),
        outcome=OUTCOMES[one.outcome],
        outcome_code=one.outcome.value,
    )
