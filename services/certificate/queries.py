"""What the pages show: plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.certificate.domain.campaign import KnownCampaign
from services.certificate.domain.certificate import OUTCOMES, Certificate, Issue, Standing, certificate_id
from services.certificate.domain.names import masked_name
from services.certificate.domain.numbering import number_as_typed
from services.certificate.handlers import Service, lookup_key
from shared.records import Row
from shared.web.frame import Masthead

STANDINGS = {
    Standing.VALID: "有效",
    Standing.REPLACED: "已被更正后的证书取代",
    Standing.REVOKED: "已撤销",
}


@dataclass(frozen=True)
class Found:
    """One certificate as its holder sees it."""

    number: str
    case_title: str
    category: str
    outcome: str
    holder: str
    dated: datetime
    standing: Standing
    words: str
    revoked_at: datetime | None
    revoked_because: str


@dataclass(frozen=True)
class Verified:
    """One number as the public sees it: names are masked."""

    number: str
    standing: Standing
    words: str
    holder: str
    case_title: str
    category: str
    outcome: str
    issuer: str
    dated: datetime
    revoked_at: datetime | None
    revoked_because: str
    replaced_by: str
    replaced_at: datetime | None


def by_name(service: Service, *, name: str, last_four: str) -> tuple[Found, ...]:
    """The certificates of a person, over all campaigns."""
    certificates = []
    for case in service.store.cases_found_by(lookup_key(service, name=name, last_four=last_four)):
        places = case.places_found_by(lookup_key(service, name=name, last_four=last_four), name=name)
        certificates += [
            certificate
            for certificate in service.store.certificates_of_case(case.id)
            if places and (certificate.author in places or certificate.current.wording.holder is None)
        ]
    return _opened(service, certificates)


def by_number(service: Service, number: str) -> tuple[Found, ...]:
    """The certificate that bears or bore this number."""
    certificate = _numbered(service, number)
    return _opened(service, [certificate] if certificate else [])


def verified(service: Service, number: str, *, token: str | None = None) -> Verified | None:
    """What holds of a number; None if it is unknown, or if the token of the QR code is not its own."""
    certificate = _numbered(service, number)
    if certificate is None:
        return None
    issue = certificate.numbered(number_as_typed(number) or "")
    if token is not None and token.upper() != issue.token:
        return None
    return shown_to_public(certificate, issue)


def shown_to_public(certificate: Certificate, issue: Issue) -> Verified:
    """One issue without its names."""
    standing = certificate.standing(issue.number)
    words = issue.wording
    replaced = standing is Standing.REPLACED
    holder = [words.holder_name] if words.holder is not None else list(words.authors)
    following = certificate.issues[certificate.numbers.index(issue.number) + 1] if replaced else None
    return Verified(
        number=issue.number,
        standing=standing,
        words=STANDINGS[standing],
        holder="、".join(masked_name(name) for name in holder),
        case_title=words.case_title,
        category=words.category,
        outcome=OUTCOMES[words.outcome],
        issuer=words.issuer,
        dated=words.dated,
        revoked_at=certificate.revocation.at if certificate.revocation else None,
        revoked_because=certificate.revocation.reason if certificate.revocation else "",
        replaced_by=certificate.current.number if replaced else "",
        replaced_at=following.issued_at if following else None,
    )


@dataclass(frozen=True)
class Stopped:
    """A certificate that could not be made, and why."""

    case_id: str
    place: int
    case_title: str
    holder: str
    because: str


@dataclass(frozen=True)
class Batch:
    """How far the certificates of a campaign are."""

    title: str
    due: int
    issued: int
    waiting: int
    replaced: int
    revoked: int
    without_sheet: int
    by_outcome: Sequence[tuple[str, int]]
    stopped: tuple[Stopped, ...]
    newest: tuple[Found, ...]


def batch(service: Service) -> Batch | None:
    """The campaign heard last and its certificates; None before any campaign was heard."""
    known = service.store.newest_campaign()
    if known is None:
        return None
    cases = {row["_id"]: row for row in service.store.due_cases(known.id)}
    rows = list(service.store.certificate_rows(known.id))
    holding = {row["_id"] for row in rows}
    return Batch(
        title=known.campaign().title,
        due=sum(_holders(known, len(row.get("authors", ()))) for row in cases.values()),
        issued=len(rows),
        waiting=service.store.open_jobs(known.id),
        replaced=sum(len(row["numbers"]) - 1 for row in rows),
        revoked=sum(1 for row in rows if row.get("revocation")),
        without_sheet=sum(1 for row in cases.values() if not row.get("sheet_version")),
        by_outcome=[
            (OUTCOMES[outcome], number) for outcome, number in sorted(Counter(row["outcome"] for row in rows).items())
        ],
        stopped=_stopped(service, known.id, holding),
        newest=tuple(
            _found(certificate)
            for row in sorted(rows, key=lambda row: row["issues"][-1]["issued_at"], reverse=True)[:20]
            if (certificate := service.store.certificates.find(row["_id"]))
        ),
    )


def certificate_page(service: Service, number: str) -> tuple[Certificate, Found] | None:
    """One certificate for the centre, with names."""
    certificate = _numbered(service, number)
    return (certificate, _found(certificate)) if certificate else None


def masthead(service: Service) -> Masthead:
    """Head and foot of the page, from the campaign heard last."""
    known = service.store.newest_campaign()
    if known is None:
        return Masthead()
    campaign = known.campaign()
    return Masthead(
        product_name=campaign.title,
        subtitle=campaign.subtitle,
        help_line=campaign.helpline.phone,
        help_hours=campaign.helpline.hours,
        mailbox=campaign.mailbox,
    )


def query_opens(service: Service, campaign_id: str) -> datetime | None:
    """When the query of this campaign opens, while it has not opened; None once it is open."""
    known = service.store.campaigns.find(campaign_id)
    return _not_yet(known, service.clock()) if known else None


def newest_query_opens(service: Service) -> datetime | None:
    """The same of the campaign heard last."""
    known = service.store.newest_campaign()
    return _not_yet(known, service.clock()) if known else None


def _not_yet(known: KnownCampaign, now: datetime) -> datetime | None:
    opens = known.campaign().certificates.query_opens
    return opens if opens and opens > now else None


def _holders(known: KnownCampaign, authors: int) -> int:
    return authors if known.campaign().certificates.one_for == "each_author" else min(authors, 1)


def _stopped(service: Service, campaign_id: str, holding: set[str]) -> tuple[Stopped, ...]:
    found: dict[tuple[str, int], Stopped] = {}
    for row in service.store.stopped_jobs(campaign_id):
        asked = row["payload"]
        place = (asked["case_id"], asked["place"])
        if certificate_id(*place) in holding and not _still_wrong(service, row):
            continue
        case = service.store.cases.find(asked["case_id"])
        if case is None:
            continue
        because = row.get("result", {}).get("refused") or "制作时出现问题，已记录，可重试。"
        holder = case.authors[place[1]].name if place[1] < len(case.authors) else ""
        found[place] = Stopped(case.id, place[1], case.title, holder, because)
    return tuple(found.values())


def _still_wrong(service: Service, row: Row) -> bool:
    """A correction that could not be printed stays on the list until a later one was."""
    if row["payload"]["kind"] != "correct":
        return False
    certificate = service.store.certificates.get(row["payload"]["certificate_id"])
    return bool(certificate.current.issued_at < row["payload"]["asked_at"])


def _numbered(service: Service, typed: str) -> Certificate | None:
    number = number_as_typed(typed)
    return service.store.certificate_numbered(number) if number else None


def _opened(service: Service, certificates: list[Certificate]) -> tuple[Found, ...]:
    """Before the query of a campaign opens, its certificates are as unknown as any."""
    return tuple(_found(c) for c in certificates if query_opens(service, c.campaign_id) is None)


def _found(certificate: Certificate) -> Found:
    issue = certificate.current
    standing = certificate.standing(issue.number)
    return Found(
        number=issue.number,
        case_title=issue.wording.case_title,
        category=issue.wording.category,
        outcome=OUTCOMES[issue.wording.outcome],
        holder=issue.wording.holder_name,
        dated=issue.wording.dated,
        standing=standing,
        words=STANDINGS[standing],
        revoked_at=certificate.revocation.at if certificate.revocation else None,
        revoked_because=certificate.revocation.reason if certificate.revocation else "",
    )
