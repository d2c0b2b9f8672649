"""Marks for the centre: each case's totals, their mean and how far they lie apart."""

from __future__ import annotations

from dataclasses import dataclass

from services.review.app import App
from services.review.domain.decision import decision_id
from services.review.queries.cases import LINE_FIELDS, CaseLine, line_of
from shared.campaign.model import Campaign

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class MarksLine:
    """A case with the totals of its experts; ``spread`` is the highest minus the lowest."""

    line: CaseLine
    totals: tuple[float, ...]
    mean: float | None
    spread: float


@dataclass(frozen=True, kw_only=True)
class Marks:
    """``open`` is False until the sizes are fixed: nobody of the centre sees a mark before."""

    open: bool
    lines: tuple[MarksLine, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1


def marks_open(app: App, campaign_id: str) -> bool:
    """Whether the centre may see marks: the sizes are fixed."""
    decision = app.decisions.find(decision_id(campaign_id))
    return decision is not None and decision.sizes_fixed_at is not None


def marks(app: App, campaign: Campaign, *, page: int) -> Marks:
    """Cases that have marks, one page of them, in the order of their numbers."""
    if not marks_open(app, campaign.id):
        return Marks(open=False)
    query = {"campaign_id": campaign.id, "scores.0": {"$exists": True}}
    total = app.cases.count(query)
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    rows = app.cases.rows(query, only=LINE_FIELDS, sort="number", limit=PAGE, skip=(page - 1) * PAGE)
    lines = []
    for row in rows:
        totals = tuple(float(score["total"]) for score in row["scores"])
        spread = round(max(totals) - min(totals), 2)
        lines.append(MarksLine(line=line_of(row, campaign), totals=totals, mean=row.get("mean"), spread=spread))
    return Marks(open=True, lines=tuple(lines), total=total, page=page, pages=pages)
