"""What co-authors read of a case, signed in or by the link of a letter, and what its holder sees of their answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.intake.app import App
from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.co_authors import PAUSE, check_refusing, invitation_of, listed, usable
from services.intake.domain.handover import open_offer
from services.intake.domain.people import Invitation
from services.intake.domain.sheet import Author
from services.intake.domain.window import check_signing, in_the_way
from services.intake.queries.lists import UNNAMED, category_name
from services.intake.queries.papers import Answer, people
from shared.campaign.model import Campaign, Consent
from shared.identity.secrets import hash_code
from shared.trouble import NotThere
from shared.web.wording import masked, moment


@dataclass(frozen=True, kw_only=True)
class SharedCase:
    """A case as a listed co-author reads it; ``mine`` is what was said about them, by ``given_by``."""

    id: str
    title: str
    category: str
    summary: str
    authors: tuple[str, ...]
    mine: tuple[Answer, ...]
    given_by: str
    purpose: str
    declaration: str
    consents_title: str
    consents: tuple[Consent, ...]
    consents_are_conditions: bool
    confirmed_at: datetime | None
    refused_at: datetime | None
    is_mine: bool
    offered: bool
    closed: str
    no_refusal: str


def shared_case(app: App, case_id: str, account: Account) -> SharedCase:
    """The sheet of a case that lists this account's person as an author; NotThere for everybody else."""
    case = app.cases.get(case_id)
    return _shared(app, case, account.person)


def invited_case(app: App, case_id: str, code: str) -> SharedCase:
    """The same for whoever has the link of a letter; NotThere once it is used, replaced or over."""
    case = app.cases.get(case_id)
    return _shared(app, case, usable(case, hash_code(code), at=app.clock()).person)


def _shared(app: App, case: Case, person: str) -> SharedCase:
    author = listed(case, person)
    if author is None:
        raise NotThere("您已不在这个案例的作者信息中。")
    campaign, holder = app.campaigns.get(case.campaign_id), app.accounts.get(case.account_id)
    offer = open_offer(case)
    return SharedCase(
        id=case.id,
        title=case.about.title or UNNAMED,
        category=category_name(campaign, case.about.category),
        summary=case.about.summary,
        authors=people(case.authors, mobile=False),
        mine=tuple(_about(author)),
        given_by=f"{holder.profile.name}（{holder.profile.unit}）",
        purpose=campaign.texts.privacy_notice,
        declaration=campaign.texts.declaration,
        consents_title=campaign.texts.consents_title,
        consents=campaign.texts.consents,
        consents_are_conditions=campaign.consents_are_conditions,
        confirmed_at=next((done.at for done in case.confirmed if done.person == person), None),
        refused_at=next((each.at for each in case.refusals if each.person == person and each.stands), None),
        is_mine=person == holder.person,
        offered=offer is not None and offer.person == person,
        closed=in_the_way(lambda: check_signing(campaign, app.clock())),
        no_refusal=in_the_way(lambda: check_refusing(case)),
    )


def _about(author: Author) -> Iterator[Answer]:
    for key, value in (
        ("姓名", author.name),
        ("工作单位", author.unit),
        ("职称/职务", author.title),
        ("手机", masked(author.mobile)),
        ("电子邮箱", author.email),
    ):
        if value:
            yield Answer(key=key, value=value, href="")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was answered by a link that is used up."""

    title: str
    refused: bool
    at: datetime


def answered_by_link(app: App, case_id: str, code: str) -> Answered | None:
    """What was answered by this link; None for one that is not used up."""
    case = app.cases.get(case_id)
    found = invitation_of(case, hash_code(code))
    if found is None or found.answered_at is None:
        return None
    return Answered(title=case.about.title or UNNAMED, refused=found.person in case.refused, at=found.answered_at)


@dataclass(frozen=True, kw_only=True)
class CoAuthorLine:
    """One co-author for the holder of the case: what they know of it and what they answered."""

    person: str
    name: str
    state: str
    look: str
    hint: str
    may_tell: bool


def co_author_lines(case: Case, campaign: Campaign, *, holder: str, now: datetime) -> tuple[CoAuthorLine, ...]:
    """Everybody named besides the holder, and those who refused."""
    open_ = not case.ended and not in_the_way(lambda: check_signing(campaign, now))
    named = [author for author in case.authors.people if author.person != holder and author.name]
    lines = [_line(case, author, now=now, open_=open_) for author in named]
    persons = {author.person for author in named}
    gone = [each for each in case.refusals if each.stands and each.person not in persons]
    return (
        *lines,
        *(
            CoAuthorLine(
                person=each.person,
                name=each.name,
                state="不同意列名",
                look="wrong",
                hint=f"{moment(each.at)}表示，已从作者信息中删去",
                may_tell=False,
            )
            for each in gone
        ),
    )


def _line(case: Case, author: Author, *, now: datetime, open_: bool) -> CoAuthorLine:
    last = next((each for each in reversed(case.invitations) if each.person == author.person), None)
    state, look, hint = _standing(case, author, last, now=now)
    waits = look in {"doing", "todo"} and last is not None
    return CoAuthorLine(
        person=author.person,
        name=author.name,
        state=state,
        look=look,
        hint=hint,
        may_tell=open_ and waits and last is not None and now >= last.at + PAUSE,
    )


def _standing(case: Case, author: Author, last: Invitation | None, *, now: datetime) -> tuple[str, str, str]:
    done = next((each for each in case.confirmed if each.person == author.person), None)
    if done:
        return "已确认", "done", f"{moment(done.at)}由本人确认"
    if author.person in case.refused:
        return "不同意列名", "wrong", "请从作者信息中删去"
    if last is None:
        return "尚未告知", "todo", "作者信息填写完整并保存后，平台即告知本人"
    if not last.email and not last.account_id:
        return "未能告知", "todo", "没有填写电子邮箱，本人也没有注册，请您转告其用本人手机号注册后确认"
    how = "邮件" if last.email else "站内消息"
    if last.code and now >= last.expires_at:
        return "链接已过期", "todo", f"{moment(last.at)}以{how}告知，可以重新告知"
    return "待本人答复", "doing", f"{moment(last.at)}以{how}告知"
