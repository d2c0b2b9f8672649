"""A run: two services live, are killed as planned and started again, are left alone until quiet, and are looked at."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.faults.crash.examination import examine
from tests.faults.crash.journal import Line, read
from tests.faults.crash.lane import Lane
from tests.faults.crash.points import SERVICES, Kill, plan
from tests.faults.crash.service import Life, live

PATIENCE = 240.0
_FIRST_WISHES = 6
_MORE_WISHES = 4
_MOST_WISHES = 50

# One process loads everything and opens nothing; each life is a fork of it.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.faults.crash.service"])


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    kills: list[Line]
    journal: list[Line]
    unreached: list[Kill]
    anomalies: list[str]
    events: int
    copies: int
    seconds: float


@dataclass
class _Member:
    """A service in a run: its process, which life it is in, and the kills that are still to come."""

    service: str
    kills: list[Kill]
    lives: int = 0
    process: ForkServerProcess | None = None
    armed: Kill | None = None


@dataclass
class Run:
    """One seed in one lane."""

    lane: Lane
    seed: int
    kills: Sequence[Kill]
    broken: str = ""
    name: str = field(default_factory=lambda: f"run-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self._members = {
            service: _Member(service, [kill for kill in self.kills if kill.service == service]) for service in SERVICES
        }
        self._subjects = tuple(f"{self.name}-{letter}" for letter in "abc")
        self._wishes = 0
        self._anomalies: list[str] = []

    def play(self) -> Outcome:
        """From the first start to the last look."""
        began = time.monotonic()
        self.lane.clear()
        self._wish(_FIRST_WISHES)
        since = self.lane.ends()
        for service in SERVICES:
            self.lane.begin_group(self.name, service)
        try:
            for member in self._members.values():
                self._start(member)
            self._until_quiet(began + PATIENCE)
        finally:
            self._end()
        journal = read(self.lane.folder / "journal")
        records = self.lane.told(since)
        seen = examine(self.lane, self._subjects, self._wishes, journal, records)
        self._anomalies += seen.anomalies
        if self._anomalies:
            self._keep_what_is_known()
        return Outcome(
            seed=self.seed,
            kills=[line for line in journal if line["what"] == "killed"],
            journal=journal,
            unreached=[kill for member in self._members.values() for kill in _open(member)],
            anomalies=self._anomalies,
            events=seen.events,
            copies=len(records),
            seconds=time.monotonic() - began,
        )

    def _wish(self, more: int) -> None:
        self._wishes += more
        (self.lane.folder / "new-wishes").write_text(str(self._wishes))
        (self.lane.folder / "new-wishes").rename(self.lane.folder / "wishes")

    def _start(self, member: _Member) -> None:
        member.armed = member.kills.pop(0) if member.kills else None
        answered = [line["command"] for line in read(self.lane.folder / "journal") if line["what"] == "answered"]
        life = Life(
            service=member.service,
            number=member.lives,
            seed=self.seed,
            kill=member.armed,
            folder=self.lane.folder,
            mongo_uri=self.lane.mongo_uri,
            kafka_servers=self.lane.kafka_servers,
            prefix=self.lane.prefix,
            run=self.name,
            subjects=self._subjects,
            answered=max(answered, default=-1) + 1,
            broken=self.broken,
        )
        member.process = _processes.Process(target=live, args=(life,), daemon=True)
        member.process.start()
        member.lives += 1

    def _until_quiet(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            if not self._see_to_the_dead(0.05):
                return
            if not self._is_quiet():
                continue
            if not any(_open(member) for member in self._members.values()) or self._wishes >= _MOST_WISHES:
                return
            self._wish(_MORE_WISHES)
        self._ask_where_they_stand()
        self._anomalies.append(f"not quiet after {PATIENCE:.0f} s: {self.lane.behind(self.name)}")

    def _see_to_the_dead(self, most: float) -> bool:
        """Start again what was killed as planned; False when a process ended in any other way."""
        alive = [member.process.sentinel for member in self._members.values() if member.process]
        for sentinel in wait(alive, timeout=most):
            member = next(each for each in self._members.values() if each.process and each.process.sentinel == sentinel)
            assert member.process
            member.process.join()
            if member.process.exitcode != -signal.SIGKILL or member.armed is None:
                self._anomalies.append(f"{member.service} ended by itself with {member.process.exitcode}")
                return False
            self.lane.let_time_pass(self.name, member.service)
            self._start(member)
        return True

    def _is_quiet(self) -> bool:
        """Every command answered, nothing waits to be told, no job is open, every listener is at the end."""
        answered = sum(line["what"] == "answered" for line in read(self.lane.folder / "journal"))
        if answered < self._wishes or self._anything_waits():
            return False
        return not self.lane.behind(self.name) and not self._anything_waits() and not self.lane.behind(self.name)

    def _anything_waits(self) -> bool:
        untold = {"outbox.0": {"$exists": True}}
        intake, review = (self.lane.database(service) for service in SERVICES)
        return (
            intake["ledgers"].find_one(untold) is not None
            or review["diaries"].find_one(untold) is not None
            or review["jobs_echoes"].find_one({"$or": [untold, {"state": {"$ne": "done"}}]}) is not None
        )

    def _ask_where_they_stand(self) -> None:
        for member in self._members.values():
            if member.process and member.process.pid:
                status = Path(f"/proc/{member.process.pid}/status").read_text()
                state = next(line for line in status.splitlines() if line.startswith("State"))
                self._anomalies.append(f"{member.service}, life {member.lives - 1}: {state}")
                os.kill(member.process.pid, signal.SIGUSR1)
        time.sleep(1)  # nothing says when the log is written

    def _keep_what_is_known(self) -> None:
        """Journal and log of a run in which something was wrong."""
        shutil.copytree(self.lane.folder, self.lane.folder.parent / self.name)

    def _end(self) -> None:
        for member in self._members.values():
            if member.process and member.process.is_alive():
                member.process.kill()
            if member.process:
                member.process.join()
            self.lane.expel(f"{self.name}.{member.service}")


def _open(member: _Member) -> list[Kill]:
    return [*([member.armed] if member.armed else []), *member.kills]


def play(lane: Lane, seed: int, *, kills: Sequence[Kill] | None = None, broken: str = "") -> Outcome:
    """Play the run of a seed."""
    return Run(lane, seed, plan(seed) if kills is None else kills, broken=broken).play()
