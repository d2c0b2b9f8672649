"""Consents to sharing: who gave which in which words, taken back and given again until the list is public (I12, L4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from services.intake.domain.case import Case
from services.intake.domain.co_authors import listed
from services.intake.domain.people import Withheld
from shared.campaign.model import Campaign
from shared.events.intake import ConsentsChanged
from shared.trouble import NotThere, Refused


def withheld_by(case: Case, person: str) -> frozenset[str]:
    """The codes of the consents that somebody does not give now."""
    return frozenset(each.code for each in case.withheld if each.person == person and each.stands)


def withheld(case: Case) -> tuple[str, ...]:
    """The codes of the consents that at least one author does not give now."""
    return tuple(sorted({each.code for each in case.withheld if each.stands and listed(case, each.person)}))


def check_choosing(case: Case, person: str) -> None:
    """Refused before one has agreed to anything, and once the list is public: then a person has to see to it."""
    declared_by = case.declaration.declared.by if case.declaration.declared else ""
    if person not in {declared_by, *case.declaration.signed_on_scan, *(done.person for done in case.confirmed)}:
        raise Refused("not-agreed", "您还没有确认作者声明，请先确认。", status=409)
    if case.ended is not None and not case.disqualified:
        message = "名单已经公布，不能在此更改。需要撤回共享同意的，请致电服务热线，由工作人员办理。"
        raise Refused("list-public", message, status=409)
    if case.disqualified:
        raise Refused("disqualified", "本案例已被取消参加资格，不展示，也不收入结集。", status=409)


def choose(case: Case, person: str, given: Collection[str], *, campaign: Campaign, at: datetime) -> bool:
    """A listed author gives these consents and no others; False where nothing changes."""
    if listed(case, person) is None:
        raise NotThere()
    check_choosing(case, person)
    known = {consent.code: consent.wording for consent in campaign.texts.consents}
    before = withheld_by(case, person)
    now = frozenset(known) - frozenset(given)
    if now == before:
        return False
    again, gone = before - now, now - before
    kept = (
        replace(each, given_at=at) if each.person == person and each.stands and each.code in again else each
        for each in case.withheld
    )
    new = (Withheld(person=person, code=code, wording=known[code], at=at) for code in known if code in gone)
    case.withheld = (*kept, *new)
    tell(case, at=at)
    return True


def declared(case: Case, campaign: Campaign, *, at: datetime) -> None:
    """What a declaration that is handed in leaves out, where consents are free choices, is withheld.

    It gives nothing back: who took a consent back says so again on its own page.
    """
    by = case.declaration.declared.by if case.declaration.declared else ""
    if campaign.consents_are_conditions or not by:
        return
    out = withheld_by(case, by) | {each.code for each in case.declaration.consents}
    new = tuple(
        Withheld(person=by, code=consent.code, wording=consent.wording, at=at)
        for consent in campaign.texts.consents
        if consent.code not in out
    )
    if new:
        case.withheld = (*case.withheld, *new)
        tell(case, at=at)


def tell(case: Case, *, at: datetime) -> None:
    """Tell everything that is withheld now."""
    case.tell(ConsentsChanged(campaign_id=case.campaign_id, case_id=case.id, withheld=withheld(case), at=at))
