"""Letters about the people of a case: who was named, refused or took it over, and where it belongs."""

from __future__ import annotations

from collections.abc import Callable

from services.notify.app import App
from services.notify.domain.address_book import CaseContacts, Contact
from services.notify.domain.letter import Addressee, Whom
from services.notify.handlers.writing import write_letter
from shared.events.base import Event
from shared.events.intake import CoAuthorNamed, CoAuthorRefused, HandoverAnswered, HandoverOffered
from shared.events.review import CaseMoved, TransferDeclined, TransferOffered
from shared.events.wire import Heard
from shared.web.wording import masked


def send_co_author(app: App, heard: Heard) -> None:
    """CoAuthorNamed: what was said about them, by whom and what for, to somebody named as an author. L4.

    Whom neither mail nor site reaches gets no letter: the holder of the case is asked to pass it on.
    """
    event = heard.event
    assert isinstance(event, CoAuthorNamed)
    if not event.email and not event.account_id:
        return
    name = event.given.name
    write_letter(
        app,
        heard,
        "co_author",
        Addressee(whom=Whom.ADDRESS, name=name, email=event.email, account_id=event.account_id, case_id=event.case_id),
        campaign_id=event.campaign_id,
        sealed=event.sealed_code,
        good_until=event.expires,
        case_title=event.title,
        category=event.category,
        given={**event.given.model_dump(), "mobile": masked(event.given.mobile)},
        given_by=event.given_by,
        given_by_unit=event.given_by_unit,
        expires=event.expires,
    )


def send_co_author_refused(app: App, heard: Heard) -> None:
    """CoAuthorRefused: to the holder of the case; whoever refused gets no more letters about it."""
    event = heard.event
    assert isinstance(event, CoAuthorRefused)
    forget: Callable[[CaseContacts], None] = lambda case: case.forget(  # noqa: E731  # named for its type
        event.person, case_version=event.case_version
    )
    app.cases.hear(heard, event.case_id, forget)
    write_letter(
        app,
        heard,
        "co_author_refused",
        Addressee(
            whom=Whom.ADDRESS,
            name=event.holder,
            email=event.email,
            account_id=event.account_id,
            case_id=event.case_id,
        ),
        campaign_id=event.campaign_id,
        case_title=event.title,
        co_author=event.name,
        handed_in=event.case_version > 0,
        at=event.at,
    )


def send_offer(app: App, heard: Heard) -> None:
    """HandoverOffered: to the co-author who is asked to take the case."""
    event = heard.event
    assert isinstance(event, HandoverOffered)
    to = Addressee(
        whom=Whom.ADDRESS, name=event.name, email=event.email, account_id=event.account_id, case_id=event.case_id
    )
    write_letter(
        app,
        heard,
        "handover_offered",
        to,
        campaign_id=event.campaign_id,
        case_title=event.title,
        holder=event.holder,
        at=event.at,
    )


def send_handover(app: App, heard: Heard) -> None:
    """HandoverAnswered: to both where the case has a new holder, to the old one where it has not."""
    event = heard.event
    assert isinstance(event, HandoverAnswered)
    if event.taken:
        holder = Contact(name=event.name, email=event.email, account_id=event.account_id, person=event.person)
        hand_over: Callable[[CaseContacts], None] = lambda case: case.hand_over(holder)  # noqa: E731  # for its type
        app.cases.hear(heard, event.case_id, hand_over)
    both = [(event.source, event.source_name, event.source_email), (event.account_id, event.name, event.email)]
    for account_id, name, email in both if event.taken else both[:1]:
        to = Addressee(whom=Whom.ADDRESS, name=name, email=email, account_id=account_id, case_id=event.case_id)
        write_letter(
            app,
            heard,
            "handover",
            to,
            campaign_id=event.campaign_id,
            case_title=event.title,
            taken=event.taken,
            holder=event.source_name,
            co_author=event.name,
            is_theirs=(account_id == event.account_id) == event.taken,
            at=event.at,
        )


def send_transfer(app: App, heard: Heard) -> None:
    """TransferOffered, TransferDeclined: to the province that has to answer, or that was answered."""
    event = heard.event
    assert isinstance(event, TransferOffered | TransferDeclined)
    declined = isinstance(event, TransferDeclined)
    write_letter(
        app,
        heard,
        "transfer",
        Addressee(whom=Whom.PROVINCE, case_id=event.case_id, province=event.source if declined else event.to),
        campaign_id=event.campaign_id,
        province=event.to if declined else event.source,
        declined=declined,
        why=event.reason,
        at=event.at,
    )


def send_move(app: App, heard: Heard) -> None:
    """CaseMoved: to the authors, and to both provinces."""
    event = heard.event
    assert isinstance(event, CaseMoved)
    move: Callable[[CaseContacts], None] = lambda case: case.move(event.to)  # noqa: E731  # named for its type
    app.cases.hear(heard, event.case_id, move)
    for to in (
        Addressee(whom=Whom.SUBMITTER, case_id=event.case_id, everybody=True),
        Addressee(whom=Whom.PROVINCE, case_id=event.case_id, province=event.source),
        Addressee(whom=Whom.PROVINCE, case_id=event.case_id, province=event.to),
    ):
        write_letter(
            app,
            heard,
            "case_moved",
            to,
            campaign_id=event.campaign_id,
            source=event.source,
            target=event.to,
            to_author=to.whom is Whom.SUBMITTER,
            why=event.reason,
            at=event.at,
        )


REACTIONS: dict[type[Event], Callable[[App, Heard], None]] = {
    CoAuthorNamed: send_co_author,
    CoAuthorRefused: send_co_author_refused,
    HandoverOffered: send_offer,
    HandoverAnswered: send_handover,
    TransferOffered: send_transfer,
    TransferDeclined: send_transfer,
    CaseMoved: send_move,
}
