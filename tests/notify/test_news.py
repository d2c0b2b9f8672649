"""What notify does on news: one letter for each event and recipient, in whatever order the news comes. M2."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

from services.notify.domain.letter import LetterState
from services.notify.handlers import REACTIONS
from services.notify.handlers.sending import find_addresses
from shared.events.base import Event
from shared.events.certificate import CertificateIssued, CertificateReplaced, CertificateRevoked
from shared.events.intake import AuthorSessionsRevoked, PasswordResetAsked
from shared.events.review import (
    ActivationCodeIssued,
    AssignmentFinished,
    ContactApproved,
    ContactRefused,
    DisqualificationRecorded,
    EligibilityConfirmed,
    ResultToldToAuthors,
    ShortlistConfirmed,
    StaffSessionsRevoked,
)
from shared.events.validation import ReportReady, ToldFinding
from shared.identity import Principal
from shared.identity.secrets import seal
from tests.notify.given import CASE, NOW, OWNER, PUBLIC_KEY, Given, contacts, li, submitted, wang

CAMPAIGN = "2024-teacher-training"


def report(**changes: object) -> ReportReady:
    values: dict[str, object] = {
        "campaign_id": CAMPAIGN,
        "case_id": CASE,
        "case_version": 1,
        "outcome": "failed",
        "findings": (
            ToldFinding(
                code="TOO_LONG", severity="failed", message="正文共3126字，超过3000字的上限。", place="案例介绍.docx"
            ),
            ToldFinding(code="NOT_SCANNED", severity="info", message="未扫描病毒。"),
        ),
        "at": NOW,
    }
    return ReportReady(**{**values, **changes})


def approved(**changes: object) -> ContactApproved:
    values: dict[str, object] = {
        "campaign_id": CAMPAIGN,
        "account_id": "staff-42",
        "province": "420000",
        "name": "张三",
        "unit": "湖北省电化教育馆",
        "email": "zhang@hbe.example",
        "mobile": "13800001234",
        "at": NOW,
    }
    return ContactApproved(**{**values, **changes})


def code_issued(**changes: object) -> ActivationCodeIssued:
    values: dict[str, object] = {
        "campaign_id": CAMPAIGN,
        "account_id": "staff-42",
        "role": "province",
        "name": "张三",
        "email": "zhang@hbe.example",
        "province": "420000",
        "sealed_code": seal("7KQP-M3XA-9TBD", PUBLIC_KEY),
        "expires": NOW + timedelta(hours=72),
    }
    return ActivationCodeIssued(**{**values, **changes})


def result(outcome: str = "exemplary") -> ResultToldToAuthors:
    return ResultToldToAuthors(campaign_id=CAMPAIGN, case_id=CASE, outcome=outcome, at=NOW)


def disqualified() -> DisqualificationRecorded:
    return DisqualificationRecorded(campaign_id=CAMPAIGN, case_id=CASE, province="420000", reason="fraud", at=NOW)


def certificate(author: int = 0) -> CertificateIssued:
    return CertificateIssued(
        campaign_id=CAMPAIGN,
        case_id=CASE,
        certificate_id=f"c{author}",
        number=f"2024-ZY-00{author}",
        author=author,
        outcome="exemplary",
        at=NOW,
    )


def eligible(*, eligible: bool) -> EligibilityConfirmed:
    return EligibilityConfirmed(
        campaign_id=CAMPAIGN, case_id=CASE, eligible=eligible, reason="" if eligible else "类型不符", by="o1", at=NOW
    )


def test_who_is_eligible_gets_no_letter(here: Given) -> None:
    here.hear(contacts())
    here.hear(eligible(eligible=True))
    assert here.letters() == []


def test_the_receipt_goes_to_the_account_that_handed_in(here: Given) -> None:
    here.hear(contacts())
    here.hear(submitted())
    letter = here.letter()
    assert (letter.kind, letter.state, letter.email, letter.account_id) == (
        "receipt",
        LetterState.WAITING,
        "wang@school.example",
        OWNER,
    )
    assert (letter.urgent, letter.domain, letter.correlation) == (True, "school.example", "c0ffee00c0ffee00")
    assert letter.values["files"] == [
        "案例介绍文档：案例介绍.docx（47 KB）",
        "支撑材料：关于开展县域教师研修的通知.pdf（1.2 MB）",
    ]


def test_a_receipt_heard_before_the_contacts_waits_and_is_completed(here: Given) -> None:
    here.hear(submitted())
    assert here.letter().state is LetterState.WAITING_FOR_ADDRESS
    here.hear(contacts())
    assert (here.letter().state, here.letter().email) == (LetterState.WAITING, "wang@school.example")


def test_a_letter_whose_address_slipped_through_is_found_by_the_sender(here: Given) -> None:
    here.hear(submitted())
    here.app.cases.change(CASE, lambda case: case.learn_contacts(contacts()))  # as if another process had been slower
    assert here.letter().state is LetterState.WAITING_FOR_ADDRESS
    assert find_addresses(here.app)
    assert here.letter().state is LetterState.WAITING


def test_an_author_without_mail_reads_it_on_the_site(here: Given) -> None:
    here.hear(contacts(wang(email="")))
    here.hear(submitted())
    assert here.letter().state is LetterState.ON_SITE


STORY: list[Callable[[], Event]] = [
    contacts,
    submitted,
    report,
    approved,
    code_issued,
    result,
    disqualified,
    lambda: eligible(eligible=False),
    lambda: certificate(0),
    lambda: certificate(1),
    lambda: AssignmentFinished(campaign_id=CAMPAIGN, round_id="r1", loads={"staff-42": 16, "e2": 0}, cases=16, at=NOW),
    lambda: ShortlistConfirmed(campaign_id=CAMPAIGN, province="420000", count=187, by="staff-42", at=NOW),
]


def standing(here: Given) -> list[tuple[str, str, str, str]]:
    """Every letter by what matters."""
    return sorted((each.id, each.kind, each.email, each.state.value) for each in here.letters())


def test_the_story_in_any_order_heard_twice_gives_the_same_letters(start: Callable[..., Given]) -> None:
    orders = [STORY, STORY[::-1], STORY[5:] + STORY[:5], STORY[8:] + STORY[3:8] + STORY[:3]]
    outcomes = []
    for order in orders:
        here = start()
        heards = {}
        for make in STORY:  # numbers and ids are the speaker's: the same in whatever order they are heard
            heards[make] = here.as_heard(make(), subject=f"s{STORY.index(make)}", id=f"event-{STORY.index(make)}")
        for make in order:
            here.react(heards[make])
        here.clock.advance(timedelta(minutes=10))
        find_addresses(here.app)  # what news did not complete at once, the sender looks for
        once = standing(here)
        for make in order[::-1]:
            here.react(heards[make])
        assert standing(here) == once
        outcomes.append(once)
    assert all(first == second for first, second in itertools.pairwise(outcomes))
    assert sorted((kind, email) for _, kind, email, _ in outcomes[0]) == [
        ("activation_code", "zhang@hbe.example"),
        ("assignment", "zhang@hbe.example"),
        ("certificate", "li@qq.example"),
        ("certificate", "wang@school.example"),
        ("disqualification", "li@qq.example"),
        ("disqualification", "wang@school.example"),
        ("disqualification_province", "zhang@hbe.example"),
        ("findings", "wang@school.example"),
        ("not_eligible", "li@qq.example"),
        ("not_eligible", "wang@school.example"),
        ("not_eligible", "zhang@hbe.example"),
        ("receipt", "wang@school.example"),
        ("result", "li@qq.example"),
        ("result", "wang@school.example"),
        ("shortlist", "zhang@hbe.example"),
    ]
    assert {state for *_, state in outcomes[0]} == {"waiting"}


def test_findings_are_told_only_where_there_is_something_to_see_to(here: Given) -> None:
    here.hear(contacts())
    here.hear(report(outcome="passed", findings=()))
    here.hear(report(case_version=2, outcome="remarks", findings=report().findings[1:]))
    assert here.letters() == []
    here.hear(report(case_version=3))
    assert here.letter().values["findings"] == ["案例介绍.docx：正文共3126字，超过3000字的上限。"]


def test_the_certificate_of_an_author_without_mail_is_told_through_the_submitter(here: Given) -> None:
    here.hear(contacts(wang(), li(email="")))
    here.hear(certificate(1))
    letter = here.letter()
    assert (letter.email, letter.name, letter.values["author_name"]) == ("wang@school.example", "王芳", "李明")


def test_a_replaced_and_a_revoked_certificate_are_told(here: Given) -> None:
    here.hear(contacts())
    values = {"campaign_id": CAMPAIGN, "case_id": CASE, "certificate_id": "c0", "author": 0, "at": NOW}
    here.hear(CertificateReplaced(number="N2", replaces="N1", **values))
    here.hear(CertificateRevoked(number="N2", reason="案例被取消资格", **values))
    assert [letter.kind for letter in here.letters()] == ["certificate_replaced", "certificate_revoked"]


def test_a_province_letter_goes_to_its_newest_contact(here: Given) -> None:
    here.hear(contacts())
    here.hear(approved(), subject="staff-42")
    here.clock.advance(timedelta(days=1))
    here.hear(approved(account_id="staff-43", email="new@hbe.example", name="李四"), subject="staff-43")
    here.hear(disqualified())
    assert here.letter(kind="disqualification_province").email == "new@hbe.example"


def test_a_refused_contact_is_told_why(here: Given) -> None:
    here.hear(
        ContactRefused(
            campaign_id=CAMPAIGN, province="420000", name="张三", email="zhang@hbe.example", reason="单位不符", at=NOW
        )
    )
    letter = here.letter()
    assert (letter.kind, letter.email, letter.values["reason"]) == ("contact_refused", "zhang@hbe.example", "单位不符")


def test_codes_are_kept_sealed(here: Given) -> None:
    sealed = seal("7KQP-M3XA-9TBD", PUBLIC_KEY)
    here.hear(
        PasswordResetAsked(account_id=OWNER, name="王芳", email="wang@school.example", sealed_code=sealed, expires=NOW)
    )
    here.hear(code_issued(sealed_code=sealed))
    assert [letter.sealed for letter in here.letters()] == [sealed, sealed]
    rows = str(list(here.app.letters.rows({})))
    assert "7KQP" not in rows


def test_a_replay_writes_no_letter_but_fills_the_books(here: Given) -> None:
    here.hear(contacts(), replay=True)
    here.hear(submitted(), replay=True)
    here.hear(result(), replay=True)
    assert here.letters() == []
    assert here.app.cases.get(CASE).owner == OWNER


def test_ended_sessions_are_remembered(here: Given) -> None:
    here.hear(AuthorSessionsRevoked(account_id=OWNER, revoked_before=NOW))
    here.hear(StaffSessionsRevoked(account_id="staff-42", revoked_before=NOW))
    for account in (OWNER, "staff-42"):
        person = Principal(kind="staff", id=account, name="", roles=frozenset())
        assert here.app.revocations.revoked_before(person) == NOW


@pytest.mark.parametrize("event", sorted(REACTIONS, key=str))
def test_no_event_is_taken_for_another(here: Given, event: type[Event]) -> None:
    wrong = here.as_heard(approved() if event is not ContactApproved else contacts())
    with pytest.raises((AssertionError, TypeError)):
        REACTIONS[event](here.app, wrong)
