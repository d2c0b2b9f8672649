"""The campaign as the centre works on it: a draft, what was published, and what was changed since and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.campaign.model import Campaign
from shared.campaign.parts import Windows, last_second
from shared.campaign.spans import day
from shared.events.review import CampaignPublished
from shared.trouble import Refused

EXTENDABLE = {
    "contact_forms": "联系人报送",
    "submission": "案例报送",
    "recommendation": "省级推荐",
    "review": "专家推荐",
}


LONGEST_EXTENSION = timedelta(days=60)
"""What is extended is public and stays, so that a year mistyped must not get through."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change made while the campaign runs."""

    at: datetime
    by: str
    what: str
    reason: str


@dataclass(kw_only=True)
class CampaignFile(Aggregate):
    """One campaign. ``draft`` and ``published`` are the campaign's JSON; empty where there is none."""

    revision: int = 0
    draft: str = ""
    published: str = ""
    published_at: datetime | None = None
    changes: tuple[Change, ...] = ()

    def take_draft(self, campaign: Campaign) -> None:
        """Lay a new draft beside what is published."""
        self.draft = campaign.campaign_json()

    def publish(self, *, by: str, at: datetime) -> int:
        """Publish the draft as the next revision; gives its number."""
        if not self.draft:
            raise Refused("no-draft", "没有待发布的活动草稿，请先载入活动文件。")
        campaign = Campaign.model_validate_json(self.draft)
        self.draft = ""
        self._tell(campaign, by=by, at=at, what="发布征集活动", why="")
        return self.revision

    def extend(self, window: str, *, closes: datetime, reason: str, by: str, at: datetime) -> int:
        """Let a window close later."""
        if not self.published:
            raise Refused("not-published", "征集活动尚未发布，不能延长时间。")
        if window not in EXTENDABLE:
            raise Refused("unknown-window", "请选择要延长的环节。", field="window")
        if not reason.strip():
            raise Refused("reason-missing", "请填写延长的原因。", field="reason")
        campaign = Campaign.model_validate_json(self.published)
        present = getattr(campaign.windows, window).closes
        if closes <= present:
            raise Refused("not-later", "新的截止时间须晚于现在的截止时间。", field="closes")
        if closes > max(present, at) + LONGEST_EXTENSION:
            days = LONGEST_EXTENSION.days
            message = f"一次最多延长{days}天。延长后不能改回较早的时间，请核对年份和日期。"
            raise Refused("too-late", message, field="closes")
        changed = campaign.model_copy(update={"windows": _with_close(campaign.windows, window, closes)})
        what = f"延长{EXTENDABLE[window]}至{_last_second(closes)}"
        self.changes = (*self.changes, Change(at=at, by=by, what=what, reason=reason))
        self._tell(changed, by=by, at=at, what=what, why=reason)
        return self.revision

    def _tell(self, campaign: Campaign, *, by: str, at: datetime, what: str, why: str) -> None:
        self.revision += 1
        numbered = campaign.model_copy(update={"revision": self.revision})
        self.published = numbered.campaign_json()
        self.published_at = at
        content = numbered.model_dump(mode="json")
        self.tell(CampaignPublished(campaign_id=self.id, revision=self.revision, campaign=content, by=by, at=at))
        self.tell(recorded(self.id, by=by, what=what, about=self.id, why=why, at=at))


def _last_second(closes: datetime) -> str:
    """What pages call 截止, in Beijing: 2024年10月15日23:59:59"""
    last = last_second(closes)
    return f"{day(last)}{last:%H:%M:%S}"


def _with_close(windows: Windows, name: str, closes: datetime) -> Windows:
    """The windows with one closing later; registration never closes before submission."""
    update = {name: getattr(windows, name).model_copy(update={"closes": closes})}
    if name == "submission" and windows.registration.closes < closes:
        update["registration"] = windows.registration.model_copy(update={"closes": closes})
    return windows.model_copy(update=update)
