"""Commands about co-authors: tell them, tell one again, and what they answer, by account or by the link of a letter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.intake.app import App
from services.intake.domain import co_authors
from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.co_authors import Reached, untold, usable
from services.intake.domain.consents import choose
from services.intake.domain.sheet import Agreed, Author
from services.intake.store import account_of_person
from shared.campaign.model import Campaign
from shared.identity.secrets import hash_code, new_code, seal

CODE_LETTERS = 20
"""About 98 bits: the link alone opens what was said about somebody."""


def tell_co_authors(app: App, case_id: str, *, at: datetime) -> None:
    """Tell every author who was named and does not know of it, as far as the case may still write to people."""
    case = app.cases.get(case_id)
    holder, campaign = app.accounts.get(case.account_id), app.campaigns.get(case.campaign_id)
    reached = {author.person: _reached(app, author) for author in untold(case, holder=holder.person)}

    def act(case: Case) -> None:
        for author in untold(case, holder=holder.person):
            if author.person in reached and len(case.invitations) < co_authors.MOST_TOLD:
                to = reached[author.person]
                co_authors.tell(case, author, to, holder=holder, campaign=campaign, at=at)

    if reached:
        app.cases.change(case_id, act)


def _reached(app: App, author: Author) -> Reached:
    """Their own account's address before what somebody else typed; without an address there is no link."""
    account = account_of_person(app.accounts, author.person)
    email = (account.profile.email if account else "") or author.email
    code, key = new_code(CODE_LETTERS), app.settings.letter_public_key
    sealed = seal(code, key) if email and key else ""
    hashed = hash_code(code) if sealed else ""
    return Reached(account_id=account.id if account else "", email=email, hashed_code=hashed, sealed_code=sealed)


@dataclass(frozen=True, kw_only=True)
class TellAgain:
    """Tell a co-author once more, with a new link."""

    case_id: str
    account_id: str
    person: str
    received_at: datetime
    command: str


def tell_again(app: App, command: TellAgain) -> str:
    """Tell a co-author once more; gives their name."""
    case = app.own_case(command.case_id, command.account_id)
    holder, campaign = app.accounts.get(case.account_id), app.campaigns.get(case.campaign_id)
    author = next((each for each in case.authors.people if each.person == command.person), Author())
    reached = _reached(app, author)

    def act(case: Case) -> str:
        author = co_authors.check_telling_again(case, command.person, campaign=campaign, at=command.received_at)
        co_authors.tell(case, author, reached, holder=holder, campaign=campaign, at=command.received_at)
        return author.name

    return app.cases.change(command.case_id, act, command=command.command)


@dataclass(frozen=True, kw_only=True)
class Answerer:
    """Who answers: an account, or whoever has the link of a letter (its code)."""

    account_id: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class AnswerAuthorship:
    """A listed author confirms the declaration, with the consents they ticked, or refuses to be named."""

    case_id: str
    by: Answerer
    consents: tuple[str, ...] = ()
    received_at: datetime
    command: str


def confirm_authorship(app: App, command: AnswerAuthorship) -> None:
    """A listed author confirms the declaration; the words they agreed to are kept."""
    account = _account(app, command.by)

    def act(case: Case) -> None:
        campaign = app.campaigns.get(case.campaign_id)
        person = _person(case, account, command)
        agreed = tuple(_agreed(campaign, command.consents, person, command.received_at))
        co_authors.confirm(
            case,
            person,
            account_id=account.id if account else "",
            at=command.received_at,
            campaign=campaign,
            agreed=agreed,
        )
        choose(case, person, {each.code for each in agreed}, campaign=campaign, at=command.received_at)

    app.cases.change(command.case_id, act, command=command.command)


def refuse_authorship(app: App, command: AnswerAuthorship) -> None:
    """A listed author refuses to be named."""
    account = _account(app, command.by)

    def act(case: Case) -> None:
        person, account_id = _person(case, account, command), account.id if account else ""
        holder = app.accounts.get(case.account_id)
        co_authors.refuse(case, person, account_id=account_id, holder=holder, at=command.received_at)

    app.cases.change(command.case_id, act, command=command.command)


def _account(app: App, by: Answerer) -> Account | None:
    return app.accounts.get(by.account_id) if by.account_id else None


def _person(case: Case, account: Account | None, command: AnswerAuthorship) -> str:
    if account:
        return account.person
    return usable(case, hash_code(command.by.code), at=command.received_at).person


def _agreed(campaign: Campaign, ticked: Iterable[str], person: str, at: datetime) -> Iterable[Agreed]:
    """The declaration and the consents, in the words shown; where consents are conditions, all of them."""
    yield Agreed(code="declaration", wording=campaign.texts.declaration, by=person, at=at)
    chosen = set(ticked)
    for consent in campaign.texts.consents:
        if campaign.consents_are_conditions or consent.code in chosen:
            yield Agreed(code=consent.code, wording=consent.wording, by=person, at=at)
