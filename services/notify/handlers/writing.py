"""Writing a letter: one for each event and recipient, at once where the address is known, else when it comes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from services.notify.app import App
from services.notify.domain.address_book import CaseContacts
from services.notify.domain.letter import (
    URGENT_KINDS,
    Addressee,
    Letter,
    LetterState,
    Reached,
    Whom,
    message_id,
)
from shared.events.wire import Heard
from shared.records import derived_id
from shared.telemetry.metrics import LETTERS

log = structlog.get_logger()


def write_letter(
    app: App,
    heard: Heard,
    kind: str,
    to: Addressee,
    *,
    campaign_id: str = "",
    sealed: str = "",
    good_until: datetime | None = None,
    **values: Any,
) -> None:
    """The letter this event calls for. A repeat finds it written; one that is only replayed calls for none.

    What happened before a restore was perhaps written to people then: its letter is held.
    """
    if heard.replay:
        return
    letter = new_letter(
        app,
        kind,
        to,
        event_id=heard.id,
        correlation=heard.correlation,
        campaign_id=campaign_id,
        sealed=sealed,
        good_until=good_until,
        values=values,
    )
    if app.is_from_before(heard):
        letter.hold()
    put_in(app, letter)


def new_letter(
    app: App,
    kind: str,
    to: Addressee,
    *,
    event_id: str,
    correlation: str,
    campaign_id: str,
    values: dict[str, Any],
    sealed: str = "",
    good_until: datetime | None = None,
    answers: str = "",
) -> Letter:
    """A letter whose id the event and the recipient give."""
    letter_id = derived_id(event_id, kind, to.key())
    now = app.clock()
    return Letter(
        id=letter_id,
        kind=kind,
        campaign_id=campaign_id,
        to=to,
        state=LetterState.WAITING_FOR_ADDRESS,
        created=now,
        due=now,
        message_id=message_id(letter_id, app.settings.sender.rpartition("@")[2]),
        correlation=correlation,
        event_id=event_id,
        name=to.name,
        email=to.email,
        account_id=to.account_id,
        case_id=to.case_id,
        values=values,
        sealed=sealed,
        good_until=good_until,
        urgent=kind in URGENT_KINDS,
        answers=answers,
    )


def put_in(app: App, letter: Letter) -> None:
    """Keep a new letter, with its address where that is known already; co-authors' letters first."""
    found, case = look_up(app, letter.to)
    if found is not None and letter.state is LetterState.WAITING_FOR_ADDRESS:
        _also_to_co_authors(app, letter, case)
        letter.reach(found, at=app.clock())
    if app.letters.ensure(letter):
        LETTERS.labels("notify", letter.kind, letter.state.value).inc()
        log.info("letter_written", letter=letter.id, kind=letter.kind, state=letter.state.value)


def find_address(app: App, letter_id: str) -> bool:
    """Look for the address of a letter that waits for one; False when nobody knows it yet."""
    letter = app.letters.find(letter_id)
    if letter is None or letter.state is not LetterState.WAITING_FOR_ADDRESS:
        return True
    found, case = look_up(app, letter.to)
    now = app.clock()
    if found is None:
        app.letters.change(letter_id, lambda each: each.look_later(at=now))
        return False
    _also_to_co_authors(app, letter, case)
    app.letters.change(letter_id, lambda each: each.reach(found, at=now))
    return True


def look_up(app: App, to: Addressee) -> tuple[Reached | None, CaseContacts | None]:
    """How somebody is reached, as far as the books say; with the case the letter is about."""
    case = app.cases.find(to.case_id) if to.case_id else None
    if to.whom is Whom.ADDRESS:
        return Reached(name=to.name, email=to.email, account_id=to.account_id), case
    if to.whom is Whom.PROVINCE:
        return _province(app, to, case), case
    if case is not None:
        return case.find(to), case
    if to.whom is Whom.ACCOUNT and not to.case_id:
        staff = app.staff.find(to.account_id)
        return (staff.reached() if staff else None), None
    return None, None


def _province(app: App, to: Addressee, case: CaseContacts | None) -> Reached | None:
    """The newest contact of the province, of the case's where none is named; what is known of the case comes along."""
    if to.case_id and (case is None or not case.contacts):
        return None
    province = to.province or (case.province if case else "")
    newest = next(app.staff.rows({"province": province, "role": "province"}, sort="-since", limit=1), None)
    if newest is None:
        return None
    facts = (("number", case.number), ("title", case.title)) if case else ()
    return Reached(name=newest["name"], email=newest["email"], account_id=newest["_id"], facts=facts)


def _also_to_co_authors(app: App, letter: Letter, case: CaseContacts | None) -> None:
    """Letters to the co-authors who can be reached: written before the submitter's moves on, so that none is lost."""
    if not letter.to.everybody or case is None:
        return
    for contact in case.co_authors():
        to = Addressee(
            whom=Whom.ADDRESS,
            name=contact.name,
            email=contact.email,
            account_id=contact.account_id,
            case_id=letter.case_id,
        )
        copy = new_letter(
            app,
            letter.kind,
            to,
            event_id=letter.event_id,
            correlation=letter.correlation,
            campaign_id=letter.campaign_id,
            values={**letter.values, **dict(case.reached(contact).facts)},
        )
        copy.possibly_twice = letter.possibly_twice
        put_in(app, copy)
