"""A letter's life: M2. One Message-ID for all repeats after a crash, no try counted while the server is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.notify.domain.address_book import CaseContacts, StaffContact
from services.notify.domain.letter import (
    CUT_REASON,
    MOST_CUTS,
    Addressee,
    Letter,
    LetterState,
    Reached,
    Whom,
    letter_id_of,
    message_id,
)
from shared.events.notify import LetterBounced, LetterSent
from shared.records import derived_id
from shared.trouble import Refused
from tests.notify.given import CASE, NOW, OWNER, a_letter, contacts, li, submitted, wang

LEASE = timedelta(minutes=2)
LATER = NOW + timedelta(minutes=10)


def taken(token: str = "t1") -> Letter:
    letter = a_letter()
    assert letter.take(token, at=NOW, lease=LEASE)
    return letter


def test_a_letter_that_is_taken_is_kept_as_sending() -> None:
    letter = taken()
    assert (letter.state, letter.lease_until, letter.tries) == (LetterState.SENDING, NOW + LEASE, 0)
    assert not letter.take("t2", at=NOW + timedelta(seconds=1), lease=LEASE)


def test_a_letter_that_is_not_due_is_not_taken() -> None:
    letter = a_letter(due=NOW + timedelta(seconds=1))
    assert not letter.take("t1", at=NOW, lease=LEASE)
    assert letter.state is LetterState.WAITING


def test_a_sent_letter_tells_so_once_and_wipes_its_code() -> None:
    letter = a_letter("activation_code", sealed="sealed")
    letter.take("t1", at=NOW, lease=LEASE)
    letter.mark_sent("t1", at=LATER)
    letter.mark_sent("t1", at=LATER)
    assert (letter.state, letter.sealed, letter.sent_at) == (LetterState.SENT, "", LATER)
    assert letter.news == [
        LetterSent(
            letter_id=letter.id,
            kind="activation_code",
            message_id=letter.message_id,
            tries=1,
            possibly_twice=False,
            at=LATER,
        )
    ]


def test_a_letter_cut_down_on_the_way_goes_again_with_the_same_message_id_and_says_possibly_twice() -> None:
    letter = taken()
    before = letter.message_id
    assert letter.take("t2", at=LATER, lease=LEASE)
    letter.mark_sent("t1", at=LATER)  # the one that was cut down comes too late
    assert letter.state is LetterState.SENDING
    letter.mark_sent("t2", at=LATER)
    assert (letter.message_id, letter.possibly_twice) == (before, True)
    assert [event.possibly_twice for event in letter.news if isinstance(event, LetterSent)] == [True]


def test_a_letter_that_fells_its_senders_lets_others_go_first_and_is_given_up_at_last() -> None:
    letter, at = taken(), NOW
    pauses = []
    for number in range(2, MOST_CUTS + 3):
        at += 2 * LEASE
        if letter.take(f"t{number}", at=at, lease=LEASE):
            continue
        if letter.state is LetterState.WAITING:
            assert letter.due is not None
            pauses.append(letter.due - at)
            at = letter.due
            assert letter.take(f"t{number}", at=at, lease=LEASE)
    assert pauses == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert (letter.state, letter.reason, letter.due) == (LetterState.FAILED, CUT_REASON, None)
    (told,) = letter.news
    assert isinstance(told, LetterBounced) and told.reason == CUT_REASON
    letter.resend(at=at)
    letter.reach(Reached(name="张老师", email="zhang@example.cn", account_id=""), at=at)
    assert letter.take("resent", at=at, lease=LEASE)
    assert letter.take("resent-2", at=at + 2 * LEASE, lease=LEASE), "the cuts before count no more"


def test_a_letter_that_got_an_answer_in_between_is_not_given_up() -> None:
    letter, at = taken(), NOW
    for number in range(2 * MOST_CUTS):
        at += 2 * LEASE
        assert letter.take(f"cut-{number}", at=at, lease=LEASE)
        letter.put_back(f"cut-{number}", at=at)
        assert letter.take(f"again-{number}", at=at, lease=LEASE)
    assert letter.state is LetterState.SENDING


def test_while_the_server_is_away_no_try_is_counted() -> None:
    letter = taken()
    letter.put_back("t1", at=LATER)
    assert (letter.state, letter.tries, letter.due, letter.possibly_twice) == (LetterState.WAITING, 0, LATER, False)


def test_a_passing_trouble_counts_a_try_and_waits() -> None:
    letter = taken()
    letter.put_off("t1", "451 later", at=NOW, wait=timedelta(minutes=3))
    assert (letter.state, letter.tries, letter.due) == (LetterState.WAITING, 1, NOW + timedelta(minutes=3))
    assert (letter.reason, letter.news) == ("451 later", [])


def test_a_lost_answer_makes_the_next_try_possibly_twice() -> None:
    letter = taken()
    letter.put_off("t1", "lost", at=NOW, wait=timedelta(minutes=1), unsure=True)
    assert letter.possibly_twice


def test_the_last_try_ends_as_failed_and_is_told() -> None:
    letter = taken()
    letter.put_off("t1", "451 later", at=NOW, wait=None)
    assert letter.state is LetterState.FAILED
    assert letter.news == [LetterBounced(letter_id=letter.id, kind="receipt", reason="451 later", at=NOW)]


def test_a_refusal_for_good_bounces() -> None:
    letter = taken()
    letter.refuse("t1", "550 no such user", at=NOW)
    assert letter.state is LetterState.BOUNCED
    assert letter.news == [LetterBounced(letter_id=letter.id, kind="receipt", reason="550 no such user", at=NOW)]


def test_a_code_past_its_time_is_not_sent() -> None:
    letter = a_letter("activation_code", sealed="sealed", good_until=NOW)
    assert not letter.take("t1", at=NOW, lease=LEASE)
    assert (letter.state, letter.sealed, letter.reason) == (
        LetterState.FAILED,
        "",
        "信中的代码已过有效期，请重新签发。",
    )


def test_a_bounce_message_marks_the_letter_it_is_about_only() -> None:
    letter = taken()
    letter.mark_sent("t1", at=NOW)
    letter.bounce("<other.0@zhengji.example>", "550", at=LATER)
    assert letter.state is LetterState.SENT
    letter.bounce(letter.message_id, "550 no such user", at=LATER)
    assert (letter.state, letter.reason) == (LetterState.BOUNCED, "550 no such user")


def bounced(**changes: Any) -> Letter:
    return a_letter(state=LetterState.BOUNCED, **changes)


def test_a_bounced_letter_is_resent_three_times_with_a_message_id_of_its_own() -> None:
    letter = bounced()
    first = letter.message_id
    for _ in range(3):
        letter.state = LetterState.BOUNCED
        letter.resend(at=LATER)
    assert letter.message_id != first
    assert letter_id_of(letter.message_id) == letter.id
    letter.state = LetterState.BOUNCED
    with pytest.raises(Refused) as refused:
        letter.resend(at=LATER)
    assert refused.value.message == "这封信件已重发3次，请先电话核对对方的电子邮箱。"


@pytest.mark.parametrize(
    ("letter", "message"),
    [
        (a_letter(state=LetterState.SENT), "只有退回或未能送达的信件可以重发。"),
        (a_letter("activation_code", state=LetterState.BOUNCED), "信中的代码已清除，不能重发，请重新签发。"),
        (
            a_letter("activation_code", state=LetterState.BOUNCED, sealed="s", good_until=NOW),
            "信中的代码已过有效期，请重新签发。",
        ),
    ],
)
def test_what_cannot_be_resent_says_why(letter: Letter, message: str) -> None:
    with pytest.raises(Refused) as refused:
        letter.resend(at=LATER)
    assert refused.value.message == message


def test_somebody_without_mail_gets_a_message_on_the_site() -> None:
    letter = a_letter(state=LetterState.WAITING_FOR_ADDRESS, email="")
    letter.reach(Reached(name="王芳", email="", account_id=OWNER), at=NOW)
    assert (letter.state, letter.account_id, letter.news) == (LetterState.ON_SITE, OWNER, [])


def test_somebody_without_mail_and_account_cannot_be_reached() -> None:
    letter = a_letter(state=LetterState.WAITING_FOR_ADDRESS, email="")
    letter.reach(Reached(name="王芳", email="", account_id=""), at=NOW)
    assert (letter.state, letter.reason) == (LetterState.FAILED, "收件人没有电子邮箱，请电话联系。")


def test_looking_for_an_address_grows_rarer() -> None:
    letter = a_letter(state=LetterState.WAITING_FOR_ADDRESS)
    waits = []
    for _ in range(10):
        letter.look_later(at=NOW)
        assert letter.due is not None
        waits.append((letter.due - NOW).total_seconds())
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_message_id_names_its_letter() -> None:
    letter_id = derived_id("x")
    assert letter_id_of(message_id(letter_id, "a.example", sending=2)) == letter_id
    assert [letter_id_of(other) for other in ("", "<a@b>", "<CAB.12@mail.qq.com>", "<>")] == ["", "", "", ""]


# Addresses


def the_case(**changes: Any) -> CaseContacts:
    case = CaseContacts(id=CASE)
    case.learn_contacts(contacts(**changes))
    case.learn_owner(submitted())
    return case


def test_the_submitter_is_the_account_that_handed_in() -> None:
    case = CaseContacts(id=CASE)
    case.learn_contacts(contacts(li(account_id="another"), wang()))
    assert case.submitter is not None
    assert case.submitter.name == "李明"
    case.learn_owner(submitted())
    assert case.submitter.name == "王芳"


def test_an_older_version_does_not_change_the_book() -> None:
    case = the_case(case_version=2)
    case.learn_contacts(contacts(wang(email="old@school.example"), case_version=1))
    assert [each.email for each in case.contacts] == ["wang@school.example", "li@qq.example"]


def test_an_author_who_cannot_be_reached_is_reached_through_the_submitter() -> None:
    case = CaseContacts(id=CASE)
    case.learn_contacts(contacts(wang(), li(email="")))
    found = case.find(Addressee(whom=Whom.AUTHOR, case_id=CASE, place=1))
    assert found is not None
    assert (found.name, found.email, dict(found.facts)["author_name"]) == ("王芳", "wang@school.example", "李明")


def test_nobody_is_found_before_the_contacts_are_known() -> None:
    case = CaseContacts(id=CASE)
    case.learn_owner(submitted())
    assert case.find(Addressee(whom=Whom.SUBMITTER, case_id=CASE)) is None


def test_co_authors_are_those_who_can_be_reached() -> None:
    case = CaseContacts(id=CASE)
    case.learn_contacts(contacts(wang(), li(), li(person="p3", name="赵六", email="")))
    assert [each.name for each in case.co_authors()] == ["李明"]


def test_staff_keep_their_role_and_newest_day() -> None:
    staff = StaffContact(id="s1")
    staff.learn(role="province", name="张三", email=" z@x.example ", province="420000", at=LATER)
    staff.learn(role="", name="张三", email="new@x.example", province="", at=NOW)
    assert (staff.role, staff.email, staff.province, staff.since) == ("province", "new@x.example", "420000", LATER)
