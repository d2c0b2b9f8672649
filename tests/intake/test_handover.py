"""A case is handed over to a co-author who takes it: from then on it is theirs, once, and on record (I10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.intake.app import App
from shared.clock import FixedClock
from shared.messaging.memory import MemoryBus
from tests.intake.conftest import PASSWORD, Browser, register
from tests.intake.test_closed import CLOSES, at_time
from tests.intake.test_co_authors import LI, news_of
from tests.intake.test_late import permit
from tests.intake.test_news import bus, say, worker
from tests.intake.test_path import complete_case, fill_authors

__all__ = ["bus", "worker"]  # fixtures


@pytest.fixture
def li(new_browser: Callable[[], Browser]) -> Browser:
    """A co-author with an account of their own."""
    browser = new_browser()
    register(browser, mobile=LI, name="李明")
    return browser


def offered(author: Browser, li: Browser, app: App) -> str:
    """A case that the co-author, who has confirmed, is asked to take."""
    case = complete_case(author)
    assert li.fill(f"{case}/read").status_code == 303
    assert author.fill(f"{case}/hand-over", person=app.person(LI)).status_code == 303, author.errors()
    return case


def test_the_co_author_takes_it_and_everything_is_theirs(author: Browser, li: Browser, app: App) -> None:
    case = offered(author, li, app)
    assert li.open(case).status_code == 404
    li.open(f"{case}/read")
    assert "请您接手这个案例" in li.page
    li.open(f"{case}/take-over")
    assert li.post(f"{case}/take-over", then="take").status_code == 303

    assert li.open(case).status_code == 200
    assert author.open(case).status_code == 404
    author.open(f"{case}/read")
    assert "您已于" in author.page  # what the one before declared stays their signature
    assert li.fill(f"{case}/check").status_code == 303, li.errors()
    assert li.open(f"{case}/receipt").status_code == 200
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert (kept.versions[0].by.name, kept.versions[0].unsigned) == ("李明", ())
    (done,) = kept.handovers
    assert (done.source, done.to, done.taken, done.answered_at is not None) == (
        kept.confirmed[1].account_id,
        kept.account_id,
        True,
        True,
    )
    (told,) = news_of(app, case, "HandoverAnswered")
    assert (told["taken"], told["source_name"], told["name"]) == (True, "王小明", "李明")


def test_declined_or_taken_back_nothing_changes(author: Browser, li: Browser, app: App) -> None:
    case = offered(author, li, app)
    li.open(f"{case}/take-over")
    form = li.page
    assert li.post(f"{case}/take-over", then="decline").status_code == 303
    assert author.open(case).status_code == 200
    assert author.fill(f"{case}/hand-over", person=app.person(LI)).status_code == 303
    author.open(f"{case}/hand-over")
    assert "等待答复" in author.page
    assert author.post(f"{case}/hand-over", then="keep").status_code == 303
    li.page = form
    assert li.post(f"{case}/take-over", then="take").status_code == 404
    li.open(f"{case}/take-over")
    assert "没有等您答复的移交" in li.page
    kept = app.cases.get(case.removeprefix("/cases/"))
    assert [each.taken for each in kept.handovers] == [False, False]


def test_each_form_sent_twice_has_one_effect(author: Browser, li: Browser, app: App) -> None:
    case = offered(author, li, app)
    author.open(f"{case}/hand-over")
    author.post(f"{case}/hand-over", person=app.person(LI))
    assert len(news_of(app, case, "HandoverOffered")) == 1
    li.open(f"{case}/take-over")
    form = li.page
    li.post(f"{case}/take-over", then="take")
    li.page = form
    assert li.post(f"{case}/take-over", then="take").status_code == 303
    assert len(news_of(app, case, "HandoverAnswered")) == 1


def test_only_who_has_an_account_and_has_confirmed_is_asked(author: Browser, li: Browser, app: App) -> None:
    case = complete_case(author)
    author.open(f"{case}/hand-over")
    assert "还没有可以接手的作者" in author.page
    author.open("/account")
    assert author.post(f"{case}/hand-over", person=app.person(LI)).status_code == 422
    assert news_of(app, case, "HandoverOffered") == []


def test_strangers_neither_offer_nor_take(
    author: Browser, li: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    case = offered(author, li, app)
    stranger = new_browser()
    register(stranger, mobile="13711112222", name="陌生人")
    for page in ("hand-over", "take-over"):
        assert stranger.open(f"{case}/{page}").status_code == 404
        stranger.open("/account")
        assert stranger.post(f"{case}/{page}", then="take", person=app.person(LI)).status_code == 404


def test_who_is_no_author_any_more_takes_nothing(author: Browser, li: Browser, app: App) -> None:
    case = offered(author, li, app)
    li.open(f"{case}/take-over")
    form = li.page
    li.fill(f"{case}/read/refuse")
    li.page = form
    assert li.post(f"{case}/take-over", then="take").status_code == 404
    fill_authors(author, case)
    assert author.open(case).status_code == 200


def test_after_the_bell_only_with_a_late_permission(
    author: Browser, li: Browser, app: App, clock: FixedClock, bus: MemoryBus, worker: Callable[[], None]
) -> None:
    case = offered(author, li, app)
    li.open(f"{case}/take-over")
    at_time(author, clock, CLOSES)
    author.open(f"{case}/hand-over")
    assert "不能再移交案例" in author.page
    li.fill("/login", mobile=LI, password=PASSWORD)
    li.open(f"{case}/take-over")
    assert li.post(f"{case}/take-over", then="take").status_code == 409
    assert "不能再移交案例" in li.page
    say(bus, permit(case), subject="permission-1")
    clock.at = CLOSES + timedelta(hours=2)
    worker()
    li.open(f"{case}/take-over")
    assert li.post(f"{case}/take-over", then="take").status_code == 303
    assert li.open(case).status_code == 200
