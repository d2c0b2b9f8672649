"""Which campaign a page of the staff shows: the one that runs, or an earlier one that the address names."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import g, request

from services.review.routes.at_hand import pieces
from shared.campaign.model import Campaign

ASKED = "campaign"
"""The name in the address."""


def shown_campaign(campaign_id: str = "") -> Campaign:
    """The campaign of this page: of the case it is about, or that the address names, or the running one. NotThere."""
    campaigns = pieces().campaigns
    running = campaigns.current()
    chosen = campaign_id or request.args.get(ASKED, "")
    shown = campaigns.get(chosen) if chosen else running
    g.shown_campaign, g.earlier_campaign = shown, shown.id != running.id
    return shown


def kept() -> dict[str, str]:
    """What links and forms carry on, so that one stays with an earlier campaign."""
    return {ASKED: g.shown_campaign.id} if g.get("earlier_campaign") else {}


def at(path: str) -> str:
    """An address that stays with the campaign of this page."""
    if not kept():
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(kept())}"


def surroundings() -> dict[str, Any]:
    """What templates need for it."""
    shown: Campaign | None = g.get("shown_campaign")
    return {
        "at": at,
        "kept": kept(),
        "shown_campaign": shown,
        "other_campaigns": [each for each in pieces().campaigns.all() if each.id != shown.id] if shown else [],
    }
