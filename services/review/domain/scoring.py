"""One expert's review of one case: marks by the campaign's rubric, saved as they come, sent once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.aggregates import Aggregate
from shared.campaign.parts import Criterion
from shared.events.review import ReviewRecused, ReviewSubmitted
from shared.trouble import Refused


class ReviewState(StrEnum):
    """Where one review stands."""

    OPEN = "open"
    SUBMITTED = "submitted"
    RECUSED = "recused"


@dataclass(kw_only=True)
class Review(Aggregate):
    """``marks`` by criterion code, each from 0 to the criterion's weight."""

    campaign_id: str
    case_id: str
    expert_id: str
    marks: dict[str, float] = field(default_factory=dict)
    comment: str = ""
    state: ReviewState = ReviewState.OPEN
    assigned_at: datetime
    saved_at: datetime | None = None
    submitted_at: datetime | None = None
    total: float | None = None
    reason: str = ""

    def save(self, marks: Mapping[str, float], *, comment: str, rubric: Sequence[Criterion], at: datetime) -> None:
        """Keep what is typed so far; marks out of range are refused, missing ones are not."""
        self._must_be_open()
        check_marks(marks, rubric)
        self.marks = {criterion.code: marks[criterion.code] for criterion in rubric if criterion.code in marks}
        self.comment, self.saved_at = comment, at

    def submit(self, *, rubric: Sequence[Criterion], at: datetime) -> float:
        """Send the marks; gives the total of 100."""
        self._must_be_open()
        for criterion in rubric:
            if criterion.code not in self.marks:
                raise Refused("mark-missing", f"请为“{criterion.name}”打分。", field=criterion.code)
        self.total = round(sum(self.marks.values()), 2)
        self.state, self.submitted_at = ReviewState.SUBMITTED, at
        self.tell(
            ReviewSubmitted(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                expert_id=self.expert_id,
                marks=dict(self.marks),
                total=self.total,
                at=at,
            )
        )
        return self.total

    def recuse(self, reason: str, *, at: datetime) -> None:
        """The expert steps back from this case."""
        self._must_be_open()
        if not reason.strip():
            raise Refused("reason-missing", "请简要说明需要回避的原因。", field="reason")
        self.state, self.reason = ReviewState.RECUSED, reason
        self.tell(
            ReviewRecused(
                campaign_id=self.campaign_id, case_id=self.case_id, expert_id=self.expert_id, reason=reason, at=at
            )
        )

    def _must_be_open(self) -> None:
        if self.state is ReviewState.SUBMITTED:
            raise Refused("already-submitted", "您已提交这件案例的评分，不能再修改。", status=409)
        if self.state is ReviewState.RECUSED:
            raise Refused("recused", "您已回避这件案例，不能评分。", status=409)


def check_marks(marks: Mapping[str, float], rubric: Sequence[Criterion]) -> None:
    """Refused where a mark is out of its criterion's range."""
    for criterion in rubric:
        mark = marks.get(criterion.code)
        if mark is not None and not 0 <= mark <= criterion.weight:
            raise Refused(
                "mark-out-of-range", f"“{criterion.name}”的分值应在0至{criterion.weight}之间。", field=criterion.code
            )


def review_id(case_id: str, expert_id: str) -> str:
    """The one review of a case by an expert."""
    return f"{case_id}:{expert_id}"
