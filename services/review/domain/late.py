"""A permission of the centre to hand in after the bell, for one case or one of an account: once, until a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.campaign.model import Campaign
from shared.campaign.spans import day
from shared.clock import SHANGHAI
from shared.events.review import LateSubmissionPermitted
from shared.trouble import Refused


@dataclass(kw_only=True)
class LatePermission(Aggregate):
    """``case_id`` is empty where it is for the account whose pseudonym is ``person``; ``whom`` names it on pages."""

    campaign_id: str
    case_id: str = ""
    person: str = ""
    whom: str
    reason: str
    expires_at: datetime
    given_by: str
    given_at: datetime
    used_at: datetime | None = None
    used_for: str = ""

    def give(self, campaign: Campaign) -> None:
        """Check it against the windows, tell it and put it on the record."""
        submission, recommendation = campaign.windows.submission, campaign.windows.recommendation
        if not self.reason.strip():
            raise Refused("reason-missing", "请填写许可的原因，作者会看到。", field="reason")
        if not submission.has_closed(self.given_at):
            closes = _minute(submission.closes)
            message = f"报送到北京时间{closes}才截止，现在作者可以自行报送，不需要补报许可。"
            raise Refused("not-closed", message, status=409)
        if self.expires_at <= self.given_at:
            raise Refused("past", "有效期须晚于现在的时间。", field="expires")
        if self.expires_at > recommendation.closes:
            closes = _minute(recommendation.closes)
            message = f"有效期不能晚于省级推荐截止的时间（北京时间{closes}），否则省级单位来不及推荐。"
            raise Refused("too-late", message, field="expires")
        self.tell(
            LateSubmissionPermitted(
                campaign_id=self.campaign_id,
                permission_id=self.id,
                case_id=self.case_id,
                person=self.person,
                reason=self.reason,
                expires_at=self.expires_at,
                by=self.given_by,
                at=self.given_at,
            )
        )
        what = f"许可补报一次（{self.whom}），有效期至{_minute(self.expires_at)}"
        about = self.case_id or self.id
        self.tell(
            recorded(self.campaign_id, by=self.given_by, what=what, about=about, why=self.reason, at=self.given_at)
        )

    def use(self, case_id: str, *, at: datetime) -> None:
        """A case was handed in by it; the first one counts."""
        if self.used_at is None:
            self.used_at, self.used_for = at, case_id

    def holds(self, at: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and at < self.expires_at


def _minute(at: datetime) -> str:
    return f"{day(at)}{at.astimezone(SHANGHAI):%H:%M}"
