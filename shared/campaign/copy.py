"""Each service's own copy of the campaigns that were published."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import mongoengine

from shared.aggregates import Aggregate
from shared.campaign.model import Campaign
from shared.events.review import CampaignPublished
from shared.events.wire import Heard
from shared.records import Database, Record, Records
from shared.trouble import NotThere

_FRESH_SECONDS = 0.5


@dataclass(kw_only=True)
class CampaignCopy(Aggregate):
    """A campaign as last heard."""

    revision: int = 0
    published: datetime | None = None
    campaign: dict[str, Any] = field(default_factory=dict)

    def take(self, event: CampaignPublished) -> None:
        """Hold the newer revision; an older one changes nothing."""
        if event.revision > self.revision:
            self.revision = event.revision
            self.published = event.at
            self.campaign = event.campaign


class CampaignCopyRecord(Record):
    """How a campaign's copy is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "campaigns"}

    revision = mongoengine.IntField()
    published = mongoengine.DateTimeField()
    campaign = mongoengine.DictField()


class Campaigns:
    """The campaigns a service knows. Reads are at most half a second old."""

    def __init__(self, database: Database) -> None:
        self.records = Records(database, document=CampaignCopyRecord, aggregate=CampaignCopy)
        self._known: dict[str, Campaign] = {}
        self._looked_at = 0.0

    def hear(self, heard: Heard) -> None:
        """React to CampaignPublished."""
        event = heard.event
        if not isinstance(event, CampaignPublished):
            raise TypeError(f"not a published campaign: {heard.type}")
        self.records.hear(
            heard, event.campaign_id, lambda copy: copy.take(event), create=lambda: CampaignCopy(id=event.campaign_id)
        )
        self._looked_at = 0.0

    def all(self) -> list[Campaign]:
        """Every published campaign, the one whose registration opened last first."""
        if time.monotonic() - self._looked_at > _FRESH_SECONDS:
            self._look()
        return sorted(self._known.values(), key=lambda each: each.windows.registration.opens, reverse=True)

    def current(self) -> Campaign:
        """The campaign people work in now. NotThere before the first one is published."""
        campaigns = self.all()
        if not campaigns:
            raise NotThere("征集活动尚未发布，请关注通知。")
        return campaigns[0]

    def get(self, campaign_id: str) -> Campaign:
        """One campaign by id. NotThere."""
        for campaign in self.all():
            if campaign.id == campaign_id:
                return campaign
        raise NotThere("没有找到这一征集活动。")

    def _look(self) -> None:
        revisions = {row["_id"]: row["revision"] for row in self.records.rows({}, only=("revision",))}
        for campaign_id, revision in revisions.items():
            known = self._known.get(campaign_id)
            if known is None or known.revision != revision:
                self._known[campaign_id] = Campaign.model_validate(self.records.get(campaign_id).campaign)
        self._looked_at = time.monotonic()
