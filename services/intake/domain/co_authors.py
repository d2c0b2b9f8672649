"""Co-authors are told what was said about them, and confirm or refuse, by account or by a letter's link (I11, L4)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.mobile import is_mobile
from services.intake.domain.people import Invitation, Refusal
from services.intake.domain.sheet import Agreed, Author
from services.intake.domain.window import check_signing
from shared.campaign.model import Campaign
from shared.events.intake import CoAuthorNamed, CoAuthorRefused, GivenAbout
from shared.trouble import NotThere, Refused

LASTS = timedelta(days=14)
PAUSE = timedelta(minutes=10)
MOST_TOLD = 20
"""So often one case may make us write to people: addresses are typed in by somebody else."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How a co-author is told: their own account where there is one, and the link's code, hashed and sealed."""

    account_id: str
    email: str
    hashed_code: str = ""
    sealed_code: str = ""


def listed(case: Case, person: str) -> Author | None:
    """The author as the draft names them, or else the version that counts; None for anybody else."""
    people = (*case.authors.people, *(case.latest.authors.people if case.latest else ()))
    return next((author for author in people if person and author.person == person), None)


def untold(case: Case, *, holder: str) -> tuple[Author, ...]:
    """Authors with a name and a mobile who do not know of it yet, at this address; ``holder`` knows."""
    told = {(invitation.person, invitation.given) for invitation in case.invitations}
    return tuple(author for author in _others(case, holder) if (author.person, author.email) not in told)


def _others(case: Case, holder: str) -> Iterable[Author]:
    know = {holder, *case.refused, *(done.person for done in case.confirmed)}
    for author in case.authors.people:
        if author.person not in know and author.name.strip() and is_mobile(author.mobile):
            yield author


def tell(case: Case, author: Author, reached: Reached, *, holder: Account, campaign: Campaign, at: datetime) -> None:
    """Tell a co-author; a link sent to them before is dead. Refused when the case has told too many."""
    if len(case.invitations) >= MOST_TOLD:
        message = f"这个案例已发出{MOST_TOLD}次告知，不能再发。请让作者本人注册登录后查看和确认，或致电服务热线。"
        raise Refused("told-too-often", message, status=409)
    expires = min(at + LASTS, campaign.windows.recommendation.closes)
    invitation = Invitation(
        person=author.person,
        name=author.name,
        given=author.email,
        email=reached.email,
        account_id=reached.account_id,
        code=reached.hashed_code,
        at=at,
        expires_at=expires,
    )
    earlier = (replace(each, code="") if each.person == author.person else each for each in case.invitations)
    case.invitations = (*earlier, invitation)
    case.tell(
        CoAuthorNamed(
            campaign_id=case.campaign_id,
            case_id=case.id,
            title=case.about.title,
            category=case.about.category,
            person=author.person,
            account_id=reached.account_id,
            email=reached.email,
            given=GivenAbout(
                name=author.name, unit=author.unit, post=author.title, mobile=author.mobile, email=author.email
            ),
            given_by=holder.profile.name,
            given_by_unit=holder.profile.unit,
            sealed_code=reached.sealed_code,
            expires=expires,
            at=at,
        )
    )


def check_telling_again(case: Case, person: str, *, campaign: Campaign, at: datetime) -> Author:
    """The co-author to be told once more; Refused while the last letter is fresh, and where there is an answer."""
    author = next((each for each in case.authors.people if each.person == person and person), None)
    if author is None:
        raise NotThere("这位作者已不在作者信息中。")
    check_signing(campaign, at)
    if person in {done.person for done in case.confirmed} | case.refused:
        raise Refused("answered", "这位作者已经答复，不必再告知。", status=409)
    last = max((each.at for each in case.invitations if each.person == person), default=None)
    if last is not None and at < last + PAUSE:
        raise Refused("told-just-now", "刚刚告知过这位作者，请过10分钟再试。", status=409)
    return author


def invitation_of(case: Case, hashed_code: str) -> Invitation | None:
    """The invitation whose link this is, used or not; None for a link that is unknown or was replaced."""
    found = (each for each in case.invitations if each.code and hmac.compare_digest(each.code, hashed_code))
    return next(found, None)


def usable(case: Case, hashed_code: str, *, at: datetime) -> Invitation:
    """The invitation that a link may answer now; NotThere for one that is unknown, replaced or over."""
    found = invitation_of(case, hashed_code)
    if found is None:
        raise NotThere("链接无效，或已被后来邮件中的链接取代。请使用最新邮件中的链接，或用本人手机号注册、登录后答复。")
    if found.answered_at is not None:
        message = "已经用这个链接答复过，链接只能使用一次。需要更改的，请用本人手机号注册、登录后办理。"
        raise Refused("answered", message, status=409)
    if at >= found.expires_at:
        raise NotThere("链接已过期。请用本人手机号注册、登录后查看和答复，或请案例的填写人重新告知。")
    return found


def confirm(
    case: Case, person: str, *, account_id: str, at: datetime, campaign: Campaign, agreed: tuple[Agreed, ...] = ()
) -> None:
    """A listed author confirms; who had refused agrees by it. Confirming again changes nothing."""
    check_signing(campaign, at)
    case.confirm(person, account_id=account_id, at=at, agreed=agreed)
    _answered(case, person, at)


def check_refusing(case: Case) -> None:
    """Refused once the result is out: from then on a person of the centre has to see to it."""
    if case.ended is not None:
        raise Refused("result-out", "结果已经公布，不能在此办理。需要从作者中除名的，请致电服务热线。", status=409)


def refuse(case: Case, person: str, *, account_id: str, holder: Account, at: datetime) -> None:
    """A listed author does not agree: what was said about them leaves the draft, and the holder is told.

    Versions stay as they were handed in; whoever prints or shows one hears of it.
    """
    author = listed(case, person)
    if person in case.refused:
        return
    if author is None or person == holder.person:
        raise NotThere()
    check_refusing(case)
    case.refusals = (*case.refusals, Refusal(person=person, name=author.name, account_id=account_id, at=at))
    case.confirmed = tuple(done for done in case.confirmed if done.person != person)
    _strike(case, person, at)
    _answered(case, person, at)
    case.tell(
        CoAuthorRefused(
            campaign_id=case.campaign_id,
            case_id=case.id,
            case_version=len(case.versions),
            person=person,
            name=author.name,
            title=case.about.title,
            account_id=case.account_id,
            holder=holder.profile.name,
            email=holder.profile.email,
            at=at,
        )
    )


def _strike(case: Case, person: str, at: datetime) -> None:
    """Take the person out of the draft. It is no edit of the holder's: the grace after the bell goes on."""
    people = tuple(author for author in case.authors.people if author.person != person)
    if people != case.authors.people:
        case.authors = replace(case.authors, rev=case.authors.rev + 1, people=people)
        case.saved_at = max(case.saved_at, at)
    signed = tuple(each for each in case.declaration.signed_on_scan if each != person)
    if signed != case.declaration.signed_on_scan:
        case.declaration = replace(case.declaration, rev=case.declaration.rev + 1, signed_on_scan=signed)
    if case.unsent and case.unsent.authors:
        left = tuple(author for author in case.unsent.authors.people if author.person != person)
        case.unsent = replace(case.unsent, authors=replace(case.unsent.authors, people=left))


def _answered(case: Case, person: str, at: datetime) -> None:
    case.invitations = tuple(each.answered(at) if each.person == person else each for each in case.invitations)
