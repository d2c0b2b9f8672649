"""Processes of their own for tests that kill, stop and end them: ``python -m tests.faults.workers ROLE ...``."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from pymongo import WriteConcern

from shared.events.base import Event
from shared.events.intake import CaseSubmitted
from shared.events.wire import Heard
from shared.jobs import Claimed, Jobs, Worked
from shared.jobs import work_one as work_one_job
from shared.messaging.hearing import HearLoop
from shared.messaging.port import Listener, Received, Speaker
from shared.process import Loop, Process, run
from shared.records import Database
from shared.telemetry.logs import set_up_logs
from tests.conftest import setting
from tests.shared.model import submitted

KIND = "toil"
SERVICE = "intake"
GROUP_PREFIX = "workers"


def toil(database: Database, *, lease: float, longest: float, most_tries: int = 3) -> Jobs:
    """The jobs these processes do."""
    seconds = timedelta(seconds=lease), timedelta(seconds=longest)
    return Jobs(database, KIND, lease=seconds[0], longest=seconds[1], most_tries=most_tries)


class Toil:
    """Does what a job's payload says, and writes down when."""

    def __init__(self, database: Database) -> None:
        self._runs = database.collection("runs")

    def work(self, claimed: Claimed) -> Worked:
        """One try; the outside effect bears the job's id, so that a second one is the same."""
        run = self._runs.insert_one({"job": claimed.id, "pid": os.getpid(), "tries": claimed.tries}).inserted_id
        self._runs.update_one({"_id": run}, {"$currentDate": {"began": True}})
        if claimed.payload.get("first_try_only") and claimed.tries > 1:
            return self._done(claimed, run)
        _ENDS.get(claimed.payload.get("end", ""), _lives)()
        time.sleep(claimed.payload.get("seconds", 0))
        return self._done(claimed, run)

    def _done(self, claimed: Claimed, run: object) -> Worked:
        self._runs.update_one({"_id": run}, {"$currentDate": {"ended": True}})
        return Worked({"by": os.getpid()}, (submitted(claimed.id),))

    @staticmethod
    def given_up(claimed: Claimed, error: str) -> tuple[Event, ...]:
        """What is told of a job that failed."""
        return (submitted(claimed.id, 99),)


def _lives() -> None:
    """Nothing happens."""


def _falls() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _crashes() -> None:
    ctypes.string_at(0)


def _leaves() -> None:
    os._exit(3)


def _fails() -> None:
    raise ZeroDivisionError("a bug")


_ENDS: dict[str, Callable[[], None]] = {"killed": _falls, "segfault": _crashes, "exit": _leaves, "bug": _fails}


class OwnBus:
    """The real Kafka with topics that exist already under a prefix."""

    def __init__(self, prefix: str) -> None:
        from shared.messaging.kafka import KafkaBus  # reads hundreds of schemas, which those who toil need not

        self._bus = KafkaBus(setting("KAFKA_SERVERS"))
        self._prefix = f"{prefix}."

    def listener(self, group: str, topics: Sequence[str]) -> Listener:
        """A member of a group on these topics."""
        from tests.faults.own_topics import OwnListener

        return OwnListener(self._bus.listener(group, [self._prefix + topic for topic in topics]), self._prefix)

    def speaker(self, name: str) -> Speaker:
        """Nobody speaks here."""
        raise NotImplementedError

    def records(self, topic: str) -> list[Received]:
        """Nobody looks back here."""
        raise NotImplementedError


def _hear(database: Database, prefix: str) -> Process:
    """A listener that counts how often it heard each event, as a guardless one would: slowly."""
    counts = database.collection("counts").with_options(write_concern=WriteConcern(1, j=False))

    def count(heard: Heard) -> None:
        time.sleep(0.003)
        counts.update_one({"_id": heard.id}, {"$inc": {"times": 1}}, upsert=True)

    loop = HearLoop(database, OwnBus(prefix), {CaseSubmitted: count}, group=f"{GROUP_PREFIX}-{prefix}")
    return Process([Loop("hear", loop.step, idle=0.05, hurry=loop.hurry, close=loop.close)])


def _toil(database: Database, lease: str, longest: str, most_tries: str) -> Process:
    jobs = toil(database, lease=float(lease), longest=float(longest), most_tries=int(most_tries))
    work = Toil(database)

    def step() -> bool:
        return work_one_job(jobs, work.work, when_given_up=work.given_up)

    return Process([Loop("toil", step, idle=0.1, give_back=jobs.give_back)])


def main(role: str, prefix: str, *words: str) -> None:
    """Play a role until told to end."""
    set_up_logs(SERVICE, role, level="INFO")
    database = Database(SERVICE, uri=setting("MONGO_URI"), prefix=prefix)
    run(_hear(database, *words) if role == "hear" else _toil(database, *words))


@contextmanager
def working(role: str, database: Database, *words: object, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One such process on this database, with its output in a file; gone afterwards, whatever state it is in."""
    prefix = database.db.name.removesuffix(f"_{SERVICE}")
    command = [sys.executable, "-m", "tests.faults.workers", role, prefix, *map(str, words)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)


if __name__ == "__main__":
    main(*sys.argv[1:])
