"""What reactions, queries and the checker of validation have at hand."""

from __future__ import annotations

from dataclasses import dataclass

from services.validation.domain.report import Report
from services.validation.settings import ValidationSettings
from services.validation.store import Readings
from shared.campaign.copy import Campaigns
from shared.campaign.model import Campaign
from shared.clock import Clock
from shared.identity.revocations import Revocations
from shared.jobs import Jobs
from shared.objects import Objects
from shared.records import Database, Records
from shared.trouble import Away, NotThere


@dataclass(frozen=True, kw_only=True)
class App:
    """The pieces of one validation process."""

    settings: ValidationSettings
    clock: Clock
    database: Database
    reports: Records[Report]
    readings: Readings
    checks: Jobs
    conclusions: Jobs
    campaigns: Campaigns
    revocations: Revocations
    objects: Objects

    def campaign(self, campaign_id: str) -> Campaign:
        """The campaign of a case; Away until it has been heard, because topics have no order among them."""
        try:
            return self.campaigns.get(campaign_id)
        except NotThere as missing:
            raise Away("campaign", f"{campaign_id} has not been heard yet") from missing
