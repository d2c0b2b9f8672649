"""An author changes province until submission closes, what they handed in follows; then others decide (I13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.intake.app import App
from services.intake.domain.account import MOST_MOVES
from services.intake.domain.co_authors import refuse
from services.intake.domain.moving import follow, hear_moved
from services.intake.domain.receipt import document
from shared.clock import FixedClock
from shared.events.base import Event
from shared.events.intake import CaseSubmitted, CaseSubmittedInFull
from shared.events.review import CaseMoved
from shared.messaging.memory import MemoryBus
from shared.trouble import Refused
from tests.intake.cases import CAMPAIGN, CLOSES, NOON, WANG, a_case, submit
from tests.intake.conftest import Browser
from tests.intake.test_account import an_account
from tests.intake.test_closed import at_time, text_of
from tests.intake.test_co_authors import HOLDER
from tests.intake.test_news import bus, say, worker
from tests.intake.test_path import complete_case, fill_sheet

__all__ = ["bus", "worker"]  # fixtures

SICHUAN = replace(WANG, province="510000")
MS = timedelta(milliseconds=1)
LATER = NOON + timedelta(hours=1)


def moved(case: str = "/cases/case-1", *, to: str = "510000") -> CaseMoved:
    return CaseMoved(
        campaign_id=CAMPAIGN.id,
        case_id=case.removeprefix("/cases/"),
        source="320000",
        to=to,
        reason="转出：已调往四川；接收：属实",
        by="staff-1",
        at=CLOSES,
    )


def move_to(author: Browser, province: str) -> None:
    answers: dict[str, Any] = {name: author.typed(name) for name in ("name", "city", "county", "unit", "email")}
    author.post("/account", province=province, unit_type="school", role="teacher", **answers)


def told(case_news: list[Event]) -> list[str]:
    return [type(event).__name__ for event in case_news]


def test_what_was_handed_in_follows_with_a_version_and_a_receipt_of_its_own(
    author: Browser, app: App, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    first, draft = complete_case(author), complete_case(author)
    author.fill(f"{first}/check")
    fill_sheet(author, first, title="改了名称，还没有报送")
    author.open("/account")
    move_to(author, "510000")
    author.open("/account")
    assert "已报送的案例随之转到新的省份，很快会有新的版本和回执。" in author.page
    worker()

    kept = app.cases.get(first.removeprefix("/cases/"))
    assert [(each.version, each.by.province, each.about.title) for each in kept.versions] == [
        (1, "320000", "智研共同体"),
        (2, "510000", "智研共同体"),
    ]
    (move,) = kept.moves
    assert (move.source, move.to, move.by, move.version) == ("320000", "510000", kept.account_id, 2)
    assert app.cases.get(draft.removeprefix("/cases/")).versions == ()
    author.open(first)
    assert "由江苏省变更为四川省" in author.page
    assert "已修改，尚未重新报送" in author.page
    author.open(f"{first}/receipt")
    assert "四川省" in text_of(author.page)
    author.open("/account")
    assert "由江苏省变更为四川省" in author.page
    author.fill(f"{draft}/check")
    assert app.cases.get(draft.removeprefix("/cases/")).versions[0].by.province == "510000"


def test_heard_again_or_handed_in_meanwhile_nothing_moves_twice() -> None:
    case = a_case()
    submit(case, by=SICHUAN)
    assert follow(case, by=SICHUAN, campaign=CAMPAIGN, at=LATER) == 0
    assert (len(case.versions), case.moves) == (1, ())


def test_a_move_tells_what_a_submission_tells() -> None:
    case = a_case()
    submit(case)
    before = document(CAMPAIGN.id, "n", case.versions[0])
    case.news.clear()
    assert follow(case, by=SICHUAN, campaign=CAMPAIGN, at=LATER) == 2
    assert told(case.news) == ["CaseSubmitted", "CaseSubmittedInFull", "AuthorContacts"]
    (event,) = [each for each in case.news if isinstance(each, CaseSubmitted)]
    assert (event.province, event.case_version, event.at) == ("510000", 2, LATER)
    after = document(CAMPAIGN.id, "n", case.versions[1])
    assert {name for name in after if after[name] != before[name]} == {"version", "received_at", "province"}


def test_a_move_neither_names_who_refused_nor_waits_for_who_signed_since() -> None:
    case = a_case()
    submit(case)
    refuse(case, "person-li", account_id="", holder=HOLDER, at=NOON)
    follow(case, by=SICHUAN, campaign=CAMPAIGN, at=LATER)
    (full,) = [each for each in case.news if isinstance(each, CaseSubmittedInFull) and each.case_version == 2]
    assert ([author.name for author in full.sheet.authors], full.unsigned) == (["王小明"], ())


def test_drafts_and_withdrawn_cases_have_nothing_to_move() -> None:
    case = a_case()
    assert follow(case, by=SICHUAN, campaign=CAMPAIGN, at=LATER) == 0
    submit(case)
    case.withdraw(campaign=CAMPAIGN, received_at=NOON)
    assert follow(case, by=SICHUAN, campaign=CAMPAIGN, at=LATER) == 0


@pytest.mark.parametrize(("at", "version"), [(CLOSES - MS, 2), (CLOSES, 0), (CLOSES + MS, 0)])
def test_the_bell_ends_it(at: datetime, version: int) -> None:
    case = a_case()
    submit(case)
    assert follow(case, by=SICHUAN, campaign=CAMPAIGN, at=at) == version


@pytest.mark.parametrize(("at", "status"), [(CLOSES - MS, 303), (CLOSES, 409)])
def test_after_the_bell_the_account_page_refuses_and_loses_nothing(
    author: Browser, clock: FixedClock, at: datetime, status: int
) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    at_time(author, clock, at)
    author.open("/account")
    answers = {name: author.typed(name) for name in ("name", "city", "county", "email")}
    fields: dict[str, Any] = {**answers, "unit": "新的单位", "unit_type": "school", "role": "teacher"}
    assert author.post("/account", province="510000", **fields).status_code == status
    if status == 409:
        (error,) = author.errors()
        assert error.startswith(
            "报送已于北京时间2024年10月15日23:59:59截止，您有已报送的案例，不能再自行更改所属省份。"
        )
        assert author.typed("unit") == "新的单位"


def test_one_does_not_move_without_end() -> None:
    account = an_account()
    there, back = replace(account.profile, province="510000"), account.profile
    for at in range(MOST_MOVES):
        account.correct(there if at % 2 == 0 else back, at=NOON)
    with pytest.raises(Refused, match="moved-too-often"):
        account.correct(back, at=NOON)
    account.correct(replace(there, unit="另一所学校"), at=NOON)
    assert len(account.moves) == MOST_MOVES


def test_what_others_decided_is_seen_and_holds_for_a_late_version(
    author: Browser, app: App, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    say(bus, moved(case), subject="transfer-1")
    worker()
    author.open(case)
    assert "由江苏省变更为四川省（转出：已调往四川；接收：属实）" in author.page


def test_a_version_handed_in_after_a_decision_is_of_the_decided_province() -> None:
    case = a_case()
    submit(case)
    hear_moved(case, moved())
    case.about = replace(case.about, title="补报")
    submit(case, at=LATER)
    assert case.versions[-1].by.province == "510000"
