"""Commands on consents to sharing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.consents import choose


@dataclass(frozen=True, kw_only=True)
class ChooseConsents:
    """Give these consents, by their codes, and no others."""

    case_id: str
    account_id: str
    given: tuple[str, ...]
    received_at: datetime
    command: str


def choose_consents(app: App, command: ChooseConsents) -> bool:
    """A listed author gives consents or takes them back; False where nothing changes."""
    person = app.accounts.get(command.account_id).person

    def act(case: Case) -> bool:
        campaign = app.campaigns.get(case.campaign_id)
        return choose(case, person, command.given, campaign=campaign, at=command.received_at)

    return app.cases.change(command.case_id, act, command=command.command)
