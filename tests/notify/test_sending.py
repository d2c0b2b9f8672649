"""The sender against real MongoDB: kept before the data goes out, once where it can be, said where it may be twice."""

from __future__ import annotations

import email
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notify.domain.letter import Letter, LetterState
from services.notify.domain.ports import Parcel
from services.notify.handlers.letters import resend_letter
from services.notify.handlers.sending import NOT_BUILT, send_next
from shared.events.wire import from_message, to_message
from shared.identity.secrets import seal
from shared.trouble import Away, Refused
from tests.notify.given import NOW, PUBLIC_KEY, Given, a_letter


def put(here: Given, *letters: Letter) -> None:
    for letter in letters:
        here.app.letters.create(letter)


def told(here: Given) -> list[str]:
    """The events in the outboxes, as they will travel."""
    rows = here.app.database.collection("letters").find({}, {"outbox": 1})
    return sorted(
        type(from_message(to_message(entry)).event).__name__ for row in rows for entry in row.get("outbox", [])
    )


def many(count: int, **changes: Any) -> list[Letter]:
    return [
        a_letter(id=f"00000000-0000-5000-8000-{n:012d}", email=f"a{n}@school.example", **changes) for n in range(count)
    ]


def test_a_letter_is_sent_once(here: Given) -> None:
    put(here, a_letter())
    assert send_next(here.app)
    assert not send_next(here.app)
    (parcel,) = here.post.taken
    assert parcel.message_id == here.letter().message_id
    assert (here.letter().state, here.letter().sent_at) == (LetterState.SENT, NOW)
    assert told(here) == ["LetterSent"]


def test_the_letter_is_kept_as_sending_before_the_data_goes_out(here: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    put(here, a_letter())
    seen: list[LetterState] = []
    monkeypatch.setattr(here.post, "send", lambda parcel: seen.append(here.letter().state))
    send_next(here.app)
    assert seen == [LetterState.SENDING]


class CutDown(BaseException):
    """The process is killed."""


def test_cut_down_between_the_servers_answer_and_the_mark_it_goes_again_with_the_same_message_id(
    here: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(here, a_letter())
    takes = here.post.send

    def killed_after(parcel: Parcel) -> None:
        takes(parcel)
        raise CutDown

    monkeypatch.setattr(here.post, "send", killed_after)
    with pytest.raises(CutDown):
        send_next(here.app)
    monkeypatch.setattr(here.post, "send", takes)
    assert not send_next(here.app)  # the lease still runs
    here.clock.advance(timedelta(seconds=181))
    assert send_next(here.app)
    first, second = (email.message_from_bytes(parcel.content) for parcel in here.post.taken)
    assert first["Message-ID"] == second["Message-ID"] == here.letter().message_id
    assert (first["X-Zhengji-Possibly-Twice"], second["X-Zhengji-Possibly-Twice"]) == (None, "yes")
    assert (here.letter().state, here.letter().possibly_twice) == (LetterState.SENT, True)
    assert told(here) == ["LetterSent"]


def test_a_sender_that_was_overtaken_marks_nothing(here: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped past its lease while it hands the letter over; another one sends it meanwhile, and says so."""
    put(here, a_letter())
    takes = here.post.send

    def stopped(parcel: Parcel) -> None:
        monkeypatch.setattr(here.post, "send", takes)
        here.clock.advance(timedelta(seconds=181))
        assert send_next(here.app)
        takes(parcel)

    monkeypatch.setattr(here.post, "send", stopped)
    assert send_next(here.app)
    assert len({parcel.message_id for parcel in here.post.taken}) == 1
    assert (here.letter().state, here.letter().tries, here.letter().possibly_twice) == (LetterState.SENT, 1, True)
    assert told(here) == ["LetterSent"]


def test_a_lost_answer_is_tried_again_with_the_same_message_id(here: Given) -> None:
    put(here, a_letter())
    here.post.answers = [(0, "connection reset")]
    send_next(here.app)
    assert (here.letter().state, here.letter().tries) == (LetterState.WAITING, 1)
    here.clock.advance(timedelta(minutes=5))
    send_next(here.app)
    assert {parcel.message_id for parcel in here.post.taken} == {here.letter().message_id}
    assert here.letter().possibly_twice


def test_while_the_mail_server_is_away_the_loop_pauses_and_no_try_counts(here: Given) -> None:
    put(here, a_letter())
    here.post.away = True
    for _ in range(30):
        with pytest.raises(Away):
            send_next(here.app)
    assert (here.letter().state, here.letter().tries) == (LetterState.WAITING, 0)
    here.post.away = False
    here.clock.advance(timedelta(minutes=1))
    send_next(here.app)
    assert (here.letter().state, here.letter().possibly_twice) == (LetterState.SENT, False)


@pytest.mark.parametrize(
    ("answer", "state", "least_wait"),
    [
        ((450, "4.2.0 greylisted"), LetterState.WAITING, 60),
        ((550, "Domain frequency limited"), LetterState.WAITING, 120),
        ((451, "DT:SPM please try again"), LetterState.WAITING, 120),
        ((550, "5.1.1 user unknown"), LetterState.BOUNCED, None),
    ],
)
def test_an_answer_decides(here: Given, answer: tuple[int, str], state: LetterState, least_wait: int | None) -> None:
    put(here, a_letter())
    here.post.answers = [answer]
    send_next(here.app)
    letter = here.letter()
    assert (letter.state, letter.tries, letter.reason) == (state, 1, f"{answer[0]} {answer[1]}")
    if least_wait is None:
        assert told(here) == ["LetterBounced"]
    else:
        assert letter.due is not None
        assert least_wait <= (letter.due - NOW).total_seconds() < least_wait * 1.25


def test_after_its_tries_a_letter_has_failed(start: Callable[..., Given]) -> None:
    here = start(letter_tries=3)
    put(here, a_letter())
    here.post.answers = [(450, "later")] * 3
    for _ in range(3):
        assert send_next(here.app)
        here.clock.advance(timedelta(hours=3))
    assert (here.letter().state, here.letter().tries) == (LetterState.FAILED, 3)
    assert not send_next(here.app)


def test_the_code_is_opened_for_the_mail_alone_and_wiped_once_sent(here: Given) -> None:
    sealed = seal("7KQP-M3XA-9TBD", PUBLIC_KEY)
    put(here, a_letter("activation_code", sealed=sealed))
    send_next(here.app)
    mail = email.message_from_bytes(here.post.taken[0].content)
    plain = next(part for part in mail.walk() if part.get_content_type() == "text/plain").get_payload(decode=True)
    assert isinstance(plain, bytes)
    assert "7KQP-M3XA-9TBD" in plain.decode()
    rows = str(list(here.app.database.collection("letters").find({})))
    assert "7KQP" not in rows
    assert sealed not in rows


def test_a_code_sealed_for_somebody_else_is_refused_visibly(here: Given) -> None:
    put(here, a_letter("activation_code", sealed="bm90IHNlYWxlZA=="))
    send_next(here.app)
    assert (here.letter().state, here.letter().reason) == (
        LetterState.BOUNCED,
        "信中的代码无法打开，请重新签发。",
    )


def test_the_limit_of_a_domain_holds_that_domain_back_only(start: Callable[..., Given]) -> None:
    here = start(letters_per_minute_and_domain=2, letters_burst=100)
    put(here, *many(5, domain="school.example"))
    put(here, a_letter(email="a@qq.example", domain="qq.example"))
    while send_next(here.app):
        pass
    assert sorted(parcel.recipient for parcel in here.post.taken).count("a@qq.example") == 1
    assert len(here.post.taken) == 3
    here.clock.advance(timedelta(seconds=30))
    while send_next(here.app):
        pass
    assert len(here.post.taken) == 4


def test_many_letters_to_a_full_domain_do_not_hide_the_others(start: Callable[..., Given]) -> None:
    here = start(letters_per_minute_and_domain=1)
    put(here, *many(30, domain="school.example", due=NOW - timedelta(minutes=1)))
    put(here, a_letter(email="a@qq.example", domain="qq.example"))
    assert send_next(here.app)
    assert send_next(here.app)
    assert not send_next(here.app)
    assert [parcel.recipient for parcel in here.post.taken][-1] == "a@qq.example"


def test_the_limit_of_all_holds_everybody_back(start: Callable[..., Given]) -> None:
    here = start(letters_per_minute=3, letters_burst=3)
    put(here, *(a_letter(id=f"l{n}", domain=f"d{n}.example") for n in range(6)))
    while send_next(here.app):
        pass
    assert len(here.post.taken) == 3


def test_urgent_letters_go_first(here: Given) -> None:
    put(here, *many(3), a_letter(id="urgent", email="u@school.example", urgent=True))
    send_next(here.app)
    assert here.post.taken[0].recipient == "u@school.example"


def test_two_senders_send_every_letter_once(here: Given) -> None:
    put(here, *many(24))

    def turn() -> None:
        idle = 0
        while idle < 3:
            idle = 0 if send_next(here.app) else idle + 1

    threads = [threading.Thread(target=turn) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(parcel.recipient for parcel in here.post.taken) == sorted(f"a{n}@school.example" for n in range(24))
    assert {letter.state for letter in here.letters()} == {LetterState.SENT}


def test_a_letter_about_a_campaign_nobody_told_yet_waits_without_a_try(here: Given) -> None:
    put(here, a_letter(campaign_id="2025-next"))
    assert send_next(here.app)
    assert (here.letter().state, here.letter().tries, here.post.taken) == (LetterState.WAITING, 0, [])


def test_the_centre_resends_a_bounced_letter_once_for_one_command(here: Given) -> None:
    put(here, a_letter(state=LetterState.BOUNCED))
    for _ in range(2):
        resend_letter(here.app, here.letter().id, command="c1")
    assert (here.letter().state, here.letter().resends) == (LetterState.WAITING, 1)
    send_next(here.app)
    assert here.letter().state is LetterState.SENT
    with pytest.raises(Refused):
        resend_letter(here.app, here.letter().id, command="c2")


UNFIT = {
    "an address on two lines": {"email": "a@b.example\r\nBcc: c@d.example"},
    "values a template cannot show": {"values": {}},
    "a correlation on two lines": {"correlation": "c0\nffee"},
    "half a character": {"message_id": "<\ud800@x>"},
}


@pytest.mark.parametrize("changes", UNFIT.values(), ids=UNFIT)
def test_a_letter_that_cannot_be_built_fails_alone(
    here: Given, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    unfit = a_letter(id="unfit", urgent=True)
    put(here, unfit, a_letter(id="fit"))
    parcel = here.app.paper.parcel

    def spoiled(letter: Letter, **given: Any) -> Parcel:
        return parcel(replace(letter, **changes) if letter.id == "unfit" else letter, **given)

    monkeypatch.setattr(here.app.paper, "parcel", spoiled)
    while send_next(here.app):
        pass
    found = here.app.letters.get("unfit")
    assert (found.state, found.reason) == (LetterState.FAILED, NOT_BUILT)
    assert here.app.letters.get("fit").state is LetterState.SENT


def test_a_letter_that_fells_the_post_has_its_tries_and_the_others_go(
    start: Callable[..., Given], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = start(letter_tries=2)
    put(here, a_letter(id="bad", email="bad@school.example", urgent=True), a_letter(id="good"))
    send = here.post.send

    def fell(parcel: Parcel) -> None:
        if parcel.recipient.startswith("bad"):
            raise ZeroDivisionError
        send(parcel)

    monkeypatch.setattr(here.post, "send", fell)
    for _ in range(2):
        while send_next(here.app):
            pass
        here.clock.advance(timedelta(hours=3))
    assert here.app.letters.get("good").state is LetterState.SENT
    assert here.app.letters.get("bad").state is LetterState.FAILED


def test_a_mail_is_answered_by_name_only_where_it_has_a_name(here: Given) -> None:
    put(here, a_letter(id="folded", answers="<a\r\n b@x>"), a_letter(id="named", answers="<a@x>"))
    while send_next(here.app):
        pass
    answers = {email.message_from_bytes(parcel.content)["In-Reply-To"] for parcel in here.post.taken}
    assert answers == {None, "<a@x>"}
