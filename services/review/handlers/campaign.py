"""The campaign: drafted from its file, published by the centre, extended while it runs."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import cast

from services.review.app import App
from services.review.domain.campaign_file import CampaignFile
from services.review.domain.shortlist import Shortlist, shortlist_id
from shared.campaign.model import Campaign
from shared.events.review import CampaignPublished
from shared.events.wire import Heard


def load_campaign_draft(app: App, campaign: Campaign) -> None:
    """Lay a campaign down as a draft; the centre publishes it."""
    app.campaign_files.change(
        campaign.id, lambda file: file.take_draft(campaign), create=lambda: CampaignFile(id=campaign.id)
    )


def publish_campaign(app: App, *, campaign_id: str, by: str, command: str | None = None) -> int:
    """Publish the draft; gives the revision."""
    at = app.clock()
    return app.campaign_files.change(campaign_id, lambda file: file.publish(by=by, at=at), command=command)


def extend_window(
    app: App, *, campaign_id: str, window: str, closes: datetime, reason: str, by: str, command: str | None = None
) -> int:
    """Let a window close later, with a reason; gives the revision."""
    at = app.clock()
    return app.campaign_files.change(
        campaign_id,
        lambda file: file.extend(window, closes=closes, reason=reason, by=by, at=at),
        command=command,
    )


def grant_places(
    app: App, *, campaign_id: str, province: str, places: int, reason: str, by: str, command: str | None = None
) -> int:
    """Give a province more places, with a reason; gives how many it has now."""
    at = app.clock()
    app.campaigns.get(campaign_id).province(province)
    return app.shortlists.change(
        shortlist_id(campaign_id, province),
        lambda shortlist: shortlist.grant(places, reason=reason, by=by, at=at),
        command=command,
    )


def campaign_published(app: App, heard: Heard) -> None:
    """Hold the campaign, give each province its shortlist, and open those again that were sealed too early."""
    event = cast(CampaignPublished, heard.event)
    app.campaigns.hear(heard)
    campaign = Campaign.model_validate(event.campaign)
    window = campaign.windows.recommendation
    for province in campaign.provinces:
        app.shortlists.hear(
            heard,
            shortlist_id(campaign.id, province.code),
            lambda shortlist: shortlist.unseal(at=event.at, window=window),
            create=partial(new_shortlist, campaign, province.code),
        )


def new_shortlist(campaign: Campaign, province: str) -> Shortlist:
    """A province's empty shortlist."""
    return Shortlist(
        id=shortlist_id(campaign.id, province),
        campaign_id=campaign.id,
        province=province,
        limit=campaign.limits.recommendations_per_province,
    )
