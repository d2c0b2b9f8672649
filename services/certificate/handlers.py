"""What one can ask of this service, and what it does on news: open, decide, keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from services.certificate.app import App
from services.certificate.domain.case import Author, Case, Lookup
from services.certificate.domain.certificate import DISQUALIFIED, certificate_id
from services.certificate.domain.names import printed_name
from shared.events.base import Event
from shared.events.intake import AuthorContacts, AuthorSessionsRevoked, CaseSubmittedInFull, CoAuthorRefused
from shared.events.review import CampaignPublished, CaseDisqualified, ResultPublished, StaffSessionsRevoked
from shared.events.wire import Heard
from shared.text import one_line
from shared.trouble import Refused

REASON_LIMIT = 200

E = TypeVar("E", bound=Event)


# Commands


def revoke_certificate(
    app: App, number: str, *, reason: str, by: str, at: datetime, command: str | None = None
) -> None:
    """Revoke the certificate that bears this number."""
    certificate = app.numbered(number)
    app.store.certificates.change(certificate.id, lambda c: c.revoke(reason=reason, by=by, at=at), command=command)


def correct_certificate(
    app: App, number: str, *, name: str, unit: str, reason: str, by: str, at: datetime, command: str
) -> None:
    """Ask for a corrected certificate in the place of the one that bears this number."""
    certificate = app.numbered(number)
    current = certificate.current
    name, unit = printed_name(name), one_line(unit).strip()
    if number != current.number or certificate.revocation is not None:
        raise Refused("not-in-force", "该编号的证书已被更正或撤销，请对现行的证书办理更正。", status=409)
    if (name, unit) == (current.wording.holder_name, current.wording.unit):
        raise Refused("nothing-changed", "姓名和单位都没有改动，无需更正。", field="name")
    app.store.jobs.add(
        f"correct-{command}",
        {
            "kind": "correct",
            "campaign_id": certificate.campaign_id,
            "case_id": certificate.case_id,
            "place": certificate.author,
            "certificate_id": certificate.id,
            "name": name,
            "unit": unit,
            "reason": reason,
            "by": by,
            "asked_at": at,
        },
    )


def try_again(app: App, *, case_id: str, place: int, at: datetime, command: str) -> None:
    """Ask once more for a certificate that could not be made."""
    case = app.store.cases.get(case_id)
    if not case.is_due or place not in case.named:
        raise Refused("not-due", "该案例不在应颁发证书之列。", status=409)
    _ask(app, case, place=place, at=at, suffix=f"-again-{command}")


# Reactions


def on_campaign_published(app: App, heard: Heard) -> None:
    app.campaigns.hear(heard)


def on_case_submitted(app: App, heard: Heard) -> None:
    event = _event(heard, CaseSubmittedInFull)
    authors = tuple(Author(name=a.name, unit=a.unit, person=a.person) for a in event.sheet.authors)

    def take(case: Case) -> None:
        case.take_sheet(
            campaign_id=event.campaign_id,
            version=event.case_version,
            title=event.sheet.title,
            category=event.sheet.category,
            province=event.province,
            authors=authors,
        )

    _hear_of_case(app, heard, event.case_id, take)
    _ask_where_due(app, event.case_id)


def on_author_contacts(app: App, heard: Heard) -> None:
    event = _event(heard, AuthorContacts)
    lookups = tuple(
        Lookup(person=contact.person, key=app.lookup_key(name=contact.name, last_four=contact.mobile[-4:]))
        for contact in event.contacts
        if contact.mobile
    )
    _hear_of_case(app, heard, event.case_id, lambda case: case.add_lookups(lookups))


def on_co_author_refused(app: App, heard: Heard) -> None:
    event = _event(heard, CoAuthorRefused)
    if event.case_version:
        refuse: Callable[[Case], None] = lambda case: case.refuse(  # noqa: E731  # named for its type
            event.person, version=event.case_version
        )
        _hear_of_case(app, heard, event.case_id, refuse)


def on_result_published(app: App, heard: Heard) -> None:
    event = _event(heard, ResultPublished)

    def publish(case: Case) -> None:
        case.publish(campaign_id=event.campaign_id, outcome=event.outcome, version=event.case_version, at=event.at)

    _hear_of_case(app, heard, event.case_id, publish)
    _ask_where_due(app, event.case_id)


def on_case_disqualified(app: App, heard: Heard) -> None:
    event = _event(heard, CaseDisqualified)
    # First the case, then its certificates: a maker that issues in between looks at the case again (maker.py).
    _hear_of_case(app, heard, event.case_id, lambda case: case.disqualify(at=event.at))
    for certificate in app.store.certificates_of_case(event.case_id):
        app.store.certificates.hear(
            heard, certificate.id, lambda c: c.revoke(reason=DISQUALIFIED, by="review", at=event.at)
        )


def on_staff_sessions_revoked(app: App, heard: Heard) -> None:
    event = _event(heard, StaffSessionsRevoked)
    app.revocations.revoke(event.account_id, event.revoked_before)


def on_author_sessions_revoked(app: App, heard: Heard) -> None:
    event = _event(heard, AuthorSessionsRevoked)
    app.revocations.revoke(event.account_id, event.revoked_before)


REACTIONS: dict[type[Event], Callable[[App, Heard], None]] = {
    CampaignPublished: on_campaign_published,
    CaseSubmittedInFull: on_case_submitted,
    AuthorContacts: on_author_contacts,
    CoAuthorRefused: on_co_author_refused,
    ResultPublished: on_result_published,
    CaseDisqualified: on_case_disqualified,
    StaffSessionsRevoked: on_staff_sessions_revoked,
    AuthorSessionsRevoked: on_author_sessions_revoked,
}


def _event(heard: Heard, kind: type[E]) -> E:
    assert isinstance(heard.event, kind), f"{heard.type} was given to the reaction for {kind.__name__}"
    return heard.event


def job_id(case_id: str, place: int) -> str:
    """The job that makes the first certificate of this author."""
    return f"issue-{certificate_id(case_id, place)}"


def _hear_of_case(app: App, heard: Heard, case_id: str, act: Callable[[Case], None]) -> None:
    app.store.cases.hear(heard, case_id, act, create=lambda: Case(id=case_id))


def _ask_where_due(app: App, case_id: str) -> None:
    """Ask for every author's certificate once sheet and result are known; asking twice is asking once.

    They are of the moment of publication, so that one made again after a restore is the same, byte by byte.
    """
    case = app.store.cases.find(case_id)
    if case is None or not case.is_due:
        return
    for place in case.named:
        _ask(app, case, place=place, at=case.published_at or app.clock())


def _ask(app: App, case: Case, *, place: int, at: datetime, suffix: str = "") -> None:
    payload = {"kind": "issue", "campaign_id": case.campaign_id, "case_id": case.id, "place": place, "asked_at": at}
    app.store.jobs.add(job_id(case.id, place) + suffix, payload)
