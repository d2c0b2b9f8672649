"""The campaign as the centre holds it: drafted from its file, published, changed with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.aggregates import Aggregate
from shared.campaign.model import Campaign, WindowName
from shared.events.review import CampaignPublished
from shared.trouble import Refused


@dataclass(frozen=True)
class CampaignChange:
    """What was changed after publication, by whom and why."""

    what: str
    reason: str
    by: str
    at: datetime


@dataclass(kw_only=True)
class CampaignRecord(Aggregate):
    """``draft`` is the JSON form of the campaign; ``revision`` counts publications."""

    draft: dict[str, Any]
    revision: int = 0
    published_at: datetime | None = None
    changes: tuple[CampaignChange, ...] = ()

    @property
    def campaign(self) -> Campaign:
        """The campaign as drafted."""
        return Campaign.model_validate(self.draft)

    def load(self, campaign: Campaign) -> None:
        """Take a newly loaded file as the draft."""
        self.draft = campaign.model_dump(mode="json")

    def publish(self, *, by: str, at: datetime) -> None:
        """Tell everybody the draft."""
        self.revision += 1
        self.published_at = at
        self.draft = self.campaign.model_copy(update={"revision": self.revision}).model_dump(mode="json")
        self.tell(CampaignPublished(campaign_id=self.id, revision=self.revision, campaign=self.draft, by=by, at=at))

    def extend(self, window: WindowName, *, closes: datetime, reason: str, by: str, at: datetime) -> None:
        """Let a window close later, and publish that."""
        if not reason.strip():
            raise Refused("reason-missing", "请填写延长时间的原因，原因将存档。", field="reason")
        if self.published_at is None:
            raise Refused("not-published", "征集活动尚未发布，请先发布。")
        campaign = self.campaign
        present = campaign.window(window)
        if closes <= present.closes:
            raise Refused("not-later", "新的截止时间须晚于现在的截止时间。", field="closes")
        longer = campaign.windows.model_copy(update={window: present.model_copy(update={"closes": closes})})
        self.draft = campaign.model_copy(update={"windows": longer}).model_dump(mode="json")
        self.changes += (CampaignChange(f"{window} closes {closes.isoformat()}", reason.strip(), by, at),)
        self.publish(by=by, at=at)
