"""Commands that bring a case to another province after the bell, and what follows for the case."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from services.review.app import App
from services.review.domain.case import Case
from services.review.domain.transfer import Transfer, TransferState
from services.review.handlers.shortlists import case_of_province
from shared.campaign.model import Campaign
from shared.events.review import CaseMoved
from shared.events.wire import Heard
from shared.records import derived_id
from shared.trouble import NotThere, Refused


def offer_transfer(
    app: App, *, case_id: str, province: str, to: str, reason: str, by: str, received: datetime, command: str
) -> str:
    """A province lets one of its cases go; gives the transfer's id. The same command again offers once."""
    if done := _done(app, command):
        return done
    case = case_of_province(app, case_id, province)
    case.must_not_be_of(app.accounts.get(by).person)
    transfer = _transfer(case, to=to, reason=reason, by=by, at=received, command=command)
    open_ = {"case_id": case_id, "state": TransferState.OFFERED.value, "_id": {"$ne": transfer.id}}
    if app.transfers.count(open_):
        raise Refused("offered-already", "本案例已申请转省，请等对方省份办理。", status=409)
    transfer.offer(app.campaigns.get(case.campaign_id))
    return str(app.transfers.create(transfer, command=command, answer=transfer.id))


def decide_province(app: App, *, case_id: str, to: str, reason: str, by: str, command: str) -> None:
    """The centre decides which province a case belongs to."""
    if _done(app, command):
        return
    case = app.cases.get(case_id)
    transfer = _transfer(case, to=to, reason=reason, by=by, at=app.clock(), command=command)
    transfer.decide(app.campaigns.get(case.campaign_id))
    app.transfers.create(transfer, command=command, answer=transfer.id)


def _done(app: App, command: str) -> str:
    """The transfer that this command made already; empty where it is new."""
    return str(app.transfers.answer_of(derived_id("transfer", command), command) or "")


def _transfer(case: Case, *, to: str, reason: str, by: str, at: datetime, command: str) -> Transfer:
    if not case.is_live:
        raise Refused("case-gone", "该案例已撤回或已取消资格，不能变更省份。", status=409)
    return Transfer(
        id=derived_id("transfer", command),
        campaign_id=case.campaign_id,
        case_id=case.id,
        source=case.province,
        to=to,
        reason=reason,
        offered_by=by,
        offered_at=at,
    )


def accept_transfer(
    app: App, *, transfer_id: str, province: str, reason: str, by: str, received: datetime, command: str
) -> None:
    """The other province takes the case."""
    app.transfers.change(
        transfer_id,
        lambda each: _of(each, province).accept(_campaign(app, each), reason=reason, by=by, at=received),
        command=command,
    )


def decline_transfer(
    app: App, *, transfer_id: str, province: str, reason: str, by: str, received: datetime, command: str
) -> None:
    """The other province does not take the case."""
    app.transfers.change(
        transfer_id,
        lambda each: _of(each, province).decline(_campaign(app, each), reason=reason, by=by, at=received),
        command=command,
    )


def _of(transfer: Transfer, province: str) -> Transfer:
    if transfer.to != province:
        raise NotThere()
    return transfer


def _campaign(app: App, transfer: Transfer) -> Campaign:
    return app.campaigns.get(transfer.campaign_id)


def case_moved(app: App, heard: Heard) -> None:
    """The case is the other province's; its place in the old one's quota is free."""
    event = cast(CaseMoved, heard.event)
    app.cases.hear(heard, event.case_id, lambda case: case.move(event))
