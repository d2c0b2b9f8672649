"""One process of a run: a small service made of the product's own Records, Relay, HearLoop and Jobs."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pymongo import monitoring

import shared.messaging.kafka
from shared.clock import system_clock
from shared.events.intake import CaseSubmitted, SignaturesAdded
from shared.events.review import ResultPublished, ReviewSubmitted
from shared.events.wire import Heard
from shared.jobs import Claimed, Jobs, Worked, work_one
from shared.messaging.kafka import KafkaBus
from shared.process import Loop, Process, run
from shared.records import Database, Records
from shared.records.records import derived_id
from shared.worker import Reactions, ensure_shared_indexes, worker_loops
from tests.faults.crash import breaking
from tests.faults.crash.bus import WatchedBus, watched_producer
from tests.faults.crash.fuse import Fuse, MongoPoints
from tests.faults.crash.journal import Journal
from tests.faults.crash.model import Diary, DiaryRecord, Ledger, LedgerRecord, line, worked_out
from tests.faults.crash.points import Kill, Point


@dataclass(frozen=True)
class Life:
    """One life of a service's process, from its start to its kill."""

    service: str
    number: int
    seed: int
    kill: Kill | None
    folder: Path
    mongo_uri: str
    kafka_servers: str
    prefix: str
    run: str
    subjects: tuple[str, ...]
    answered: int
    broken: str = ""


def live(life: Life) -> None:
    """Be the process; it ends by its fuse or by the run's end."""
    _log_to(life.folder / "log")
    faulthandler.register(signal.SIGUSR1)  # a run that does not become quiet asks where everything stands
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    journal = Journal(life.folder / "journal", service=life.service, life=life.number)
    journal.note("began")
    fuse = Fuse(life.kill, journal, chance=random.Random(f"{life.seed}/{life.service}/{life.number}"))
    monitoring.register(MongoPoints(fuse))
    vars(shared.messaging.kafka)["KafkaProducer"] = watched_producer(fuse)
    breaking.apply(life.broken)
    database = Database(life.service, uri=life.mongo_uri, prefix=life.prefix.rstrip("."))
    bus = WatchedBus(KafkaBus(life.kafka_servers), prefix=life.prefix, run=life.run, fuse=fuse, broken=life.broken)
    app = App(life, database, fuse)
    ensure_shared_indexes(database)
    reactions = app.reactions()
    run(Process(loops=worker_loops(app, reactions, database=database, bus=bus, timers=app.loops())))


def _end_with_the_run() -> None:
    run_ = multiprocessing.parent_process()
    assert run_ is not None
    run_.join()
    os._exit(1)


def _log_to(path: Path) -> None:
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # both are text files
        os.dup2(log, stream.fileno())
    logging.basicConfig(level=logging.WARNING)  # or kafka-python's own word on a failure would be lost


class App:
    """What both services are made of; each has its own loops and reactions."""

    def __init__(self, life: Life, database: Database, fuse: Fuse) -> None:
        self._life = life
        self._fuse = fuse
        self._answered = life.answered
        self._ledgers = Records(database, document=LedgerRecord, aggregate=Ledger)
        self._diaries = Records(database, document=DiaryRecord, aggregate=Diary)
        # Each life begins an hour after the one before: what a killed worker held has run out by then.
        # A job may meet many kills here, so it is not given up after five.
        later = timedelta(hours=life.number)
        self._jobs = Jobs(database, "echoes", most_tries=50, clock=lambda: system_clock() + later)
        if life.number == 0:
            self._jobs.ensure_indexes()
        if life.service == "intake":
            for subject in life.subjects:
                self._ledgers.ensure(Ledger(id=subject))

    def reactions(self) -> Reactions[App]:
        """What the service does on which event."""
        if self._life.service == "intake":
            return {ResultPublished: _between(App.echo_result), ReviewSubmitted: _between(App.echo_review)}
        return {CaseSubmitted: _between(App.note_submission), SignaturesAdded: _between(App.note_signature)}

    def loops(self) -> list[Loop]:
        """What the service does besides telling and hearing."""
        if self._life.service == "intake":
            return [Loop("commands", self.next_command, idle=0.02)]
        return [Loop("jobs", self.next_job, idle=0.03)]

    # intake: takes words from a client that asks again until it is answered, and hears them echoed

    def next_command(self) -> bool:
        """The next command of the client; the same one again where the answer was lost."""
        number = self._answered
        if number >= int((self._life.folder / "wishes").read_text()):
            return False
        subject = self._life.subjects[number % len(self._life.subjects)]
        word = f"word-{number}"
        if self._life.broken == "state written before its news":
            breaking.take_in_two_writes(self._ledgers, subject, word)
        else:
            command = None if self._life.broken == "command without an id" else f"{subject}/{word}"
            self._ledgers.change(subject, lambda ledger: ledger.take(word), command=command)
        self._fuse.journal.note("answered", command=number)
        self._answered = number + 1
        return False  # rest after each, so that there is work left for the lives to come

    def echo_result(self, heard: Heard) -> None:
        """Write down that a word came back."""
        event = heard.event
        assert isinstance(event, ResultPublished)
        self._ledgers.hear(heard, event.case_id, lambda ledger: ledger.echo(line(heard, event.number)))

    def echo_review(self, heard: Heard) -> None:
        """Write down that a job came back."""
        event = heard.event
        assert isinstance(event, ReviewSubmitted)
        self._ledgers.hear(heard, event.case_id, lambda ledger: ledger.echo(line(heard, event.expert_id)))

    # review: writes down what it hears, tells it on, and does a job for each submission

    def note_submission(self, heard: Heard) -> None:
        """One event, two documents: the diary, and a job."""
        event = heard.event
        assert isinstance(event, CaseSubmitted)
        self.note_signature(heard)
        cause = str(uuid.uuid4()) if self._life.broken == "job queued under a random id" else heard.id
        self._jobs.add(derived_id(cause, "echo"), {"case_id": event.case_id, "word": event.number})

    def note_signature(self, heard: Heard) -> None:
        """Write it down."""
        self._diaries.hear(
            heard, heard.subject, lambda diary: diary.write(heard), create=lambda: Diary(id=heard.subject)
        )

    def next_job(self) -> bool:
        """Do one job."""

        def work(claimed: Claimed) -> Worked:
            case_id, word = claimed.payload["case_id"], claimed.payload["word"]
            return Worked(result={"word": word}, events=(worked_out(case_id, word),))

        return work_one(self._jobs, work, when_given_up=lambda claimed, error: ())

    def react(self, reaction: Callable[[App, Heard], None], heard: Heard) -> None:
        """React, between two points."""
        self._fuse.journal.note("reacting", event=heard.id)
        self._fuse.at(Point.BEFORE_EFFECT)
        reaction(self, heard)
        self._fuse.at(Point.AFTER_EFFECT)


def _between(reaction: Callable[[App, Heard], None]) -> Callable[[App, Heard], None]:
    return lambda app, heard: app.react(reaction, heard)
