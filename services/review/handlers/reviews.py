"""Scoring: an expert saves and sends marks, or steps back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from services.review.app import App
from services.review.domain.scoring import Review, ReviewState, review_id
from services.review.domain.values import Score
from shared.campaign.parts import Criterion
from shared.events.review import ReviewSubmitted
from shared.events.wire import Heard
from shared.trouble import NotThere, Refused


def save_review(
    app: App,
    *,
    expert_id: str,
    case_id: str,
    marks: Mapping[str, float],
    comment: str = "",
    command: str | None = None,
) -> None:
    """Keep what is typed so far."""
    rubric, at = _rubric(app, expert_id, case_id), app.clock()
    app.reviews.change(
        review_id(case_id, expert_id),
        lambda review: review.save(marks, comment=comment, rubric=rubric, at=at),
        command=command,
    )


def submit_review(
    app: App,
    *,
    expert_id: str,
    case_id: str,
    marks: Mapping[str, float],
    comment: str = "",
    command: str | None = None,
) -> float:
    """Save the marks and send them; gives the total."""
    rubric, at = _rubric(app, expert_id, case_id), app.clock()

    def send(review: Review) -> float:
        review.save(marks, comment=comment, rubric=rubric, at=at)
        return review.submit(rubric=rubric, at=at)

    return app.reviews.change(review_id(case_id, expert_id), send, command=command)


def recuse(app: App, *, expert_id: str, case_id: str, reason: str, command: str | None = None) -> None:
    """Step back from a case."""
    at = app.clock()
    app.reviews.change(review_id(case_id, expert_id), lambda review: review.recuse(reason, at=at), command=command)


def has_recused(app: App, *, expert_id: str, case_id: str) -> bool:
    """Whether this expert has stepped back from the case, which somebody else may have by now."""
    review = app.reviews.find(review_id(case_id, expert_id))
    return review is not None and review.state is ReviewState.RECUSED


def _rubric(app: App, expert_id: str, case_id: str) -> tuple[Criterion, ...]:
    if app.accounts.get(expert_id).statement_at is None:
        raise Refused("statement-open", "请先阅读并接受保密与回避承诺。", status=403)
    case = app.cases.get(case_id)
    if expert_id not in case.expert_ids:
        raise NotThere("这件案例没有分配给您，请返回任务列表。")
    if not case.is_judged or case.published_at is not None:
        raise Refused("closed", "这件案例的评分已经结束。", status=409)
    return tuple(app.campaigns.get(case.campaign_id).category(case.category).rubric)


def review_submitted(app: App, heard: Heard) -> None:
    """The case takes the score, and completes with the last one."""
    event = cast(ReviewSubmitted, heard.event)
    score = Score(expert_id=event.expert_id, marks=event.marks, total=event.total)
    app.cases.hear(heard, event.case_id, lambda case: case.take_score(score, at=event.at))
