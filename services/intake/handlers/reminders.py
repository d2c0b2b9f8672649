"""Reminding the holders of what is not handed in, 72, 24 and 3 hours before submission closes."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.reminder import remind, reminder_of
from services.intake.store import cases_not_handed_in
from shared.campaign.model import Campaign
from shared.trouble import NotThere

HOURS = (3, 24, 72)
AT_ONCE = 50

log = structlog.get_logger()


class Reminders:
    """Goes through the cases once after each of these instants; what was told is kept with each case."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._through: dict[tuple[str, str], str | None] = {}
        """How far this process has come with each reminder: the id of the last case, None at the end."""

    def step(self) -> bool:
        """Remind some holders; False when all have been."""
        at = self._app.clock()
        some = False
        for campaign in self._app.campaigns.all():
            hours = hours_left(campaign, at)
            if hours is not None and self._remind(campaign, hours, at):
                some = True
        return some

    def _remind(self, campaign: Campaign, hours: int, at: datetime) -> bool:
        closes = campaign.windows.submission.closes
        reminder = reminder_of(hours, closes)
        after = self._through.get((campaign.id, reminder), "")
        if after is None:
            return False
        ids = cases_not_handed_in(
            self._app.cases,
            campaign.id,
            opened_before=closes - timedelta(hours=hours),
            reminder=reminder,
            after=after,
            most=AT_ONCE,
        )
        told = sum(self._remind_of(case_id, campaign, hours, at) for case_id in ids)
        self._through[campaign.id, reminder] = ids[-1] if len(ids) == AT_ONCE else None
        log.info("holders_reminded", campaign=campaign.id, hours=hours, told=told, looked_at=len(ids))
        return bool(ids)

    def _remind_of(self, case_id: str, campaign: Campaign, hours: int, at: datetime) -> bool:
        def told(case: Case) -> bool:
            return remind(case, hours, campaign=campaign, holder=self._app.accounts.get(case.account_id), at=at)

        try:
            return self._app.cases.change(case_id, told)
        except NotThere:  # the draft, or its account, was deleted meanwhile
            return False


def hours_left(campaign: Campaign, at: datetime) -> int | None:
    """Which reminder is due: the last whose instant has passed; None before the first, and from closing on."""
    left = campaign.windows.submission.closes - at
    if left <= timedelta(0):
        return None
    return next((hours for hours in HOURS if left <= timedelta(hours=hours)), None)
