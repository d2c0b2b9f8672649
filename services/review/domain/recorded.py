"""How a decision gets on the record: it is told in the same write, and the record is written from what was told."""

from __future__ import annotations

from datetime import datetime

from shared.events.review import DecisionRecorded


def recorded(campaign_id: str, *, by: str, what: str, about: str, at: datetime, why: str = "") -> DecisionRecorded:
    """The fact that somebody decided something."""
    return DecisionRecorded(campaign_id=campaign_id, by=by, what=what, about=about, why=why, at=at)
