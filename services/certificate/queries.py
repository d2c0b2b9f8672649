"""What the pages show: plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.certificate.app import App
from services.certificate.domain.certificate import OUTCOMES, Certificate, Issue, Standing, certificate_id
from services.certificate.domain.names import masked_name
from services.certificate.domain.numbering import number_as_typed
from shared.campaign.model import Campaign, CertificateFor
from shared.records import Row

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


def by_name(app: App, *, name: str, last_four: str) -> tuple[Found, ...]:
    """The certificates of a person, over all campaigns."""
    certificates = []
    for case in app.store.cases_found_by(app.lookup_key(name=name, last_four=last_four)):
        places = case.places_found_by(app.lookup_key(name=name, last_four=last_four), name=name)
        certificates += [
            certificate
            for certificate in app.store.certificates_of_case(case.id)
            if places and (certificate.author in places or certificate.current.wording.holder is None)
        ]
    return _opened(app, certificates)


def by_number(app: App, number: str) -> tuple[Found, ...]:
    """The certificate that bears or bore this number."""
    certificate = _numbered(app, number)
    return _opened(app, [certificate] if certificate else [])


def verified(app: App, number: str, *, token: str | None = None) -> Verified | None:
    """What holds of a number; None if it is unknown, or if the token of the QR code is not its own."""
    certificate = _numbered(app, number)
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
    """How far the certificates of a campaign are; ``others`` are the other campaigns, id and name."""

    campaign_id: str
    title: str
    others: tuple[tuple[str, str], ...]
    due: int
    issued: int
    waiting: int
    replaced: int
    revoked: int
    without_sheet: int
    by_outcome: Sequence[tuple[str, int]]
    stopped: tuple[Stopped, ...]
    newest: tuple[Found, ...]


def batch(app: App, campaign_id: str = "") -> Batch | None:
    """A campaign, the present one unless another is named, and its certificates; None before any was heard."""
    campaign = app.campaigns.get(campaign_id) if campaign_id else _current(app)
    if campaign is None:
        return None
    cases = list(app.store.due_cases(campaign.id))
    rows = list(app.store.certificate_rows(campaign.id))
    each_author = campaign.certificates.one_for is CertificateFor.EACH_AUTHOR
    newest = sorted(rows, key=lambda row: row["issues"][-1]["issued_at"], reverse=True)[:20]
    return Batch(
        campaign_id=campaign.id,
        title=campaign.subtitle,
        others=tuple((one.id, one.subtitle) for one in app.campaigns.all() if one.id != campaign.id),
        due=sum(_named(row) if each_author else _named(row) > 0 for row in cases),
        issued=len(rows),
        waiting=app.store.open_jobs(campaign.id),
        replaced=sum(len(row["numbers"]) - 1 for row in rows),
        revoked=sum(1 for row in rows if row.get("revocation")),
        without_sheet=sum(1 for row in cases if not row.get("sheet_version")),
        by_outcome=[
            (OUTCOMES[outcome], number) for outcome, number in sorted(Counter(row["outcome"] for row in rows).items())
        ],
        stopped=_stopped(app, campaign.id, {row["_id"] for row in rows}),
        newest=tuple(_found(app.store.certificates.get(row["_id"])) for row in newest),
    )


def _named(row: Row) -> int:
    """How many of a case's authors certificates name."""
    version = row.get("sheet_version") or 0
    out = {each["person"] for each in row.get("unwilling", ()) if version <= each["version"]}
    return sum(author["person"] not in out for author in row.get("authors", ()))


def certificate_page(app: App, number: str) -> tuple[Certificate, Found] | None:
    """One certificate for the centre, with names."""
    certificate = _numbered(app, number)
    return (certificate, _found(certificate)) if certificate else None


def query_is_open(app: App, campaign_id: str) -> bool:
    """Whether certificates of this campaign may be found yet."""
    return _not_yet(app.campaigns.get(campaign_id), app.clock()) is None


def query_opens(app: App) -> datetime | None:
    """When the query of the present campaign opens, while it has not opened; None once it is open."""
    campaign = _current(app)
    return _not_yet(campaign, app.clock()) if campaign else None


def _current(app: App) -> Campaign | None:
    return next(iter(app.campaigns.all()), None)


def _not_yet(campaign: Campaign, now: datetime) -> datetime | None:
    opens = campaign.certificates.query_opens
    return opens if opens and opens > now else None


def _stopped(app: App, campaign_id: str, holding: set[str]) -> tuple[Stopped, ...]:
    found: dict[tuple[str, int], Stopped] = {}
    for row in app.store.stopped_jobs(campaign_id):
        asked = row["payload"]
        place = (asked["case_id"], asked["place"])
        if certificate_id(*place) in holding and not _still_wrong(app, row):
            continue
        case = app.store.cases.find(asked["case_id"])
        if case is None:
            continue
        because = row.get("result", {}).get("refused") or "制作时出现问题，已记录，可重试。"
        holder = case.authors[place[1]].name if place[1] < len(case.authors) else ""
        found[place] = Stopped(case.id, place[1], case.title, holder, because)
    return tuple(found.values())


def _still_wrong(app: App, row: Row) -> bool:
    """A correction that could not be printed stays on the list until a later one was."""
    if row["payload"]["kind"] != "correct":
        return False
    certificate = app.store.certificates.get(row["payload"]["certificate_id"])
    return bool(certificate.current.issued_at < row["payload"]["asked_at"])


def _numbered(app: App, typed: str) -> Certificate | None:
    number = number_as_typed(typed)
    return app.store.certificate_numbered(number) if number else None


def _opened(app: App, certificates: list[Certificate]) -> tuple[Found, ...]:
    """Before the query of a campaign opens, its certificates are as unknown as any."""
    return tuple(_found(c) for c in certificates if query_is_open(app, c.campaign_id))


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
