"""Taking a case out for one of the notice's reasons: one person of the centre proposes, another confirms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.events.review import DisqualificationConfirmed
from shared.trouble import Refused


class ProposalState(StrEnum):
    """What became of a proposal."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(kw_only=True)
class Disqualification(Aggregate):
    """``reason`` is the code of one of the campaign's reasons, ``evidence`` what it rests on."""

    campaign_id: str
    case_id: str
    reason: str
    statement: str
    evidence: str
    proposed_by: str
    proposed_at: datetime
    state: ProposalState = ProposalState.PROPOSED
    decided_by: str = ""
    decided_at: datetime | None = None
    why: str = ""

    def propose(self) -> None:
        """Check the grounds and put the proposal on the record."""
        if not self.statement.strip():
            raise Refused("statement-missing", "请说明取消资格的事实。", field="statement")
        if not self.evidence.strip():
            raise Refused("evidence-missing", "请写明证据及其来源。", field="evidence")
        self._record("提请取消资格", by=self.proposed_by, at=self.proposed_at, why=f"{self.reason}：{self.statement}")

    def confirm(self, *, by: str, at: datetime) -> None:
        """A second person agrees; the case is out."""
        self._must_wait()
        if by == self.proposed_by:
            raise Refused("same-person", "取消资格须由另一位工作人员确认，提请人不能自己确认。", status=403)
        self.state, self.decided_by, self.decided_at = ProposalState.CONFIRMED, by, at
        self.tell(
            DisqualificationConfirmed(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                reason=self.reason,
                proposed_by=self.proposed_by,
                confirmed_by=by,
                at=at,
            )
        )
        self._record("确认取消资格", by=by, at=at, why=f"{self.reason}：{self.statement}")

    def reject(self, *, why: str, by: str, at: datetime) -> None:
        """It does not hold; the case stays."""
        self._must_wait()
        if not why.strip():
            raise Refused("reason-missing", "请填写不予取消资格的理由。", field="why")
        self.state, self.decided_by, self.decided_at, self.why = ProposalState.REJECTED, by, at, why
        self._record("不予取消资格", by=by, at=at, why=why)

    def _must_wait(self) -> None:
        if self.state is not ProposalState.PROPOSED:
            raise Refused("already-decided", "这一提请已经处理过，请刷新页面查看结果。", status=409)

    def _record(self, what: str, *, by: str, at: datetime, why: str) -> None:
        self.tell(recorded(self.campaign_id, by=by, what=what, about=self.case_id, why=why, at=at))
