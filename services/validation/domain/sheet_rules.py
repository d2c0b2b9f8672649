"""V3: what is to be said of the information sheet and its people, and of what a submission must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.validation.domain import wording
from services.validation.domain.findings import Code, Finding, Sign
from shared.campaign.model import Campaign, Category
from shared.counting import count
from shared.events.intake import CaseSubmittedInFull


@dataclass(frozen=True, kw_only=True)
class SheetAuthor:
    """One author as the sheet names them; `person` is a pseudonym of the mobile."""

    name: str
    unit: str
    person: str
    host: bool = False


@dataclass(frozen=True, kw_only=True)
class SheetFacts:
    """What a submission says besides its files."""

    category: str
    summary: str
    authors: tuple[SheetAuthor, ...]
    unit_type: str
    contribution: int | None = None
    live_sessions: int | None = None
    unsigned: tuple[str, ...] = ()


def facts_of(event: CaseSubmittedInFull) -> SheetFacts:
    """The sheet as intake told it."""
    sheet, studio = event.sheet, event.sheet.studio
    return SheetFacts(
        category=sheet.category,
        summary=sheet.summary,
        authors=tuple(SheetAuthor(name=a.name, unit=a.unit, person=a.person, host=a.host) for a in sheet.authors),
        unit_type=event.unit_type,
        contribution=studio.contribution if studio else None,
        live_sessions=studio.live_sessions if studio else None,
        unsigned=event.unsigned,
    )


def sheet_findings(
    facts: SheetFacts, roles: tuple[str, ...], campaign: Campaign, *, elsewhere: tuple[str, ...] = ()
) -> tuple[Finding, ...]:
    """All findings about sheet, people and missing files.

    `roles` are those of the submitted files, `elsewhere` the names of authors who stand in another category too (V11).
    """
    signs = (
        *(Sign(code=Code.PERSON_IN_TWO_CATEGORIES, what=name, place="作者信息") for name in elsewhere),
        *_of_authors(facts, campaign),
        *_of_summary(facts.summary, campaign.limits.summary_words),
        *_of_category(facts, campaign),
        *_of_files(roles, campaign),
    )
    return tuple(wording.said(sign, campaign.severity(sign.code)) for sign in signs)


def _of_authors(facts: SheetFacts, campaign: Campaign) -> Iterator[Sign]:
    if len(facts.authors) > campaign.limits.authors:
        yield Sign(code=Code.TOO_MANY_AUTHORS, what=str(campaign.limits.authors), place="作者信息")
    seen: set[str] = set()
    for author in facts.authors:
        if author.person in seen:
            yield Sign(code=Code.AUTHOR_TWICE, what=author.name, place="作者信息")
        seen.add(author.person)
    for name in facts.unsigned:
        yield Sign(code=Code.SIGNATURE_MISSING, what=name, place="作者声明")


def _of_summary(summary: str, limit: int) -> Iterator[Sign]:
    words = count(summary)
    if words.low > limit:
        what = f"案例概述共{words.low}字，超过{limit}字的上限，请删减{words.low - limit}字以上。"
        yield Sign(code=Code.SUMMARY_TOO_LONG, what=what, place="案例概述")


def _of_category(facts: SheetFacts, campaign: Campaign) -> Iterator[Sign]:
    category = campaign.category(facts.category)
    school = any(unit.code == facts.unit_type and unit.school for unit in campaign.unit_types)
    if category.needs_school and not school:
        yield Sign(code=Code.SCHOOL_NEEDED, place="作者单位")
    yield from _of_studio(facts, category)


def _of_studio(facts: SheetFacts, category: Category) -> Iterator[Sign]:
    studio = category.studio
    if studio is None:
        return
    if studio.host_required and not any(author.host for author in facts.authors):
        yield Sign(code=Code.HOST_MISSING, place="作者信息")
    if facts.contribution is not None and facts.contribution < studio.min_contribution:
        yield Sign(code=Code.STUDIO_CONTRIBUTION_LOW, what=f"{facts.contribution}（应不低于{studio.min_contribution}）")
    if facts.live_sessions is not None and facts.live_sessions < studio.min_live_sessions:
        yield Sign(code=Code.STUDIO_LIVE_LOW, what=f"{facts.live_sessions}（应不少于{studio.min_live_sessions}）")


def _of_files(roles: tuple[str, ...], campaign: Campaign) -> Iterator[Sign]:
    if "document" not in roles:
        yield Sign(code=Code.DOCUMENT_ABSENT)
    if roles.count("material") < campaign.limits.min_materials:
        yield Sign(code=Code.MATERIAL_ABSENT)
