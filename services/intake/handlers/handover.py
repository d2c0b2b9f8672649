"""Commands that hand a case over to a co-author: offer it, take the offer back, answer it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.intake.app import App
from services.intake.domain import handover
from services.intake.domain.case import Case
from services.intake.handlers.cases import owned
from services.intake.store import account_of_person
from shared.trouble import Refused


@dataclass(frozen=True, kw_only=True)
class OfferCase:
    """Offer a case to the co-author with this pseudonym."""

    case_id: str
    account_id: str
    person: str
    received_at: datetime
    command: str


def offer_case(app: App, command: OfferCase) -> str:
    """Offer a case to a co-author; gives their name."""
    to, holder = account_of_person(app.accounts, command.person), app.accounts.get(command.account_id)
    if to is None:
        message = "这位作者还没有注册账号。请其用本人手机号注册，并确认作者声明后再移交。"
        raise Refused("cannot-take", message, field="person")

    def act(case: Case) -> str:
        campaign = app.campaigns.get(case.campaign_id)
        handover.offer(case, to=to, holder=holder, campaign=campaign, at=command.received_at)
        return to.profile.name

    return app.cases.change(command.case_id, owned(command.account_id, act), command=command.command)


@dataclass(frozen=True, kw_only=True)
class TakeBackCase:
    """Keep the case after all."""

    case_id: str
    account_id: str
    received_at: datetime
    command: str


def take_back_case(app: App, command: TakeBackCase) -> None:
    """Keep the case after all."""

    def act(case: Case) -> None:
        handover.take_back(case, at=command.received_at)

    app.cases.change(command.case_id, owned(command.account_id, act), command=command.command)


@dataclass(frozen=True, kw_only=True)
class AnswerHandover:
    """The co-author takes the case, or does not."""

    case_id: str
    account_id: str
    taken: bool
    received_at: datetime
    command: str


def answer_handover(app: App, command: AnswerHandover) -> bool:
    """The co-author takes the case, or does not; gives whether it is theirs."""
    by = app.accounts.get(command.account_id)

    def act(case: Case) -> bool:
        campaign, holder = app.campaigns.get(case.campaign_id), app.accounts.get(case.account_id)
        handover.answer(case, by=by, holder=holder, taken=command.taken, campaign=campaign, at=command.received_at)
        return command.taken

    return app.cases.change(command.case_id, act, command=command.command)
