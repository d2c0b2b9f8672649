"""A play in a place where programs are away now and then: nobody loses patience, and no window closes meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.campaign.model import Campaign
from shared.campaign.pacing import PacedWindow, paced
from shared.campaign.parts import Window, WindowName
from zhengji.play.script import Play

ENOUGH_TIME = timedelta(seconds=25)
"""For a page that is asked for while its program is killed and started again."""


class PatientPlay(Play):
    """A play whose windows are extended in good time."""

    enough_time = ENOUGH_TIME

    def _see_to(self, name: WindowName) -> None:
        """The centre extends in good time, for a window must not close while a program is away."""
        with self.centre.lock:
            if self.window(name).closes - self.world.now() < self.enough_time:
                self.campaign = self.centre.extend(self.campaign, name, to=self.world.now() + 2 * self.enough_time)


def with_ample_time(
    campaign: Campaign, now: datetime, pace: Mapping[PacedWindow, float], *, hours: float = 1
) -> Campaign:
    """The campaign from now on; only the time to recommend is as short as it is told, because its end is waited for."""
    moved = paced(campaign, now, pace)
    ample = {
        name: Window(opens=getattr(moved.windows, name).opens, closes=now + timedelta(hours=hours))
        for name in ("registration", "contact_forms", "submission", "review")
    }
    return moved.model_copy(update={"windows": moved.windows.model_copy(update=ample), "seal_delay_seconds": 2})
