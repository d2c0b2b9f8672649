"""The decision: sizes first, then the ranking, then one write that publishes the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from services.review.app import App
from services.review.domain.decision import Decision, Listed, Ranked, Sizes, decision_id, ranking
from services.review.domain.values import PUBLISHED, Outcome
from shared.campaign.model import Campaign
from shared.events.review import DecisionPublished
from shared.events.wire import Heard
from shared.records import derived_id
from shared.trouble import NotThere

_LINE = ("number", "title", "authors", "province", "category")


def _campaign(app: App, campaign_id: str) -> Campaign:
    """The campaign by id; the running one where none is named."""
    return app.campaigns.get(campaign_id) if campaign_id else app.campaigns.current()


def fix_sizes(app: App, *, sizes: Sequence[Sizes], by: str, campaign_id: str = "", command: str | None = None) -> None:
    """Fix how many become exemplary and showcase in each category; marks open with it."""
    campaign, at = _campaign(app, campaign_id), app.clock()
    chosen = decision_id(campaign.id)
    app.decisions.change(
        chosen,
        lambda decision: decision.fix_sizes(sizes, by=by, at=at),
        command=command,
        create=lambda: Decision(id=chosen, campaign_id=campaign.id),
    )


def decide_by_hand(
    app: App,
    *,
    case_id: str,
    outcome: Outcome,
    reason: str,
    by: str,
    campaign_id: str = "",
    command: str | None = None,
) -> None:
    """Depart from the ranking for one case."""
    campaign, at = _campaign(app, campaign_id), app.clock()
    if case_id not in {case.case_id for case in app.scored(campaign)[0]}:
        raise NotThere("这件案例不在排序中，请刷新页面后重新选择。")
    app.decisions.change(
        decision_id(campaign.id),
        lambda decision: decision.decide_by_hand(case_id, outcome, reason=reason, by=by, at=at),
        command=command,
    )


def publish_decision(app: App, *, by: str, campaign_id: str = "", command: str | None = None) -> int:
    """Publish the list as the ranking and the hand left it; gives how many cases it holds."""
    campaign, at = _campaign(app, campaign_id), app.clock()
    chosen = decision_id(campaign.id)
    if command is not None and (answer := app.decisions.answer_of(chosen, command)) is not None:
        return int(answer)
    scored, waiting = app.scored(campaign)
    lines = _lines(app, campaign)

    def publish(decision: Decision) -> int:
        ranked: list[Ranked] = ranking(scored, decision.sizes_by_category)
        outcomes = decision.outcomes(ranked)
        listed = [
            _listed(lines[case_id], case_id, outcome) for case_id, outcome in outcomes.items() if outcome in PUBLISHED
        ]
        others = [case_id for case_id, outcome in outcomes.items() if outcome not in PUBLISHED]
        ties = len(decision.open_ties(ranked))
        decision.publish(listed, others, ties=ties, unscored=waiting, by=by, at=at)
        return len(listed)

    return app.decisions.change(chosen, publish, command=command)


def _lines(app: App, campaign: Campaign) -> dict[str, Mapping[str, object]]:
    query = {"campaign_id": campaign.id, "eligibility.eligible": True}
    return {row["_id"]: row for row in app.cases.rows(query, only=_LINE)}


def _listed(row: Mapping[str, object], case_id: str, outcome: Outcome) -> Listed:
    authors = cast(list[dict[str, str]], row["authors"])
    return Listed(
        case_id=case_id,
        number=str(row["number"]),
        title=str(row["title"]),
        authors=tuple(author["name"] for author in authors),
        units=tuple(dict.fromkeys(author["unit"] for author in authors)),
        province=str(row["province"]),
        category=str(row["category"]),
        outcome=outcome,
    )


def decision_published(app: App, heard: Heard) -> None:
    """A job lets every case tell its result."""
    event = cast(DecisionPublished, heard.event)
    job_id = derived_id("publish", event.decision_id)
    app.work.add(
        job_id, {"kind": "publish", "decision_id": event.decision_id, "at": event.at.isoformat(), "told_by": heard.id}
    )
