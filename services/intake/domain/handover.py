"""Handing a case over to a co-author: the holder offers it, the co-author takes it or not, and it is theirs (I10)."""

from __future__ import annotations

from datetime import datetime

from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.late import in_force
from services.intake.domain.people import Handover
from services.intake.domain.sheet import Confirmed
from services.intake.domain.window import over
from shared.campaign.model import Campaign
from shared.events.intake import HandoverAnswered, HandoverOffered
from shared.trouble import NotThere, Refused


def open_offer(case: Case) -> Handover | None:
    """The offer that waits for an answer."""
    last = case.handovers[-1] if case.handovers else None
    return last if last and last.answered_at is None else None


def check_handing_over(case: Case, campaign: Campaign, at: datetime) -> None:
    """Refused once nothing of the case can be changed."""
    if case.disqualified:
        raise Refused("disqualified", "本案例已被取消参加资格，不能移交。", status=409)
    if campaign.windows.submission.has_closed(at) and not in_force(case.late, at):
        raise Refused("window-closed", f"{over(campaign)}，不能再移交案例。如有需要，请致电服务热线。", status=409)


def may_take(case: Case, person: str) -> bool:
    """Whether somebody is a co-author who has confirmed."""
    named = any(author.person == person for author in case.authors.people)
    return named and any(done.person == person for done in case.confirmed)


def offer(case: Case, *, to: Account, holder: Account, campaign: Campaign, at: datetime) -> None:
    """Offer the case to a co-author; an offer to somebody else ends, the same one stands."""
    check_handing_over(case, campaign, at)
    if to.id == holder.id or not may_take(case, to.person):
        message = "只能移交给已注册账号、并已确认作者声明的其他作者。"
        raise Refused("cannot-take", message, field="person")
    waiting = open_offer(case)
    if waiting and waiting.to == to.id:
        return
    take_back(case, at=at)
    made = Handover(source=holder.id, to=to.id, person=to.person, name=to.profile.name, at=at)
    case.handovers = (*case.handovers, made)
    case.tell(
        HandoverOffered(
            campaign_id=case.campaign_id,
            case_id=case.id,
            title=case.about.title,
            holder=holder.profile.name,
            account_id=to.id,
            name=to.profile.name,
            email=to.profile.email,
            at=at,
        )
    )


def take_back(case: Case, *, at: datetime) -> None:
    """The holder keeps the case; where nothing was offered, that is done already."""
    waiting = open_offer(case)
    if waiting:
        case.handovers = (*case.handovers[:-1], waiting.answered(at))


def answer(case: Case, *, by: Account, holder: Account, taken: bool, campaign: Campaign, at: datetime) -> None:
    """The co-author takes the case, which is theirs from then on, or declines. Refused once the offer is gone."""
    waiting = open_offer(case)
    if waiting is None or waiting.to != by.id:
        raise NotThere("没有等您答复的移交，可能已被收回或已经办理。")
    if taken:
        check_handing_over(case, campaign, at)
        if not may_take(case, by.person):
            raise Refused("cannot-take", "您已不在作者信息中，或还没有确认作者声明，不能接手。", status=409)
        _sign_what_was_declared(case, holder)
        case.account_id = by.id
    case.handovers = (*case.handovers[:-1], waiting.answered(at, taken=taken))
    case.tell(
        HandoverAnswered(
            campaign_id=case.campaign_id,
            case_id=case.id,
            title=case.about.title,
            taken=taken,
            source=holder.id,
            source_name=holder.profile.name,
            source_email=holder.profile.email,
            account_id=by.id,
            person=by.person,
            name=by.profile.name,
            email=by.profile.email,
            at=at,
        )
    )


def _sign_what_was_declared(case: Case, holder: Account) -> None:
    """The declaration is the new holder's to change; what the one before declared stays their signature."""
    declared = case.declaration.declared
    if declared and declared.by == holder.person and all(done.person != holder.person for done in case.confirmed):
        agreed = (declared, *(each for each in case.declaration.consents if each.by == holder.person))
        done = Confirmed(person=holder.person, account_id=holder.id, at=declared.at, agreed=agreed)
        case.confirmed = (*case.confirmed, done)
