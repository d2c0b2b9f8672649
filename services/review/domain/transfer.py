"""After the bell a case goes to another province: one lets it go and another takes it, or the centre decides (I13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.campaign.model import Campaign
from shared.campaign.spans import day
from shared.clock import SHANGHAI
from shared.events.review import CaseMoved, TransferDeclined, TransferOffered
from shared.trouble import Refused


class TransferState(StrEnum):
    """Where it stands between the two provinces."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    DECIDED = "decided"  # by the centre


@dataclass(kw_only=True)
class Transfer(Aggregate):
    """One case from one province to another; ``answer`` is the other province's reason."""

    campaign_id: str
    case_id: str
    source: str
    to: str
    reason: str
    offered_by: str
    offered_at: datetime
    state: TransferState = TransferState.OFFERED
    answered_by: str = ""
    answered_at: datetime | None = None
    answer: str = ""

    def offer(self, campaign: Campaign) -> None:
        """The case's province lets it go."""
        self._check(campaign, self.offered_at)
        self.tell(
            TransferOffered(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                source=self.source,
                to=self.to,
                reason=self.reason,
                at=self.offered_at,
            )
        )
        self._record(
            f"申请将案例转往{_name(campaign, self.to)}", by=self.offered_by, why=self.reason, at=self.offered_at
        )

    def decide(self, campaign: Campaign) -> None:
        """The centre decides it, whatever the provinces say."""
        self._check(campaign, self.offered_at)
        self.state, self.answered_by, self.answered_at = TransferState.DECIDED, self.offered_by, self.offered_at
        self._move(campaign, why=f"中心决定：{self.reason}", by=self.offered_by, at=self.offered_at)

    def accept(self, campaign: Campaign, *, reason: str, by: str, at: datetime) -> None:
        """The other province takes the case."""
        self._answer(TransferState.ACCEPTED, campaign, reason=reason, by=by, at=at)
        self._move(campaign, why=f"转出：{self.reason}；接收：{reason}", by=by, at=at)

    def decline(self, campaign: Campaign, *, reason: str, by: str, at: datetime) -> None:
        """The other province does not take it."""
        self._answer(TransferState.DECLINED, campaign, reason=reason, by=by, at=at)
        self.tell(
            TransferDeclined(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                source=self.source,
                to=self.to,
                reason=reason,
                at=at,
            )
        )
        self._record(f"{_name(campaign, self.to)}不接收案例", by=by, why=reason, at=at)

    def _answer(self, state: TransferState, campaign: Campaign, *, reason: str, by: str, at: datetime) -> None:
        if self.state is not TransferState.OFFERED:
            raise Refused("answered", "这件转省申请已经办理过了。", status=409)
        check_transferring(campaign, at)
        _check_reason(reason)
        self.state, self.answer, self.answered_by, self.answered_at = state, reason, by, at

    def _check(self, campaign: Campaign, at: datetime) -> None:
        check_transferring(campaign, at)
        _check_reason(self.reason)
        if self.to == self.source:
            raise Refused("same-province", "案例已属于这个省份，请选择另一个省份。", field="target")
        if campaign.find_province(self.to) is None:
            raise Refused("province-missing", "请选择转往的省份。", field="target")

    def _move(self, campaign: Campaign, *, why: str, by: str, at: datetime) -> None:
        self.tell(
            CaseMoved(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                source=self.source,
                to=self.to,
                reason=why,
                by=by,
                at=at,
            )
        )
        what = f"所属省份由{_name(campaign, self.source)}变更为{_name(campaign, self.to)}"
        self._record(what, by=by, why=why, at=at)

    def _record(self, what: str, *, by: str, why: str, at: datetime) -> None:
        self.tell(recorded(self.campaign_id, by=by, what=what, about=self.case_id, why=why, at=at))


def check_transferring(campaign: Campaign, at: datetime) -> None:
    """Refused while authors can move by themselves, and once shortlists are final."""
    submission, recommendation = campaign.windows.submission, campaign.windows.recommendation
    if not submission.has_closed(at):
        message = f"报送到北京时间{_minute(submission.closes)}才截止，此前由作者在账号页面自行更改所属省份。"
        raise Refused("not-closed", message, status=409)
    if recommendation.has_closed(at):
        message = f"省级推荐已于北京时间{_minute(recommendation.closes)}截止，案例的所属省份不能再变更。"
        raise Refused("closed", message, status=409)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("reason-missing", "请填写理由，理由将存档，作者会看到。", field="reason")


def _name(campaign: Campaign, code: str) -> str:
    return campaign.province(code).name


def _minute(at: datetime) -> str:
    return f"{day(at)}{at.astimezone(SHANGHAI):%H:%M}"
