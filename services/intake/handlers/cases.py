"""Commands on a case: open, save a part of the sheet, submit, withdraw."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from services.intake.app import App
from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.co_authors import untold
from services.intake.domain.consents import declared
from services.intake.domain.late import LateUse
from services.intake.domain.number import SPACE, case_number
from services.intake.domain.sheet import About, Author, Authors, Declaration
from services.intake.domain.version import Submitter
from services.intake.domain.window import check_drafting, over
from services.intake.handlers.co_authors import tell_co_authors
from services.intake.store import NUMBER_TAKEN
from shared.records import derived_id
from shared.trouble import NotThere, Refused

DRAWS = 8
R = TypeVar("R")


def owned(account_id: str, act: Callable[[Case], R]) -> Callable[[Case], R]:
    """The act, for the case's own account only; for anybody else there is no such case."""

    def checked(case: Case) -> R:
        if case.account_id != account_id:
            raise NotThere()
        return act(case)

    return checked


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """Begin a draft."""

    account_id: str
    title: str
    category: str
    received_at: datetime
    command: str


def open_case(app: App, command: OpenCase) -> str:
    """Begin a draft with the author as its first author; gives its id."""
    campaign = app.campaigns.current()
    check_drafting(campaign, command.received_at)
    account = app.accounts.get(command.account_id)
    case = Case(
        id=derived_id("case", command.account_id, command.command),
        campaign_id=campaign.id,
        account_id=command.account_id,
        opened_at=command.received_at,
        edited_at=command.received_at,
        saved_at=command.received_at,
        about=About(title=command.title, category=command.category),
        authors=Authors(people=(_as_author(account),)),
    )
    answer: str = app.cases.create(case, command=command.command, answer=case.id)
    return answer


def _as_author(account: Account) -> Author:
    profile = account.profile
    return Author(
        name=profile.name, unit=profile.unit, mobile=account.mobile, email=profile.email, person=account.person
    )


@dataclass(frozen=True, kw_only=True)
class SavePart:
    """Save one part of the sheet; its ``rev`` is the revision that the form was opened with.

    ``whole`` says that it is no draft of that part: co-authors it names are told.
    """

    case_id: str
    account_id: str
    part: About | Authors | Declaration
    received_at: datetime
    whole: bool = False


def save_part(app: App, command: SavePart) -> int:
    """Save one part of the sheet; gives its revision. SavedMeanwhile where another tab saved it first."""
    part = _with_persons(app, command.part) if isinstance(command.part, Authors) else command.part

    def act(case: Case) -> int:
        campaign = app.campaigns.get(case.campaign_id)
        return case.save(part, campaign=campaign, received_at=command.received_at)

    try:
        rev = app.cases.change(command.case_id, owned(command.account_id, act))
    except Refused as refused:
        if refused.code != "window-closed":
            raise
        raise _kept_aside(app, command, part) from None
    if command.whole and isinstance(part, Authors):
        tell_co_authors(app, command.case_id, at=command.received_at)
    return rev


def _kept_aside(app: App, command: SavePart, part: About | Authors | Declaration) -> Refused:
    """The bell came before this: it stays out of the draft, and nothing that was typed is lost."""

    def act(case: Case) -> str:
        case.keep_unsent(part, at=command.received_at)
        return case.campaign_id

    campaign_id = app.cases.change(command.case_id, owned(command.account_id, act))
    message = f"{over(app.campaigns.get(campaign_id))}，这次填写的内容没有计入案例。填写的内容已另行保存，显示在本页。"
    return Refused("window-closed", message, status=409)


def _with_persons(app: App, authors: Authors) -> Authors:
    people = (replace(author, person=app.person(author.mobile) if author.mobile else "") for author in authors.people)
    return replace(authors, people=tuple(people))


@dataclass(frozen=True, kw_only=True)
class SubmitCase:
    """Hand in the draft as it is."""

    case_id: str
    account_id: str
    received_at: datetime
    command: str


class Submitted(NamedTuple):
    """The version that counts, and whether it stood already because nothing had changed."""

    version: int
    stood_already: bool


def submit_case(app: App, command: SubmitCase) -> Submitted:
    """Hand in the draft. NotReady lists what is missing; the same command again is answered as the first time.

    Numbers are drawn at random rather than counted: no hot counter, and nobody learns how many cases there are. A drawn
    number that another case has is drawn again (about one in a thousand with a hundred thousand cases).
    """
    by = submitter(app.accounts.get(command.account_id))
    for _ in range(DRAWS):
        try:
            return _submit(app, command, by, drawn=secrets.randbelow(SPACE))
        except Refused as refused:
            if refused.code != NUMBER_TAKEN:
                raise
    raise Refused(NUMBER_TAKEN, "暂时未能生成编号，请稍后再次点击“确认报送”。草稿已保存。", status=503)


def _submit(app: App, command: SubmitCase, by: Submitter, *, drawn: int) -> Submitted:
    stood, to_tell = False, False

    def act(case: Case) -> int:
        nonlocal stood, to_tell
        before = len(case.versions)
        campaign = app.campaigns.get(case.campaign_id)
        number = case_number(campaign.id[:4], drawn)
        version = case.submit(
            campaign=campaign, by=by, received_at=command.received_at, number=number, sign=app.seal.sign
        )
        stood, to_tell = len(case.versions) == before, bool(untold(case, holder=by.person))
        if not stood:
            _claim(app, case)
            declared(case, campaign, at=command.received_at)
        return version

    version = app.cases.change(command.case_id, owned(command.account_id, act), command=command.command)
    if to_tell:
        tell_co_authors(app, command.case_id, at=command.received_at)
    return Submitted(version, stood)


def _claim(app: App, case: Case) -> None:
    """A permission that other cases hold as well is this case's alone, before the write that spends it."""
    last = case.versions[-1]
    if any(late.shared for late in case.late if late.permission_id == last.late):
        app.late_uses.ensure(LateUse(id=last.late, case_id=case.id))
        app.late_uses.get(last.late).is_for(case.id)


def submitter(account: Account) -> Submitter:
    """The account as a submission names it."""
    profile = account.profile
    return Submitter(
        account_id=account.id,
        person=account.person,
        name=profile.name,
        mobile=account.mobile,
        email=profile.email,
        province=profile.province,
        city=profile.city,
        county=profile.county,
        unit=profile.unit,
        unit_type=profile.unit_type,
    )


@dataclass(frozen=True, kw_only=True)
class WithdrawCase:
    """Take back what was submitted."""

    case_id: str
    account_id: str
    received_at: datetime
    command: str


def withdraw_case(app: App, command: WithdrawCase) -> int:
    """Take back what was submitted; gives the version withdrawn."""

    def act(case: Case) -> int:
        campaign = app.campaigns.get(case.campaign_id)
        return case.withdraw(campaign=campaign, received_at=command.received_at)

    return app.cases.change(command.case_id, owned(command.account_id, act), command=command.command)
