"""Giving cases to experts: planned by a job, looked at, sent out by a job."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import cast

from services.review.app import App
from services.review.domain.account import AccountState
from services.review.domain.assignment import (
    AssignmentRound,
    Expert,
    Judged,
    barred,
    fit_experts,
    folded,
    shortages,
)
from services.review.domain.scoring import Review, review_id
from shared.events.review import ExpertsAssigned, ReviewRecused
from shared.events.wire import Heard
from shared.records import Row, derived_id
from shared.trouble import Refused

_JUDGED = ("number", "category", "province", "unit", "authors", "expert_ids", "case_version", "withdrawn_version")


def plan_assignment(app: App, *, experts_per_case: int, by: str, command: str, campaign_id: str = "") -> str:
    """Plan a round; gives its id, under which it appears when the job is done."""
    if not 1 <= experts_per_case <= 9:
        raise Refused("experts-per-case", "每件案例的专家人数应在1至9之间。", field="experts_per_case")
    round_id = derived_id("round", command)
    payload = {
        "kind": "plan",
        "campaign_id": campaign_id or app.campaigns.current().id,
        "k": experts_per_case,
        "by": by,
    }
    app.work.add(round_id, {**payload, "at": app.clock().isoformat()})
    return round_id


def make_round(app: App, *, round_id: str, campaign_id: str, k: int, by: str, at: datetime) -> None:
    """Work the round out."""
    cases = judged_cases(app, campaign_id)
    experts = ready_experts(app, campaign_id)
    short = shortages(cases, experts, k)
    assigned = [] if short else app.plan(cases, experts, k)
    planned = AssignmentRound(
        id=round_id,
        campaign_id=campaign_id,
        experts_per_case=k,
        planned_at=at,
        planned_by=by,
        assigned=tuple(assigned),
        shortages=tuple(short),
    )
    app.rounds.ensure(planned)


def publish_round(app: App, *, round_id: str, by: str, command: str | None = None) -> str:
    """Send a planned round out; gives the id of the job that tells each case."""
    at = app.clock()
    app.rounds.change(round_id, lambda each: each.publish(by=by, at=at), command=command)
    job_id = derived_id("assign", round_id)
    app.work.add(job_id, {"kind": "assign", "round_id": round_id, "at": at.isoformat()})
    return job_id


def judged_cases(app: App, campaign_id: str) -> list[Judged]:
    """The cases that experts may score."""
    query = {"campaign_id": campaign_id, "eligibility.eligible": True, "disqualified": None}
    rows = app.cases.rows(query, only=_JUDGED)
    return [_judged(row) for row in rows if row["case_version"] > row["withdrawn_version"]]


def _judged(row: Row) -> Judged:
    units = {row["unit"], *(author["unit"] for author in row["authors"])}
    return Judged(
        case_id=row["_id"],
        number=row["number"],
        category=row["category"],
        province=row["province"],
        units=frozenset(folded(unit) for unit in units if unit),
        persons=frozenset(author["person"] for author in row["authors"]),
        have=tuple(row.get("expert_ids", ())),
    )


def ready_experts(app: App, campaign_id: str) -> list[Expert]:
    """Experts of this campaign who have signed the statement and are no authors in it, with what they have to do."""
    query = {
        "campaign_id": campaign_id,
        "role": "expert",
        "state": AccountState.ACTIVE.value,
        "statement_at": {"$ne": None},
    }
    loads = Counter(
        row["expert_id"]
        for row in app.reviews.rows({"campaign_id": campaign_id, "state": {"$ne": "recused"}}, only=("expert_id",))
    )
    experts = [
        Expert(
            expert_id=row["_id"],
            province=row.get("province") or "",
            unit=row.get("unit", ""),
            person=row.get("person", ""),
            categories=frozenset(row.get("categories", ())),
            avoid_units=frozenset(folded(one["unit"]) for one in row.get("conflicts", ())),
            load=loads[row["_id"]],
        )
        for row in app.accounts.rows(query)
    ]
    return fit_experts(experts, _authors(app, campaign_id))


def _authors(app: App, campaign_id: str) -> frozenset[str]:
    rows = app.cases.rows({"campaign_id": campaign_id}, only=("authors.person",))
    return frozenset(author["person"] for row in rows for author in row.get("authors", ()))


def experts_assigned(app: App, heard: Heard) -> None:
    """Lay out a review for each expert of the case."""
    event = cast(ExpertsAssigned, heard.event)
    for expert_id in event.expert_ids:
        app.reviews.ensure(
            Review(
                id=review_id(event.case_id, expert_id),
                campaign_id=event.campaign_id,
                case_id=event.case_id,
                expert_id=expert_id,
                assigned_at=event.at,
            )
        )


def review_recused(app: App, heard: Heard) -> None:
    """Another expert takes the case, the one with the least to do."""
    event = cast(ReviewRecused, heard.event)
    case = app.cases.find(event.case_id)
    if case is None:
        return
    judged = Judged(
        case_id=case.id,
        number=case.number,
        category=case.category,
        province=case.province,
        units=frozenset(folded(unit) for unit in {case.unit, *(author.unit for author in case.authors)} if unit),
        persons=frozenset(author.person for author in case.authors),
    )
    recused = {row["expert_id"] for row in app.reviews.rows({"case_id": case.id}, only=("expert_id",))}
    free = [
        expert
        for expert in ready_experts(app, event.campaign_id)
        if expert.expert_id not in recused and barred(judged, expert) is None
    ]
    free.sort(key=lambda each: (bool(each.categories) and case.category not in each.categories, each.load))
    coming = free[0].expert_id if free else None
    app.cases.hear(
        heard,
        case.id,
        lambda each: each.replace_expert(event.expert_id, coming=coming, at=event.at),
    )
