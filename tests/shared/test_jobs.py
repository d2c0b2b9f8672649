"""Jobs: claimed by one worker at a time, ended once, visible when every try failed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from shared.clock import FixedClock
from shared.jobs import Claimed, Jobs, LeaseLost, Worked, work_one
from shared.records import Database
from shared.trouble import Away
from tests.shared.model import NOON, submitted


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def jobs(database: Database, clock: FixedClock) -> Jobs:
    jobs = Jobs(database, "checks", lease=timedelta(seconds=60), most_tries=2, clock=clock)
    jobs.ensure_indexes()
    return jobs


def test_adding_twice_is_once_even_when_it_is_done(jobs: Jobs) -> None:
    assert jobs.add("j", {"a": 1})
    assert not jobs.add("j", {"a": 2})
    claimed = jobs.claim()
    assert claimed is not None
    assert claimed.payload == {"a": 1}
    jobs.finish(claimed)
    assert not jobs.add("j", {"a": 3})
    assert jobs.claim() is None


def test_two_workers_never_hold_the_same_job(jobs: Jobs) -> None:
    for number in range(40):
        jobs.add(f"j{number}", {})
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: jobs.claim(), range(60)))
    taken = [claimed.id for claimed in claims if claimed]
    assert len(taken) == len(set(taken)) == 40


def test_a_worker_past_its_lease_loses_job_and_result(jobs: Jobs, database: Database, clock: FixedClock) -> None:
    jobs.add("j", {})
    slow = jobs.claim()
    clock.advance(timedelta(seconds=61))
    quick = jobs.claim()
    assert slow is not None and quick is not None
    jobs.finish(quick, result={"by": "quick"}, events=[submitted("case")])
    with pytest.raises(LeaseLost):
        jobs.finish(slow, result={"by": "slow"}, events=[submitted("case")])
    row = database.collection("jobs_checks").find_one({"_id": "j"})
    assert row is not None
    assert (row["state"], row["result"], len(row["outbox"])) == ("done", {"by": "quick"}, 1)


def test_a_bug_costs_a_try_and_after_the_last_the_job_ends_visibly(jobs: Jobs, clock: FixedClock) -> None:
    jobs.add("j", {})

    def work(claimed: Claimed) -> Worked:
        raise ZeroDivisionError("a bug")

    def when_given_up(claimed: Claimed, error: str) -> tuple[()]:
        return ()

    assert work_one(jobs, work, when_given_up=when_given_up)
    assert not work_one(jobs, work, when_given_up=when_given_up)
    clock.advance(timedelta(minutes=1))
    assert work_one(jobs, work, when_given_up=when_given_up)
    row = jobs.find("j")
    assert row is not None
    assert (row["state"], row["tries"], row["error"]) == ("failed", 2, "ZeroDivisionError('a bug')")


def test_a_dependency_that_is_away_costs_no_try(jobs: Jobs, clock: FixedClock) -> None:
    jobs.add("j", {})

    def work(claimed: Claimed) -> Worked:
        raise Away("objects")

    for _ in range(5):
        with pytest.raises(Away):
            work_one(jobs, work, when_given_up=lambda claimed, error: ())
        clock.advance(timedelta(seconds=10))
    row = jobs.find("j")
    assert row is not None
    assert (row["state"], row["tries"]) == ("waiting", 0)


def test_neither_does_the_database(jobs: Jobs, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes away in the midst of the work: the job cannot even be put back. Its own process does so afterwards."""
    jobs.add("j", {})
    for _ in range(2 * jobs.most_tries):
        with monkeypatch.context() as patch, pytest.raises(Away):
            work_one(jobs, partial(_loses_the_database, jobs, patch), when_given_up=lambda claimed, error: ())
        clock.advance(timedelta(seconds=10))
    assert work_one(jobs, lambda claimed: Worked(result={}), when_given_up=lambda claimed, error: ())
    row = jobs.find("j")
    assert row is not None
    assert (row["state"], row["tries"]) == ("done", 1)


def test_what_somebody_else_took_meanwhile_is_not_put_back(
    jobs: Jobs, database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.add("j", {})
    with monkeypatch.context() as patch, pytest.raises(Away):
        work_one(jobs, partial(_loses_the_database, jobs, patch), when_given_up=lambda claimed, error: ())
    clock.advance(timedelta(hours=1))
    other = Jobs(database, jobs.kind, clock=clock)
    taken = other.claim()
    assert taken is not None
    assert jobs.claim() is None
    other.finish(taken)


def _loses_the_database(jobs: Jobs, patch: pytest.MonkeyPatch, claimed: Claimed) -> Worked:
    def away(*args: object, **kwargs: object) -> None:
        raise Away("mongodb")

    patch.setattr(jobs, "_write", away)
    raise Away("mongodb")


def test_the_page_can_say_how_many_are_before(jobs: Jobs, clock: FixedClock) -> None:
    for number in range(3):
        jobs.add(f"j{number}", {})
        clock.advance(timedelta(seconds=1))
    assert [jobs.ahead_of(f"j{number}") for number in range(3)] == [0, 1, 2]
    jobs.claim()
    assert [jobs.ahead_of(f"j{number}") for number in range(3)] == [None, 0, 1]
