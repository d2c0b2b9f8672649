"""Letters about the people of a case: a named co-author is told, and nobody writes to somebody who refused (L4)."""

from __future__ import annotations

import email
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

from services.notify.domain.letter import LetterState
from services.notify.handlers.sending import send_next
from services.notify.queries import message_page
from shared.events.intake import CoAuthorNamed, CoAuthorRefused, GivenAbout, HandoverAnswered, HandoverOffered
from shared.events.review import CaseMoved, ContactApproved, ResultToldToAuthors, TransferDeclined, TransferOffered
from shared.identity.secrets import seal
from tests.notify.given import CASE, NOW, OWNER, PUBLIC_KEY, Given, contacts, submitted

CAMPAIGN = "2024-teacher-training"
CODE = "7KQP-M3XA-9TBD-2H4J-KLMN"


def named(**changes: object) -> CoAuthorNamed:
    values: dict[str, object] = {
        "campaign_id": CAMPAIGN,
        "case_id": CASE,
        "title": "智研共同体",
        "category": "region",
        "person": "p2",
        "account_id": "",
        "email": "li@qq.example",
        "given": GivenAbout(
            name="李明", unit="武汉市第一中学", post="教师", mobile="13800002222", email="li@qq.example"
        ),
        "given_by": "王芳",
        "given_by_unit": "武汉市江汉区教育局",
        "sealed_code": seal(CODE, PUBLIC_KEY),
        "expires": NOW + timedelta(days=14),
        "at": NOW,
    }
    return CoAuthorNamed(**{**values, **changes})


def refused(**changes: object) -> CoAuthorRefused:
    values: dict[str, object] = {
        "campaign_id": CAMPAIGN,
        "case_id": CASE,
        "case_version": 1,
        "person": "p2",
        "name": "李明",
        "title": "智研共同体",
        "account_id": OWNER,
        "holder": "王芳",
        "email": "wang@school.example",
        "at": NOW,
    }
    return CoAuthorRefused(**{**values, **changes})


def test_a_co_author_gets_a_letter_with_a_link_and_only_the_mail_bears_it(here: Given) -> None:
    heard = here.hear(named())
    here.react(heard)
    letter = here.letter(kind="co_author")
    assert CODE not in repr(letter)
    assert "13800002222" not in repr(letter)
    assert send_next(here.app)
    (parcel,) = here.post.taken
    mail = email.message_from_bytes(parcel.content, policy=default)
    assert isinstance(mail, EmailMessage)
    text = str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]  # every letter has a plain twin
    assert f"https://huodong.example.cn/co-author/{CASE}/{CODE}" in text
    assert "王芳老师（武汉市江汉区教育局）" in text
    assert "138****2222" in text
    assert here.letter(kind="co_author").sealed == ""


def test_with_an_account_and_no_address_it_is_a_message_on_the_site(here: Given) -> None:
    here.hear(named(account_id="account-li", email="", sealed_code=""))
    letter = here.letter(kind="co_author")
    assert letter.state is LetterState.ON_SITE
    page = message_page(here.app, letter.id, account_id="account-li")
    assert f"/cases/{CASE}/read" in page.text
    assert "co-author" not in page.text
    assert not page.has_code


def test_whom_nothing_reaches_no_letter_waits_for(here: Given) -> None:
    here.hear(named(email="", sealed_code=""))
    assert here.letters() == []


def test_the_holder_is_told_of_a_refusal_and_the_co_author_hears_no_more(here: Given) -> None:
    here.hear(contacts())
    here.hear(refused())
    told = here.letter(kind="co_author_refused")
    assert (told.email, told.account_id, told.values["co_author"]) == ("wang@school.example", OWNER, "李明")
    here.hear(ResultToldToAuthors(campaign_id=CAMPAIGN, case_id=CASE, outcome="exemplary", at=NOW))
    assert [letter.email for letter in here.letters(kind="result")] == ["wang@school.example"]


def test_a_refusal_of_an_earlier_version_does_not_silence_who_agreed_since(here: Given) -> None:
    here.hear(contacts(case_version=2))
    here.hear(refused(case_version=1))
    here.hear(ResultToldToAuthors(campaign_id=CAMPAIGN, case_id=CASE, outcome="exemplary", at=NOW))
    assert [letter.email for letter in here.letters(kind="result")] == ["li@qq.example", "wang@school.example"]


def offered() -> HandoverOffered:
    return HandoverOffered(
        campaign_id=CAMPAIGN,
        case_id=CASE,
        title="智研共同体",
        holder="王芳",
        account_id="account-li",
        name="李明",
        email="",
        at=NOW,
    )


def answered(*, taken: bool) -> HandoverAnswered:
    return HandoverAnswered(
        campaign_id=CAMPAIGN,
        case_id=CASE,
        title="智研共同体",
        taken=taken,
        source=OWNER,
        source_name="王芳",
        source_email="wang@school.example",
        account_id="account-li",
        person="p2",
        name="李明",
        email="li@own.example",
        at=NOW,
    )


def test_who_is_asked_to_take_a_case_reads_it_on_the_site(here: Given) -> None:
    here.hear(offered())
    letter = here.letter(kind="handover_offered")
    assert (letter.state, letter.account_id) == (LetterState.ON_SITE, "account-li")
    assert f"/cases/{CASE}/take-over" in message_page(here.app, letter.id, account_id="account-li").text


def test_both_are_told_and_later_letters_go_to_the_new_holder(here: Given) -> None:
    here.hear(contacts())
    here.hear(answered(taken=True))
    assert [(letter.email, letter.account_id) for letter in here.letters(kind="handover")] == [
        ("li@own.example", "account-li"),
        ("wang@school.example", OWNER),
    ]
    here.hear(submitted())  # news of before the handover that come late
    book = here.app.cases.get(CASE)
    assert book.submitter is not None
    assert (book.submitter.name, book.submitter.email) == ("李明", "li@own.example")


def test_of_a_case_not_taken_the_holder_alone_is_told(here: Given) -> None:
    here.hear(contacts())
    here.hear(answered(taken=False))
    assert [letter.email for letter in here.letters(kind="handover")] == ["wang@school.example"]


def contact(province: str, account_id: str) -> ContactApproved:
    return ContactApproved(
        campaign_id=CAMPAIGN,
        account_id=account_id,
        province=province,
        name="张三",
        unit="电教馆",
        email=f"{account_id}@hbe.example",
        mobile="13800001234",
        at=NOW,
    )


def test_the_province_that_has_to_answer_is_told_and_the_one_that_was_answered(here: Given) -> None:
    here.hear(contacts())
    here.hear(contact("420000", "hubei"))
    here.hear(contact("320000", "jiangsu"))
    facts = {
        "campaign_id": CAMPAIGN,
        "case_id": CASE,
        "source": "420000",
        "to": "320000",
        "reason": "已调往江苏",
        "at": NOW,
    }
    here.hear(TransferOffered.model_validate(facts))
    assert here.letter(kind="transfer").email == "jiangsu@hbe.example"
    here.hear(TransferDeclined.model_validate(facts))
    assert [letter.email for letter in here.letters(kind="transfer")] == ["hubei@hbe.example", "jiangsu@hbe.example"]


def test_a_move_is_told_to_the_authors_and_both_provinces_and_the_book_follows(here: Given) -> None:
    here.hear(contacts())
    here.hear(contact("420000", "hubei"))
    here.hear(contact("320000", "jiangsu"))
    here.hear(
        CaseMoved(campaign_id=CAMPAIGN, case_id=CASE, source="420000", to="320000", reason="已调往江苏", by="s", at=NOW)
    )
    assert [letter.email for letter in here.letters(kind="case_moved")] == [
        "hubei@hbe.example",
        "jiangsu@hbe.example",
        "li@qq.example",
        "wang@school.example",
    ]
    here.hear(contacts(case_version=2))
    assert here.app.cases.get(CASE).province == "320000"
