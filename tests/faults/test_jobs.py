"""Workers are killed, stopped, slow, felled, or have a wrong clock: each job is done once or ends visibly."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any, TypeVar

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

import shared.clock
from shared.jobs import Claimed, Jobs, Worked, work_one
from shared.records import Database
from tests.faults.workers import KIND, SERVICE, toil, working
from tests.shared.model import submitted

T = TypeVar("T")
LEASE, LONGEST, TRIES = 3.0, 60.0, 3
LONG = bool(os.environ.get("ZHENGJI_LONG"))


class Workshop:
    """Jobs on the real MongoDB and worker processes that do them."""

    def __init__(self, database: Database, folder: Path, processes: ExitStack) -> None:
        self.database = database
        self.jobs = toil(database, lease=LEASE, longest=LONGEST, most_tries=TRIES)
        self.jobs.ensure_indexes()
        self.log = folder / "workers.log"
        self._processes = processes

    def hire(self, *, lease: float = LEASE, longest: float = LONGEST) -> Popen[bytes]:
        """One more worker process."""
        words = (lease, longest, TRIES)
        return self._processes.enter_context(working("toil", self.database, *words, log=self.log))

    def row(self, job: str) -> dict[str, Any]:
        """A job as it is kept, with what it tells."""
        row = self.database.collection(f"jobs_{KIND}").find_one({"_id": job})
        assert row is not None
        return row

    def runs(self, job: str) -> list[dict[str, Any]]:
        """When and by whom it was worked on, in order."""
        return list(self.database.collection("runs").find({"job": job, "began": {"$exists": True}}).sort("began", 1))

    def begun_by(self, worker: Popen[bytes], job: str) -> bool:
        """Whether this worker is at it."""
        return any(run["pid"] == worker.pid and "ended" not in run for run in self.runs(job))

    def until_ended(self, job: str, *, seconds: float = 60) -> dict[str, Any]:
        """The row of a job that is done or failed."""
        until(lambda: self.row(job)["state"] in ("done", "failed"), seconds=seconds)
        return self.row(job)

    def log_has(self, words: str) -> bool:
        """Whether a worker said so."""
        return words in self.log.read_text()


@pytest.fixture
def workshop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with ExitStack() as processes:
        yield Workshop(database, tmp_path, processes)


def until(met: Callable[[], T], *, seconds: float = 60) -> T:
    """Ask until it is so."""
    deadline = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.05)
    return found


def told(row: dict[str, Any]) -> list[int]:
    """The numbers in what a job tells: 1 where it was done, 99 where it was given up."""
    return [entry["data"]["case_version"] for entry in row["outbox"]]


def test_a_killed_workers_job_is_done_by_another(workshop: Workshop) -> None:
    killed = workshop.hire()
    workshop.jobs.add("j", {"seconds": 30, "first_try_only": True})
    until(lambda: workshop.begun_by(killed, "j"))
    other = workshop.hire()
    killed.kill()
    row = workshop.until_ended("j")
    assert (row["state"], row["tries"], row["result"], told(row)) == ("done", 2, {"by": other.pid}, [1])


def test_a_stopped_worker_loses_its_job_and_its_late_result_is_thrown_away(workshop: Workshop) -> None:
    stopped = workshop.hire()
    workshop.jobs.add("j", {"seconds": 1.5})
    until(lambda: workshop.begun_by(stopped, "j"))
    os.kill(stopped.pid, signal.SIGSTOP)
    lease_until = workshop.row("j")["lease_until"]
    other = workshop.hire()
    row = workshop.until_ended("j")
    os.kill(stopped.pid, signal.SIGCONT)
    until(lambda: workshop.log_has("lease_lost"))
    assert workshop.row("j") == row
    assert (row["state"], row["tries"], row["result"], told(row)) == ("done", 2, {"by": other.pid}, [1])
    _, second = workshop.runs("j")
    assert second["began"] >= lease_until
    other.kill()
    workshop.jobs.add("next", {})
    assert workshop.until_ended("next")["result"] == {"by": stopped.pid}


def test_a_slow_worker_keeps_its_job_while_others_look_for_work(workshop: Workshop) -> None:
    workers = [workshop.hire() for _ in range(2)]
    workshop.jobs.add("slow", {"seconds": 2.5 * LEASE})
    until(lambda: any(workshop.begun_by(worker, "slow") for worker in workers))
    workshop.jobs.add("quick", {})
    quick, slow = workshop.until_ended("quick"), workshop.until_ended("slow")
    assert quick["done"] < slow["done"]
    assert (slow["state"], slow["tries"], told(slow), len(workshop.runs("slow"))) == ("done", 1, [1], 1)


def test_a_worker_that_hangs_loses_its_job_at_the_limit(workshop: Workshop) -> None:
    """Its thread renews the lease, as if it worked; the limit of its kind is the end of that."""
    longest = 2 * LEASE
    hangs = workshop.hire(longest=longest)
    workshop.jobs.add("j", {"seconds": 60, "first_try_only": True})
    until(lambda: workshop.begun_by(hangs, "j"))
    limit = workshop.row("j")["limit"]
    other = workshop.hire(longest=longest)
    row = workshop.until_ended("j")
    assert (row["state"], row["tries"], row["result"], told(row)) == ("done", 2, {"by": other.pid}, [1])
    _, second = workshop.runs("j")
    assert second["began"] >= limit


@pytest.mark.parametrize("end", ["killed", "segfault", "exit"] if LONG else ["segfault"])
def test_a_job_that_fells_its_workers_ends_as_failed_and_holds_nobody_up(workshop: Workshop, end: str) -> None:
    workshop.jobs.add("poison", {"end": end})
    for number in range(5):
        workshop.jobs.add(f"good-{number}", {})
    felled = 0
    worker = workshop.hire(lease=1)
    while workshop.row("poison")["state"] != "failed":
        if worker.poll() is not None:
            felled += 1
            assert felled <= TRIES, "it is tried for ever"
            worker = workshop.hire(lease=1)
        time.sleep(0.05)
    row = workshop.row("poison")
    assert felled == TRIES
    assert (row["tries"], told(row)) == (TRIES + 1, [99])
    assert "no worker lived to its end in 3 tries" in row["error"]
    until(lambda: workshop.log_has('"event": "job_failed"'))
    good = [workshop.until_ended(f"good-{number}") for number in range(5)]
    assert {(each["state"], each["tries"]) for each in good} == {("done", 1)}
    first_run, second_run, *_ = workshop.runs("poison")
    assert all(first_run["began"] < each["done"] < second_run["began"] for each in good)


def test_a_worker_that_is_told_to_end_gives_its_job_back(workshop: Workshop) -> None:
    """The job would last longer than anybody waits for a process: it is put back, and the try does not count."""
    ending = workshop.hire()
    workshop.jobs.add("j", {"seconds": 60, "first_try_only": True})
    until(lambda: workshop.begun_by(ending, "j"))
    began = time.monotonic()
    ending.terminate()
    assert ending.wait(timeout=15) == 0
    assert time.monotonic() - began < 10
    row = workshop.row("j")
    assert (row["state"], row["tries"], told(row)) == ("waiting", 0, [])


# In this process


@pytest.fixture
def jobs(database: Database) -> Jobs:
    jobs = Jobs(database, KIND, most_tries=2)
    jobs.ensure_indexes()
    return jobs


class HourAhead(datetime):
    """What the machine's clock says on a machine whose clock is an hour ahead."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + timedelta(hours=1)


def test_a_worker_whose_clock_is_an_hour_ahead_steals_nothing(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.add("running", {})
    jobs.add("later", {}, delay=timedelta(minutes=30))
    assert jobs.claim() is not None
    with monkeypatch.context() as patch:
        patch.setattr(shared.clock, "datetime", HourAhead)
        assert shared.clock.system_clock() > datetime.now(tz=shared.clock.SHANGHAI) + timedelta(minutes=59)
        assert jobs.claim() is None
        jobs.add("added", {})
    claimed = jobs.claim()
    assert claimed is not None and claimed.id == "added"


def _fail(_claimed: Claimed) -> Worked:
    raise ZeroDivisionError("a bug")


def _again_at_once(database: Database) -> None:
    database.collection(f"jobs_{KIND}").update_many({"state": "waiting"}, [{"$set": {"not_before": "$$NOW"}}])


def test_a_job_whose_every_try_fails_is_seen(jobs: Jobs, database: Database) -> None:
    """By an event, in the row, in the metric and in the log."""
    labels = {"service": SERVICE, "kind": KIND, "end": "failed"}
    before = REGISTRY.get_sample_value("zhengji_jobs_total", labels) or 0
    jobs.add("j", {})
    with capture_logs() as logs:
        while work_one(jobs, _fail, when_given_up=lambda claimed, error: (submitted(claimed.id, 99),)):
            _again_at_once(database)
    row = jobs.find("j")
    assert row is not None
    assert (row["state"], row["tries"], row["error"]) == ("failed", 2, "ZeroDivisionError('a bug')")
    assert told(database.collection(f"jobs_{KIND}").find_one({}) or {}) == [99]
    assert REGISTRY.get_sample_value("zhengji_jobs_total", labels) == before + 1
    assert [(each["event"], each["job"]) for each in logs if each["log_level"] == "error"][-1] == ("job_failed", "j")


def test_a_job_of_which_nothing_can_be_told_ends_all_the_same(jobs: Jobs, database: Database) -> None:
    def cannot_say(_claimed: Claimed, _error: str) -> tuple[()]:
        raise KeyError("its payload is broken")

    jobs.add("j", {})
    while work_one(jobs, _fail, when_given_up=cannot_say):
        _again_at_once(database)
    row = jobs.find("j")
    assert row is not None
    assert row["state"] == "failed"
    assert row["error"] == "ZeroDivisionError('a bug'); nothing told of it: KeyError('its payload is broken')"


def test_a_bug_after_the_lease_was_lost_changes_nothing(jobs: Jobs, database: Database) -> None:
    def loses(claimed: Claimed) -> Worked:
        change = {"$set": {"token": "somebody else's"}}
        database.collection(f"jobs_{KIND}").update_one({"_id": claimed.id}, change)
        raise ZeroDivisionError("a bug")

    jobs.add("j", {})
    assert work_one(jobs, loses, when_given_up=lambda claimed, error: ())
    row = jobs.find("j")
    assert row is not None
    assert (row["state"], row["token"]) == ("running", "somebody else's")


def test_a_flood_of_one_lane_does_not_starve_the_others(jobs: Jobs) -> None:
    """Whoever comes after a flood stands behind few of it; within a lane, the order is the order of adding."""
    for number in range(60):
        jobs.add(f"flood-{number:02}", {}, lane="one case")
    for lane in ("b", "c"):
        jobs.add(f"{lane}-1", {}, lane=lane)
    ahead = jobs.ahead_of("c-1")
    order = []
    while claimed := jobs.claim():
        order.append(claimed.id)
        jobs.finish(claimed)
    assert len(order) == 62
    assert ahead is not None and ahead < 10
    assert max(order.index("b-1"), order.index("c-1")) < 10
    assert [job for job in order if job.startswith("flood")] == [f"flood-{number:02}" for number in range(60)]


def test_claiming_looks_at_few_jobs_however_many_wait(jobs: Jobs, database: Database) -> None:
    rows = database.collection(f"jobs_{KIND}")
    jobs.add("first", {})
    row = rows.find_one({}) or {}
    rows.insert_many([{**row, "_id": f"j{n}", "turn": row["turn"] + timedelta(seconds=n)} for n in range(1, 3000)])
    database.db.command("profile", 2)
    claimed = jobs.claim()
    database.db.command("profile", 0)
    assert claimed is not None and claimed.id == "first"
    (seen,) = database.db["system.profile"].find({"command.findAndModify": f"jobs_{KIND}"})
    assert seen["docsExamined"] < 10
