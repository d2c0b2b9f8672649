"""The facts that one submission tells: to anybody, to the platform, and to those who write letters."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime

from services.intake.domain.receipt import Sign, code_of, document
from services.intake.domain.sheet import Author, Studio
from services.intake.domain.version import Version
from shared.campaign.model import Campaign
from shared.events.base import Event
from shared.events.intake import (
    AuthorContact,
    AuthorContacts,
    CaseSubmitted,
    CaseSubmittedInFull,
    LatePermissionSpent,
    Sheet,
    SheetAuthor,
    SignaturesAdded,
    SignedReceipt,
    StudioFacts,
)


def submission(
    case_id: str, campaign_id: str, number: str, version: Version, campaign: Campaign, sign: Sign
) -> tuple[Event, ...]:
    """Everything that a submitted version tells, in one write."""
    return (
        CaseSubmitted(
            campaign_id=campaign_id,
            case_id=case_id,
            case_version=version.version,
            number=number,
            category=version.about.category,
            province=version.by.province,
            at=version.received_at,
        ),
        _in_full(case_id, campaign_id, number, version, campaign, sign),
        _contacts(case_id, campaign_id, number, version),
        *_late(case_id, campaign_id, version),
    )


def signatures(
    case_id: str, campaign_id: str, version: Version, done: AbstractSet[str], at: datetime
) -> SignaturesAdded:
    """Who still has not signed a version; ``done`` are the persons who signed since, or need not."""
    return SignaturesAdded(
        campaign_id=campaign_id,
        case_id=case_id,
        case_version=version.version,
        unsigned=still_unsigned(version, done),
        at=at,
    )


def still_unsigned(version: Version, done: AbstractSet[str]) -> tuple[str, ...]:
    """The names of those whose signature a version lacked, but for the persons ``done``."""
    persons = {author.name: author.person for author in version.authors.people}
    return tuple(name for name in version.unsigned if persons.get(name) not in done)


def _late(case_id: str, campaign_id: str, version: Version) -> tuple[Event, ...]:
    if not version.late:
        return ()
    return (
        LatePermissionSpent(
            campaign_id=campaign_id,
            case_id=case_id,
            case_version=version.version,
            permission_id=version.late,
            at=version.received_at,
        ),
    )


def _in_full(
    case_id: str, campaign_id: str, number: str, version: Version, campaign: Campaign, sign: Sign
) -> CaseSubmittedInFull:
    return CaseSubmittedInFull(
        campaign_id=campaign_id,
        case_id=case_id,
        case_version=version.version,
        number=number,
        province=version.by.province,
        city=version.by.city,
        unit=version.by.unit,
        unit_type=version.by.unit_type,
        account_id=version.by.account_id,
        sheet=_sheet(version, campaign),
        files=tuple(file.told() for file in version.files),
        unsigned=version.unsigned,
        receipt=_receipt(campaign_id, number, version, sign),
        at=version.received_at,
    )


def _receipt(campaign_id: str, number: str, version: Version, sign: Sign) -> SignedReceipt | None:
    attested = document(campaign_id, number, version)
    text = sign(attested)
    if not text:
        return None
    return SignedReceipt(text=text, code=code_of(attested), sheet_sha256=attested["sheet_sha256"])


def _sheet(version: Version, campaign: Campaign) -> Sheet:
    is_studio = campaign.category(version.about.category).studio is not None
    return Sheet(
        title=version.about.title,
        category=version.about.category,
        summary=version.about.summary,
        authors=tuple(_author(author) for author in version.authors.people),
        studio=_studio(version.about.studio) if is_studio else None,
        sources=version.declaration.sources,
        declared=version.declaration.declared is not None,
        consents=tuple(agreed.code for agreed in version.declaration.consents),
    )


def _author(author: Author) -> SheetAuthor:
    return SheetAuthor(name=author.name, unit=author.unit, title=author.title, person=author.person, host=author.host)


def _studio(studio: Studio) -> StudioFacts:
    return StudioFacts(
        address=studio.address, contribution=studio.contribution or 0, live_sessions=studio.live_sessions or 0
    )


def _contacts(case_id: str, campaign_id: str, number: str, version: Version) -> AuthorContacts:
    return AuthorContacts(
        campaign_id=campaign_id,
        case_id=case_id,
        case_version=version.version,
        number=number,
        title=version.about.title,
        category=version.about.category,
        province=version.by.province,
        contacts=tuple(_contact(author, version) for author in version.authors.people),
        at=version.received_at,
    )


def _contact(author: Author, version: Version) -> AuthorContact:
    submits = author.person == version.by.person
    return AuthorContact(
        person=author.person,
        name=author.name,
        mobile=author.mobile,
        email=(version.by.email if submits else "") or author.email,
        account_id=version.by.account_id if submits else "",
    )
