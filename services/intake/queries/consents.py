"""An author's consents to sharing: what was agreed to, when, in which words, and what was taken back."""

from __future__ import annotations

from dataclasses import dataclass

from services.intake.app import App
from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.co_authors import listed
from services.intake.domain.consents import check_choosing, withheld_by
from services.intake.domain.sheet import Agreed
from services.intake.domain.window import in_the_way
from services.intake.queries.lists import UNNAMED
from shared.campaign.model import Consent
from shared.trouble import NotThere
from shared.web.wording import moment


@dataclass(frozen=True, kw_only=True)
class ConsentLine:
    """One consent in the words that were shown, whether it is given, and since when."""

    code: str
    wording: str
    given: bool
    since: str


@dataclass(frozen=True, kw_only=True)
class ConsentsPage:
    """One author's consents; ``closed`` says why they cannot be changed."""

    case_id: str
    title: str
    heading: str
    lines: tuple[ConsentLine, ...]
    is_holder: bool
    closed: str


def consents_page(app: App, case_id: str, account: Account) -> ConsentsPage:
    """The consents of a listed author; NotThere for everybody else."""
    case = app.cases.get(case_id)
    if listed(case, account.person) is None:
        raise NotThere()
    campaign = app.campaigns.get(case.campaign_id)
    return ConsentsPage(
        case_id=case.id,
        title=case.about.title or UNNAMED,
        heading=campaign.texts.consents_title,
        lines=tuple(_line(case, account.person, consent) for consent in campaign.texts.consents),
        is_holder=case.account_id == account.id,
        closed=in_the_way(lambda: check_choosing(case, account.person)),
    )


def _line(case: Case, person: str, consent: Consent) -> ConsentLine:
    gone = next((each for each in reversed(case.withheld) if each.person == person and each.code == consent.code), None)
    if consent.code in withheld_by(case, person) and gone:
        return ConsentLine(code=consent.code, wording=gone.wording, given=False, since=f"{moment(gone.at)}撤回或未同意")
    if gone and gone.given_at:
        return ConsentLine(code=consent.code, wording=consent.wording, given=True, since=f"{moment(gone.given_at)}同意")
    agreed = next((each for each in _agreed(case, person) if each.code == consent.code), None)
    return ConsentLine(
        code=consent.code,
        wording=agreed.wording if agreed else consent.wording,
        given=True,
        since=f"{moment(agreed.at)}同意" if agreed else "",
    )


def _agreed(case: Case, person: str) -> tuple[Agreed, ...]:
    signed = tuple(each for done in case.confirmed if done.person == person for each in done.agreed)
    return (*(each for each in case.declaration.consents if each.by == person), *signed)
