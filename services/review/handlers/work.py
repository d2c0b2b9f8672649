"""The jobs that reach many documents, one after the other. Every step may be repeated after a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from services.review.app import App
from services.review.domain.decision import list_hash
from services.review.domain.expert_rows import ExpertRow
from services.review.domain.values import Outcome
from services.review.handlers.assignment import make_round
from services.review.handlers.experts import invite_expert
from shared.events.base import Event
from shared.events.review import AssignmentFinished, ListPublished
from shared.jobs import Claimed, Worked, work_one
from shared.trouble import NotThere, Refused

CHUNK = 50
T = TypeVar("T")


def work_step(app: App) -> bool:
    """Do one job; False when there is none."""
    return work_one(app.work, lambda claimed: _do(app, claimed), when_given_up=_given_up)


def _given_up(claimed: Claimed, error: str) -> tuple[Event, ...]:  # noqa: ARG001  # the row shows it
    return ()


def _do(app: App, claimed: Claimed) -> Worked:
    return _KINDS[claimed.payload["kind"]](app, claimed)


def _in_chunks(app: App, claimed: Claimed, items: Iterable[T]) -> Iterator[T]:
    """The items, with the lease renewed after every chunk."""
    for done, item in enumerate(items, start=1):
        yield item
        if done % CHUNK == 0:
            app.work.renew(claimed)


def _at(payload: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(payload["at"])


def _recommend(app: App, claimed: Claimed) -> Worked:
    at, done = _at(claimed.payload), 0
    for case_id in _in_chunks(app, claimed, claimed.payload["case_ids"]):
        done += app.cases.change(case_id, lambda case: case.recommend(at=at))
    return Worked({"recommended": done})


def _eligibility(app: App, claimed: Claimed) -> Worked:
    payload, at = claimed.payload, _at(claimed.payload)
    refused: dict[str, str] = {}
    for case_id in _in_chunks(app, claimed, payload["case_ids"]):
        try:
            app.cases.change(
                case_id,
                lambda case: case.check_eligibility(eligible=True, reason="", by=payload["by"], at=at),
                command=claimed.id,
            )
        except (Refused, NotThere) as refusal:
            refused[case_id] = refusal.message
    return Worked({"confirmed": len(payload["case_ids"]) - len(refused), "refused": refused})


def _invite_experts(app: App, claimed: Claimed) -> Worked:
    payload = claimed.payload
    left_out: list[int] = []
    for row in _in_chunks(app, claimed, payload["rows"]):
        expert = ExpertRow(**row)
        account = app.accounts.find_by({"login": expert.mobile})
        invited = account is None and invite_expert(
            app, job_id=claimed.id, campaign_id=payload["campaign_id"], row=expert, by=payload["by"]
        )
        if not invited and (account is None or account.unit != expert.unit):
            left_out.append(expert.line)
    return Worked({"invited": len(payload["rows"]) - len(left_out), "left_out": left_out})


def _plan(app: App, claimed: Claimed) -> Worked:
    payload = claimed.payload
    make_round(
        app,
        round_id=claimed.id,
        campaign_id=payload["campaign_id"],
        k=payload["k"],
        by=payload["by"],
        at=_at(payload),
    )
    return Worked({"round_id": claimed.id})


def _assign(app: App, claimed: Claimed) -> Worked:
    at, published = _at(claimed.payload), app.rounds.get(claimed.payload["round_id"])
    for one in _in_chunks(app, claimed, published.assigned):
        expert_ids = one.expert_ids
        app.cases.change(one.case_id, lambda case, ids=expert_ids: case.assign(ids, at=at))  # type: ignore[misc]
    told = AssignmentFinished(
        campaign_id=published.campaign_id,
        round_id=published.id,
        loads=published.loads,
        cases=len(published.assigned),
        at=app.clock(),
    )
    return Worked({"cases": len(published.assigned)}, (told,))


def _publish(app: App, claimed: Claimed) -> Worked:
    at, decision = _at(claimed.payload), app.decisions.get(claimed.payload["decision_id"])
    results = [(one.case_id, one.outcome) for one in decision.listed]
    results += [(case_id, Outcome.NOT_SELECTED) for case_id in decision.not_selected]
    for case_id, outcome in _in_chunks(app, claimed, results):
        app.cases.change(case_id, lambda case, got=outcome: case.publish_result(got, at=at))  # type: ignore[misc]
    query = {"campaign_id": decision.campaign_id, "published_at": {"$ne": None}, "disqualified": None}
    published = {row["_id"]: Outcome(row["outcome"]) for row in app.cases.rows(query, only=("outcome",))}
    count = sum(outcome is not Outcome.NOT_SELECTED for outcome in published.values())
    told = ListPublished(
        campaign_id=decision.campaign_id,
        decision_id=decision.id,
        count=count,
        sha256=list_hash(published),
        at=app.clock(),
    )
    return Worked({"published": count}, (told,))


_KINDS: Mapping[str, Callable[[App, Claimed], Worked]] = {
    "recommend": _recommend,
    "eligibility": _eligibility,
    "invite_experts": _invite_experts,
    "plan": _plan,
    "assign": _assign,
    "publish": _publish,
}
