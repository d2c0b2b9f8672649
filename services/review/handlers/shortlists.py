"""Recommending: commands on a province's shortlist, and what follows for its cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, cast

from services.review.app import App
from services.review.domain.case import Case
from services.review.domain.shortlist import Shortlist, shortlist_id
from services.review.handlers.campaign import new_shortlist
from shared.campaign.model import Campaign
from shared.campaign.parts import Window
from shared.events.review import RecommendationRefused, ShortlistChanged, ShortlistSealed
from shared.events.wire import Heard
from shared.records import derived_id
from shared.trouble import NotThere, Refused

R = TypeVar("R")
_AUTHORED = ("category", "number", "authors")


def recommend_cases(
    app: App,
    *,
    province: str,
    case_ids: Sequence[str],
    reason: str = "",
    by: str,
    received: datetime,
    command: str | None = None,
) -> int:
    """Put cases on the province's shortlist, all or none; gives how many are listed then."""
    if not case_ids:
        raise Refused("nothing-chosen", "请先勾选要推荐的案例。")
    clerk = app.accounts.get(by).person
    cases = [case_of_province(app, case_id, province) for case_id in case_ids]
    for case in cases:
        case.may_be_recommended(reason=reason, clerk=clerk)
    if len({case.campaign_id for case in cases}) > 1:
        raise Refused("two-campaigns", "所选案例属于不同的征集活动，请分别推荐。", status=409)
    campaign = app.campaigns.get(cases[0].campaign_id)
    window = campaign.windows.recommendation
    _refuse_second_category(app, campaign, case_ids)

    def add(shortlist: Shortlist) -> int:
        for case_id in case_ids:
            shortlist.list_case(case_id, reason=reason, by=by, received=received, window=window)
        return len(shortlist.case_ids)

    return _change(app, campaign, province, add, command=command)


def _refuse_second_category(app: App, campaign: Campaign, case_ids: Sequence[str]) -> None:
    """作者只参加其中一类: nobody is recommended as an author in two categories."""
    chosen = list(app.cases.rows({"_id": {"$in": list(case_ids)}}, only=_AUTHORED))
    persons = [author["person"] for row in chosen for author in row["authors"]]
    query = {
        "campaign_id": campaign.id,
        "mark": "recommended",
        "disqualified": None,
        "authors.person": {"$in": persons},
    }
    others = [*chosen, *app.cases.rows(query, only=_AUTHORED)]
    for row in chosen:
        for author in row["authors"]:
            for other in others:
                theirs = {each["person"] for each in other["authors"]}
                if other["category"] != row["category"] and author["person"] in theirs:
                    raise Refused(
                        "two-categories",
                        f"作者{author['name']}同时是另一类案例（编号{other['number']}）的作者，每位作者只能参加其中一类。"
                        "请与作者核实，只推荐其中一件。",
                        status=409,
                    )


def decline_case(
    app: App,
    *,
    province: str,
    case_id: str,
    reason: str,
    by: str,
    received: datetime,
    command: str | None = None,
) -> int:
    """Mark a case not recommended, with a reason; gives how many stay listed."""
    if not reason.strip():
        raise Refused("reason-missing", "不推荐时请填写理由。", field="reason")
    return _take_off(app, province=province, case_id=case_id, reason=reason, by=by, received=received, command=command)


def unlist_case(
    app: App, *, province: str, case_id: str, by: str, received: datetime, command: str | None = None
) -> int:
    """Take a case off the shortlist without judging it."""
    return _take_off(app, province=province, case_id=case_id, reason="", by=by, received=received, command=command)


def _take_off(
    app: App, *, province: str, case_id: str, reason: str, by: str, received: datetime, command: str | None
) -> int:
    case = case_of_province(app, case_id, province)
    case.must_not_be_of(app.accounts.get(by).person)
    campaign = app.campaigns.get(case.campaign_id)
    window = campaign.windows.recommendation
    return _change(
        app,
        campaign,
        province,
        lambda each: each.decline_case(case_id, reason=reason, by=by, received=received, window=window),
        command=command,
    )


def reorder_shortlist(
    app: App,
    *,
    province: str,
    case_ids: Sequence[str],
    received: datetime,
    campaign_id: str = "",
    command: str | None = None,
) -> None:
    """Put the shortlist in another order."""
    campaign, window = _recommending(app, campaign_id)
    ids = tuple(case_ids)
    _change(app, campaign, province, lambda each: each.reorder(ids, received=received, window=window), command=command)


def confirm_shortlist(
    app: App, *, province: str, by: str, received: datetime, campaign_id: str = "", command: str | None = None
) -> int:
    """Send the shortlist; gives how many cases it holds."""
    campaign, window = _recommending(app, campaign_id)
    return _change(
        app, campaign, province, lambda each: each.confirm(by=by, received=received, window=window), command=command
    )


def declare_none(
    app: App, *, province: str, by: str, received: datetime, campaign_id: str = "", command: str | None = None
) -> None:
    """The province recommends nothing."""
    campaign, window = _recommending(app, campaign_id)
    _change(
        app,
        campaign,
        province,
        lambda each: each.declare_none(by=by, received=received, window=window),
        command=command,
    )


def _recommending(app: App, campaign_id: str) -> tuple[Campaign, Window]:
    """The campaign by id, the running one where none is named, and when its provinces recommend."""
    campaign = app.campaigns.get(campaign_id) if campaign_id else app.campaigns.current()
    return campaign, campaign.windows.recommendation


def _change(app: App, campaign: Campaign, province: str, act: Callable[[Shortlist], R], *, command: str | None) -> R:
    """Change the province's shortlist; there is none yet where the campaign was published a moment ago."""
    chosen = shortlist_id(campaign.id, province)
    return app.shortlists.change(chosen, act, command=command, create=lambda: new_shortlist(campaign, province))


def case_of_province(app: App, case_id: str, province: str) -> Case:
    """The case; NotThere unless it is the province's and was submitted."""
    case = app.cases.get(case_id)
    if case.province != province or case.case_version == 0:
        raise NotThere("没有找到这件案例，请返回本省案例列表重新选择。")
    return case


# What follows


def shortlist_changed(app: App, heard: Heard) -> None:
    """The case learns what its province did; one that is gone gives its place back."""
    event = cast(ShortlistChanged, heard.event)
    app.cases.hear(
        heard,
        event.case_id,
        lambda case: case.take_mark(
            listed=event.listed, reason=event.reason, by=event.by, at=event.at, province=event.province
        ),
    )


def recommendation_refused(app: App, heard: Heard) -> None:
    """Free the place of a case that cannot stay."""
    event = cast(RecommendationRefused, heard.event)
    app.shortlists.hear(
        heard, shortlist_id(event.campaign_id, event.province), lambda shortlist: shortlist.free(event.case_id)
    )


def shortlist_sealed(app: App, heard: Heard) -> None:
    """Its cases are recommended now; there may be hundreds, so a job tells each."""
    event = cast(ShortlistSealed, heard.event)
    app.work.add(
        derived_id(heard.id, "recommend"),
        {"kind": "recommend", "case_ids": list(event.case_ids), "at": event.at.isoformat()},
    )


def seal_due_shortlists(app: App) -> int:
    """Seal every shortlist whose window has closed long enough ago; gives how many."""
    now, sealed = app.clock(), 0
    for campaign in app.campaigns.all():
        due = campaign.windows.recommendation.closes + timedelta(seconds=campaign.seal_delay_seconds)
        if now < due:
            continue
        for row in list(app.shortlists.rows({"campaign_id": campaign.id, "sealed_at": None}, only=("_id",))):
            sealed += app.shortlists.change(row["_id"], lambda shortlist: shortlist.seal(at=now))
    return sealed
