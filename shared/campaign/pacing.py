"""Moves a campaign to now and squeezes its windows, so that a year can be played in minutes with the real clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

from shared.campaign.model import Campaign, Window, Windows

PacedWindow = Literal["contact_forms", "submission", "recommendation", "review"]
# Certificates are answered for that long.
_OPEN_END = timedelta(days=3653)


def paced(
    campaign: Campaign, now: datetime, pace: float | Mapping[PacedWindow, float], *, default: float = 60
) -> Campaign:
    """The same campaign with its windows in turn from now on, each ``pace`` seconds long.

    Registration and contact forms open now; submission, recommendation and review follow one another; publication opens
    last and stays open. A mapping gives the seconds of single windows, ``default`` those of the rest.
    Grace and seal delay shrink with the window they follow. ValueError for a naive instant, a window that has no
    pace, or a pace that is not above zero.
    """
    if now.utcoffset() is None:
        raise ValueError("now must be an aware instant")
    seconds = _seconds(pace, default)
    contact_forms = _from(now, seconds["contact_forms"])
    submission = _from(contact_forms.closes, seconds["submission"])
    recommendation = _from(submission.closes, seconds["recommendation"])
    review = _from(recommendation.closes, seconds["review"])
    windows = Windows(
        registration=Window(opens=now, closes=submission.closes),
        contact_forms=contact_forms,
        submission=submission,
        recommendation=recommendation,
        review=review,
        publication=Window(opens=review.closes, closes=review.closes + _OPEN_END),
    )
    return campaign.model_copy(
        update={
            "windows": windows,
            "grace_minutes": min(campaign.grace_minutes, seconds["submission"] / 6 / 60),
            "seal_delay_seconds": min(campaign.seal_delay_seconds, seconds["recommendation"] / 6),
            "certificates": campaign.certificates.model_copy(update={"query_opens": None}),
        }
    )


def _seconds(pace: float | Mapping[PacedWindow, float], default: float) -> dict[PacedWindow, float]:
    names: tuple[PacedWindow, ...] = get_args(PacedWindow)
    given: Mapping[PacedWindow, float] = pace if isinstance(pace, Mapping) else dict.fromkeys(names, pace)
    if strange := sorted(set(given) - set(names)):
        raise ValueError(f"only {', '.join(names)} have a pace, not {', '.join(strange)}")
    seconds = {name: given.get(name, default) for name in names}
    if slow := [name for name, length in seconds.items() if not length > 0]:
        raise ValueError(f"a pace must be above zero: {', '.join(slow)}")
    return seconds


def _from(opens: datetime, seconds: float) -> Window:
    return Window(opens=opens, closes=opens + timedelta(seconds=seconds))
