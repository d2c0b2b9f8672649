"""A campaign can be moved to now and squeezed, so that a demo plays the year with the real clock (C6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign, Window
from shared.campaign.pacing import PacedWindow, paced
from shared.clock import SHANGHAI

NOW = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)
CAMPAIGN = load_campaign(Path(__file__).parents[2] / "campaigns/2024-teacher-training.yaml")


def offsets(campaign: Campaign) -> dict[str, tuple[float, float]]:
    spans: dict[str, Window] = {name: getattr(campaign.windows, name) for name in type(campaign.windows).model_fields}
    return {n: ((w.opens - NOW).total_seconds(), (w.closes - NOW).total_seconds()) for n, w in spans.items()}


def test_each_window_is_one_pace_long_and_follows_the_one_before() -> None:
    ten_years = timedelta(days=3653).total_seconds()
    campaign = paced(CAMPAIGN, NOW, 60)
    assert offsets(campaign) == {
        "registration": (0, 120),
        "contact_forms": (0, 60),
        "submission": (60, 120),
        "recommendation": (120, 180),
        "review": (180, 240),
        "publication": (240, 240 + ten_years),
    }
    assert campaign.windows.clashes() == []


def test_single_windows_may_have_a_pace_of_their_own() -> None:
    campaign = paced(CAMPAIGN, NOW, {"submission": 90, "review": 0.5}, default=10)
    told = offsets(campaign)
    assert [told[name] for name in ("contact_forms", "submission", "recommendation", "review")] == [
        (0, 10),
        (10, 100),
        (100, 110),
        (110, 110.5),
    ]


def test_grace_and_seal_delay_shrink_but_never_grow() -> None:
    quick, slow = paced(CAMPAIGN, NOW, 60), paced(CAMPAIGN, NOW, 86_400)
    assert (quick.grace_minutes, quick.seal_delay_seconds) == (10 / 60, 10)
    assert (slow.grace_minutes, slow.seal_delay_seconds) == (CAMPAIGN.grace_minutes, 60)


def test_nothing_else_changes_and_it_still_travels() -> None:
    campaign = paced(CAMPAIGN, NOW, 60)
    same = {"windows", "grace_minutes", "seal_delay_seconds"}
    assert campaign.model_dump(exclude=same) == CAMPAIGN.model_dump(exclude=same)
    assert Campaign.model_validate_json(campaign.campaign_json()) == campaign


@pytest.mark.parametrize(
    ("now", "pace", "says"),
    [
        (NOW.replace(tzinfo=None), 60, "aware"),
        (NOW, 0, "above zero"),
        (NOW, {"submission": -1}, "above zero"),
        (NOW, {"submision": 60}, "submision"),
        (NOW, {"publication": 60}, "publication"),
    ],
)
def test_a_pace_that_makes_no_sense_is_refused(
    now: datetime, pace: float | dict[PacedWindow, float], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        paced(CAMPAIGN, now, pace)
