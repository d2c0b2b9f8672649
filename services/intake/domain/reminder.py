"""Reminding the holder of a case that it is not handed in as it stands."""

from __future__ import annotations

from datetime import datetime

from services.intake.domain.account import Account
from services.intake.domain.case import Case, State
from shared.campaign.model import Campaign
from shared.events.intake import ReminderDue


def remind(case: Case, hours: int, *, campaign: Campaign, holder: Account, at: datetime) -> bool:
    """Tell the holder once that this is not handed in; False where that was told, or it is handed in."""
    closes = campaign.windows.submission.closes
    reminder = reminder_of(hours, closes)
    if reminder in case.reminded or case.state is State.SUBMITTED or case.ended:
        return False
    case.reminded = (*case.reminded, reminder)
    case.tell(
        ReminderDue(
            campaign_id=case.campaign_id,
            case_id=case.id,
            account_id=holder.id,
            name=holder.profile.name,
            email=holder.profile.email,
            title=case.about.title,
            state=case.state.value,
            case_version=case.latest.version if case.latest else 0,
            missing=len(case.findings(campaign, submitter=holder.person)),
            hours=hours,
            closes=closes,
            at=at,
        )
    )
    return True


def reminder_of(hours: int, closes: datetime) -> str:
    """What names a reminder: a window that is extended gets reminders of its own."""
    return f"{hours} h before {closes.isoformat()}"
