"""Whoever is named as a co-author is told what was said about them, and confirms or refuses (I11, L4)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.intake.app import App
from services.intake.domain.co_authors import MOST_TOLD, Reached, listed, refuse, tell, untold
from services.intake.domain.told import Ended
from shared.clock import FixedClock
from shared.events.intake import CoAuthorRefused
from shared.identity.secrets import unseal
from shared.trouble import Refused
from tests.intake.cases import CAMPAIGN, NOON, a_case, submit
from tests.intake.conftest import LETTERS, PASSWORD, Browser, register
from tests.intake.test_account import an_account
from tests.intake.test_closed import LATER, text_of
from tests.intake.test_path import complete_case, declare, fill_authors, fill_sheet, open_case, told, upload_plainly

LI = "13900005678"
DAY = timedelta(days=1)
HOLDER = an_account()


def news_of(app: App, case: str, name: str) -> list[dict[str, Any]]:
    """What the case tells under this name and has not told yet."""
    row = app.database.collection("cases").find_one({"_id": case.removeprefix("/cases/")})
    assert row is not None
    return [entry["data"] for entry in row["outbox"] if entry["type"].split(".")[2] == name]


def name_li(author: Browser, case: str, *, email: str = "li@example.com", then: str = "continue") -> None:
    people: dict[str, Any] = {
        "people-0-name": "王小明",
        "people-0-unit": "南京市第一中学",
        "people-0-title": "高级教师",
        "people-0-mobile": "13800001234",
        "people-1-name": "李明",
        "people-1-unit": "南京市第二中学",
        "people-1-title": "一级教师",
        "people-1-mobile": LI,
        "people-1-email": email,
    }
    assert author.fill(f"{case}/authors", then=then, **people).status_code == 303, author.errors()


def link(app: App, case: str, *, at: int = -1) -> str:
    """The address that the letter bears."""
    named = news_of(app, case, "CoAuthorNamed")[at]
    code = unseal(named["sealed_code"], base64.b64encode(bytes(LETTERS)).decode())
    return f"/co-author/{case.removeprefix('/cases/')}/{code}"


def test_a_co_author_is_told_once_the_page_is_whole_and_what_about(author: Browser, app: App) -> None:
    case = open_case(author)
    name_li(author, case, then="draft")
    assert news_of(app, case, "CoAuthorNamed") == []
    name_li(author, case)
    name_li(author, case)
    (named,) = news_of(app, case, "CoAuthorNamed")
    assert named["given"] == {
        "name": "李明",
        "unit": "南京市第二中学",
        "post": "一级教师",
        "mobile": LI,
        "email": "li@example.com",
    }
    assert (named["given_by"], named["email"], named["account_id"]) == ("王小明", "li@example.com", "")
    author.open(case)
    assert "待本人答复" in author.page
    (kept,) = app.cases.get(case.removeprefix("/cases/")).invitations
    assert link(app, case).rpartition("/")[2] not in repr(kept)


def test_another_address_kills_the_link_sent_before(
    author: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    case = open_case(author)
    name_li(author, case)
    first = link(app, case)
    name_li(author, case, email="li.ming@example.com")
    anybody = new_browser()
    assert anybody.open(first).status_code == 404
    assert "已被后来邮件中的链接取代" in anybody.page
    assert anybody.open(link(app, case)).status_code == 200


def test_who_was_only_in_a_draft_is_told_when_it_is_handed_in(author: Browser, app: App) -> None:
    case = open_case(author)
    fill_sheet(author, case)
    name_li(author, case, then="draft")
    upload_plainly(author, case, "document", "案例.docx", b"PK document")
    upload_plainly(author, case, "material", "通知.pdf", b"%PDF notice", kind="announcement")
    declare(author, case)
    assert author.fill(f"{case}/check").status_code == 303
    assert told(app, case)[-2:] == ["AuthorContacts", "CoAuthorNamed"]


def test_somebody_with_an_account_is_told_at_their_own_address(
    author: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    register(new_browser(), mobile=LI, name="李明")
    case = open_case(author)
    name_li(author, case, email="typed.wrongly@example.com")
    (named,) = news_of(app, case, "CoAuthorNamed")
    account = app.accounts.find_by({"mobile": LI})
    assert account is not None
    assert (named["account_id"], named["email"]) == (account.id, "wang@example.com")


def test_without_any_address_the_holder_is_asked_to_pass_it_on(author: Browser, app: App) -> None:
    case = open_case(author)
    name_li(author, case, email="")
    (named,) = news_of(app, case, "CoAuthorNamed")
    assert (named["email"], named["sealed_code"]) == ("", "")
    author.open(case)
    assert "未能告知" in author.page


def test_the_link_shows_what_was_said_and_confirms_once(
    author: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    case = complete_case(author)
    name_li(author, case)
    author.fill(f"{case}/check")
    anybody, address = new_browser(), link(app, case)
    anybody.open(address)
    anybody.open(address)  # opening spends nothing: mail servers open links as well
    shown = text_of(anybody.page)
    for words in (
        "以下信息由王小明（南京市第一中学）填写",
        "南京市第二中学",
        "139****5678",
        "li@example.com",
        "共享提示",
    ):
        assert words in shown
    assert LI not in anybody.page
    assert anybody.post(address).status_code == 303

    kept = app.cases.get(case.removeprefix("/cases/"))
    (done,) = kept.confirmed
    assert (done.account_id, [agreed.code for agreed in done.agreed]) == (
        "",
        ["declaration", "sharing", "national_platform"],
    )
    assert done.agreed[1].wording == CAMPAIGN.texts.consents[0].wording
    assert kept.unsigned_now() == ()
    assert news_of(app, case, "SignaturesAdded")[-1]["unsigned"] == []
    anybody.open(address)
    assert "确认作者声明。链接只能使用一次" in anybody.page
    assert "南京市第二中学" not in anybody.page
    author.open(case)
    assert "已确认" in author.page


def test_a_form_sent_twice_answers_once(author: Browser, new_browser: Callable[[], Browser], app: App) -> None:
    case = open_case(author)
    name_li(author, case)
    anybody, address = new_browser(), link(app, case)
    anybody.open(f"{address}/refuse")
    form = anybody.page
    assert anybody.post(f"{address}/refuse").status_code == 303
    anybody.page = form
    anybody.post(f"{address}/refuse")
    assert len(news_of(app, case, "CoAuthorRefused")) == 1


def test_a_refusal_takes_the_name_out_and_holds_the_submission_back(
    author: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    case = complete_case(author)
    name_li(author, case)
    author.fill(f"{case}/check")
    anybody, address = new_browser(), link(app, case)
    assert anybody.fill(f"{address}/refuse").status_code == 303
    anybody.open(address)
    assert "您的姓名不会印制或公布" in anybody.page

    (refused,) = news_of(app, case, "CoAuthorRefused")
    assert (refused["name"], refused["case_version"], refused["holder"], refused["email"]) == (
        "李明",
        1,
        "王小明",
        "wang@example.com",
    )
    for page in ("authors", "check", "receipt"):
        author.open(f"{case}/{page}")
        assert "李明" not in author.page
    assert "有1位作者表示不同意列名" in author.page
    assert author.open(f"{case}/sheet.docx").status_code == 200
    author.open(case)
    assert "李明" in author.page and "不同意列名" in author.page
    fill_authors(author, case)
    assert author.fill(f"{case}/check").status_code == 422
    assert "李明已表示不同意列为作者，请从作者信息中删去；本人改变主意的，请其登录后确认。" in author.page
    assert len(app.cases.get(case.removeprefix("/cases/")).versions) == 1
    assert news_of(app, case, "CoAuthorNamed")[-1]["at"] == news_of(app, case, "CoAuthorNamed")[0]["at"]


def test_who_refused_may_agree_later_by_their_account(
    author: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    case = complete_case(author)
    li = new_browser()
    register(li, mobile=LI, name="李明")
    li.fill(f"{case}/read/refuse")
    assert li.open(f"{case}/read").status_code == 404
    fill_authors(author, case)
    li.open(f"{case}/read")
    assert "您曾于" in li.page
    assert li.post(f"{case}/read").status_code == 303
    assert author.fill(f"{case}/check").status_code == 303
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert (kept.refused, kept.latest is not None) == (frozenset(), True)
    assert [each.taken_back_at is not None for each in kept.refusals] == [True]


def test_a_link_ends(author: Browser, new_browser: Callable[[], Browser], app: App, clock: FixedClock) -> None:
    case = open_case(author)
    name_li(author, case)
    anybody, address = new_browser(), link(app, case)
    clock.at = clock() + 14 * DAY - timedelta(milliseconds=1)
    anybody.open(address)
    form = anybody.page
    clock.at = clock() + timedelta(milliseconds=1)
    assert anybody.open(address).status_code == 404
    assert "链接已过期" in anybody.page
    anybody.page = form
    assert anybody.post(address).status_code == 404


def test_a_strange_link_and_a_strange_case_are_not_there(author: Browser, new_browser: Callable[[], Browser]) -> None:
    case = open_case(author)
    name_li(author, case)
    anybody = new_browser()
    for address in (f"{case.replace('/cases', '/co-author')}/AAAA-BBBB", "/co-author/nothing/AAAA-BBBB"):
        assert anybody.open(address).status_code == 404
        assert anybody.open(f"{address}/refuse").status_code == 404


def test_the_holder_lets_a_co_author_be_told_again_but_not_at_once(
    author: Browser, new_browser: Callable[[], Browser], app: App, clock: FixedClock
) -> None:
    case = open_case(author)
    name_li(author, case)
    person = app.person(LI)
    author.open(case)
    assert "重新告知" not in author.page
    page = f"{case}/authors/tell?person={person}"
    assert author.fill(page).status_code == 409
    assert author.errors() == ["刚刚告知过这位作者，请过10分钟再试。"]
    clock.at = clock() + timedelta(minutes=10)
    first = link(app, case)
    author.open(case)
    assert "重新告知李明" in author.page
    assert author.fill(page).status_code == 303
    anybody = new_browser()
    assert anybody.open(first).status_code == 404
    assert anybody.open(link(app, case)).status_code == 200
    stranger = new_browser()
    register(stranger, mobile="13711112222", name="陌生人")
    assert stranger.open(page).status_code == 404
    stranger.open("/account")
    assert stranger.post(f"{case}/authors/tell", person=person).status_code == 404


def test_nobody_refuses_for_the_holder_and_strangers_refuse_for_nobody(
    author: Browser, new_browser: Callable[[], Browser]
) -> None:
    case = complete_case(author)
    assert author.open(f"{case}/read/refuse").status_code == 404
    stranger = new_browser()
    register(stranger, mobile="13711112222", name="陌生人")
    assert stranger.open(f"{case}/read/refuse").status_code == 404


def test_a_refusal_after_the_bell_is_no_edit_and_leaves_the_version(
    author: Browser, new_browser: Callable[[], Browser], app: App, clock: FixedClock
) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    li = new_browser()
    register(li, mobile=LI, name="李明")
    clock.at = LATER
    li.fill("/login", mobile=LI, password=PASSWORD)
    assert li.fill(f"{case}/read/refuse").status_code == 303, li.page
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert kept.edited_at < CAMPAIGN.windows.submission.closes
    assert [person.name for person in kept.versions[0].authors.people] == ["王小明", "李明"]
    assert [person.name for person in kept.authors.people] == ["王小明"]


def test_one_case_does_not_write_to_people_without_end() -> None:
    case = a_case()
    author = listed(case, "person-li")
    assert author is not None
    for _ in range(MOST_TOLD):
        tell(case, author, Reached(account_id="", email="li@example.com"), holder=HOLDER, campaign=CAMPAIGN, at=NOON)
    with pytest.raises(Refused, match="told-too-often"):
        tell(case, author, Reached(account_id="", email="li@example.com"), holder=HOLDER, campaign=CAMPAIGN, at=NOON)


def test_after_the_result_a_person_has_to_see_to_it() -> None:
    case = a_case(ended=Ended(outcome="showcase", at=NOON))
    with pytest.raises(Refused, match="result-out"):
        refuse(case, "person-li", account_id="", holder=HOLDER, at=NOON)


def test_a_signature_on_the_scan_and_words_kept_after_the_bell_go_with_a_refusal() -> None:
    case = a_case()
    submit(case)
    case.keep_unsent(case.authors, at=NOON)
    refuse(case, "person-li", account_id="", holder=HOLDER, at=NOON)
    refuse(case, "person-li", account_id="", holder=HOLDER, at=NOON)
    assert case.unsent is not None and case.unsent.authors is not None
    assert [author.person for author in case.unsent.authors.people] == ["person-wang"]
    assert [event.case_version for event in case.news if isinstance(event, CoAuthorRefused)] == [1]
    assert untold(case, holder="person-wang") == ()
