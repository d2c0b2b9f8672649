"""A stack of its own for tests that break it: our programs are killed, Kafka is taken away, and the truth is read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property, partial
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from pymongo import MongoClient

from deploy.local import handover
from deploy.local.places import Places, places
from deploy.local.processes import Processes
from deploy.local.settings_file import read_settings
from deploy.local.stack import Stack
from deploy.local.table import SERVICES, OwnProgram
from services.review import wiring as review
from services.review.handlers.campaign import load_campaign_draft
from services.review.handlers.campaign import publish_campaign as publish
from services.review.settings import ReviewSettings
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.campaign.pacing import PacedWindow, paced
from shared.clock import system_clock
from shared.events.base import Event
from shared.events.catalogue import TOPICS
from shared.objects import Objects
from shared.settings import ServiceSettings
from zhengji.campaigns import renamed
from zhengji.play.accounting import Truth, settled
from zhengji.play.author import Author
from zhengji.play.book import Book
from zhengji.play.cast import CasePlan, Twist, make_cast
from zhengji.play.listening import end_offsets, records
from zhengji.play.world import RealWorld
from zhengji.plays import broken_record, real_world
from zhengji.surroundings import settings_of

T = TypeVar("T")
S = TypeVar("S", bound=ServiceSettings)
CAMPAIGN = Path("campaigns/2024-teacher-training.yaml")
THREADS = 4
LOOKED_AT = ("/messages", "/certificates", "/staff/login")
"""A page of each service that authors do not need to hand in."""
# Whoever was killed is missed sooner than in production.
SOON = {
    "ZHENGJI_CHECK_LEASE_SECONDS": "15",
    "ZHENGJI_JOB_LEASE_SECONDS": "15",
    "ZHENGJI_LETTER_LEASE_SECONDS": "10",
    "ZHENGJI_LETTER_FIRST_WAIT_SECONDS": "2",
    "ZHENGJI_MAILBOX_EVERY_SECONDS": "1",
}


class FaultyStack:
    """The whole platform in a folder of its own, with its own ports, data and keys."""

    def __init__(self, folder: str = "var/faults") -> None:
        self.places: Places = places({"ZHENGJI_VAR": folder})
        self._processes = Processes(self.places.run, self.places.log)
        self._environ = {name: text for name, text in os.environ.items() if not name.startswith("ZHENGJI_")}
        self._environ |= {"ZHENGJI_VAR": folder, **SOON}
        if cache := os.environ.get("ZHENGJI_CACHE"):
            self._environ["ZHENGJI_CACHE"] = cache

    # Starting, killing, stopping

    def start(self) -> None:
        """Everything, on empty data."""
        self.remove()
        self.command("up")

    def remove(self) -> None:
        """Stop what was started from here and throw its data away; what a test run that was cut off left, too."""
        self.command("down", "--remove")

    def command(self, *words: str, **settings: str) -> None:
        """One command of the local stack."""
        done = subprocess.run(
            [str(self.places.python), "-m", "deploy.local", *words, "--installed"],
            cwd=self.places.root,
            env=self._environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"deploy.local {' '.join(words)}: {done.stdout[-2000:]}"

    def zhengji(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One of the operators' commands."""
        command = [sys.executable, "-m", "zhengji", *words, "--var", str(self.places.var)]
        env = {name: text for name, text in self._environ.items() if not name.startswith("ZHENGJI_")}
        return subprocess.run(
            command, cwd=self.places.root, env=env, capture_output=True, text=True, timeout=600, check=False
        )

    def kill(self, name: str, by: signal.Signals = signal.SIGKILL) -> int:
        """Kill a program with everything it started, as an out-of-memory kill of its container would; its process id.

        Another signal stops it (SIGSTOP) or lets it go on.
        """
        pid = self._processes.pid(name)
        assert pid is not None, f"{name} does not run"
        os.killpg(pid, by)
        return pid

    def restart(self, names: Collection[str], **settings: str) -> None:
        """Kill programs and let the keeper start them again, with these settings besides the usual ones."""
        self.command("servers", **settings)
        killed = {name: self.kill(name) for name in names}
        for name, pid in killed.items():
            wait(f"{name} started again", partial(self.runs_anew, name, since=pid), seconds=90)

    def pids(self) -> dict[str, int | None]:
        """The process of each of our programs."""
        return {program.name: self._processes.pid(program.name) for program in self.own}

    def programs(self) -> dict[str, int]:
        """The process of everything that runs here, servers and keeper too."""
        found = {name: self._processes.pid(name) for name in self._processes.names()}
        return {name: pid for name, pid in found.items() if pid is not None}

    def environment(self, name: str) -> dict[str, str]:
        """What a running program was told."""
        lines = Path(f"/proc/{self._processes.pid(name)}/environ").read_bytes().decode().split("\0")
        return {name: text for name, _, text in (line.partition("=") for line in lines)}

    def runs_anew(self, name: str, *, since: int) -> bool:
        """Whether the keeper has started it again after it was killed, and it is ready."""
        return self._processes.pid(name) not in (None, since) and self.is_ready(name)

    def is_ready(self, name: str) -> bool:
        """What its own probe says."""
        try:
            return httpx.get(f"http://127.0.0.1:{self._ports[name]}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    @cached_property
    def own(self) -> tuple[OwnProgram, ...]:
        """Our programs, in the order in which they start."""
        return Stack(self.places, self._environ).own

    @property
    def _ports(self) -> Mapping[str, int]:
        """Where each program listens now; one that is started again gets another port where its own is not free yet."""
        chosen = self._chosen_ports
        turns = {program.name: handover.in_service(self.places, program.name) for program in self.own}
        return {name: chosen[name if turn == handover.FIRST else f"{name}-{turn}"] for name, turn in turns.items()}

    @property
    def _chosen_ports(self) -> Mapping[str, int]:
        """The port of each program of the stack, the servers' too, under its name there."""
        return dict(json.loads((self.places.var / "ports.json").read_text()))

    # Looking

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """What the stack tells everybody."""
        return read_settings(self.places.stack_env)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside the block the settings of another stack, which the tests around may use, do not count."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [each for each in os.environ if each.startswith("ZHENGJI_")]:
                patch.delenv(name)
            yield

    def settings_for(self, kind: type[S], service: str) -> S:
        """The settings of a service here."""
        with self.alone():
            return settings_of(kind, var=self.places.var, service=service)

    @cached_property
    def world(self) -> RealWorld:
        """The platform from outside; its people press a button again for two minutes before they complain."""
        return real_world(self.settings, threads=THREADS, patience=120)

    @cached_property
    def truth(self) -> Truth:
        """Databases, store, mailboxes and topics, for reading only."""
        settings = self.settings_for(ServiceSettings, "intake")
        objects = Objects(settings)

        @cache
        def read_object(key: str) -> list[bytes]:  # every version of a case names its files again
            return list(objects.chunks(key))

        return Truth(
            databases={service: self._client[f"{settings.mongo_prefix}_{service}"] for service in SERVICES},
            read_object=lambda key: iter(read_object(key)),
            letters=self.world.post.letters,
            topics=lambda: end_offsets(settings.kafka_servers),
            told_on=lambda topic: records(settings.kafka_servers, topic),
            broken_record=lambda service: broken_record(settings, service),
        )

    @cached_property
    def _client(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.settings["ZHENGJI_MONGO_URI"], tz_aware=True)

    def close(self) -> None:
        """Let go of everything, and throw the stack away."""
        self.world.close()
        self._client.close()
        self.remove()

    def ends(self) -> dict[TopicPartition, int]:
        """Where each partition of each topic ends."""
        consumer = KafkaConsumer(bootstrap_servers=self.settings["ZHENGJI_KAFKA_SERVERS"])
        try:
            found = [
                TopicPartition(topic, each) for topic in TOPICS for each in consumer.partitions_for_topic(topic) or ()
            ]
            return dict(consumer.end_offsets(found))
        finally:
            consumer.close()

    def records(self, event: type[Event]) -> list[dict[str, Any]]:
        """The events of a type as they lie on their topic, repeats and all."""
        found = [
            json.loads(value) for _, value in records(self.settings["ZHENGJI_KAFKA_SERVERS"], event.topic) if value
        ]
        return [each for each in found if each["type"] == event.type()]

    def unheard(self) -> dict[str, int]:
        """How many records each service has not heard yet; services that heard everything are not in it."""
        ends = self.ends()
        admin = KafkaAdminClient(bootstrap_servers=self.settings["ZHENGJI_KAFKA_SERVERS"])
        try:
            positions = admin.list_group_offsets(list(SERVICES))
        finally:
            admin.close()
        left = {}
        for service in SERVICES:
            known, topics = positions.get(service, {}), _heard_by(service)
            behind = (end - _position(known.get(place)) for place, end in ends.items() if place.topic in topics)
            left[service] = sum(behind)
        return {service: count for service, count in left.items() if count}

    def untold(self, service: str) -> int:
        """How many documents of a service hold events that nobody was told of yet."""
        database, query = self.truth.databases[service], {"outbox.0": {"$exists": True}}
        return sum(database[each].count_documents(query) for each in database.list_collection_names())

    def rests(self) -> bool:
        """Whether every event is told and heard, every job done, every letter sent."""
        return settled(self.truth) and not self.unheard() and settled(self.truth)


def wait(what: str, met: Callable[[], T | None], *, seconds: float, every: float = 0.2) -> T:
    """Ask until it is so; the test fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
    return found


def publish_campaign(stack: FaultyStack, *, hours: float = 2) -> Campaign:
    """A campaign that takes submissions now and for hours."""
    id_ = f"2024-faults-{time.time_ns():x}"
    pace: dict[PacedWindow, float] = {"contact_forms": 1, "submission": hours * 3600}
    campaign = paced(renamed(load_campaign(CAMPAIGN), id_), system_clock(), pace)
    app = review.build(stack.settings_for(ReviewSettings, "review"))
    load_campaign_draft(app, campaign)
    publish(app, campaign_id=campaign.id, by="centre")
    app.database.close()
    heard = {"_id": campaign.id}
    for service in ("intake", "validation", "review", "notify"):
        campaigns = stack.truth.databases[service]["campaigns"]
        wait(f"the campaign in {service}", partial(campaigns.find_one, heard), seconds=60)
    wait("the window", lambda: campaign.windows.submission.has_opened(system_clock()), seconds=60)
    return campaign


def authors_of(stack: FaultyStack, campaign: Campaign, book: Book, *, count: int, without: Collection[Twist]) -> Crowd:
    """A crowd whose cases have every special feature but some."""
    run = str(time.time_ns() // 10**8)
    cast = make_cast(campaign, run=run, provinces=3, cases=count + len(without), experts=3)
    plans = [plan for plan in cast.cases if plan.twist not in without][:count]
    return Crowd([Author(stack.world, book, plan, unit_type=_unit_type(campaign, plan)) for plan in plans], book)


class Crowd:
    """Authors who come again and again: first they hand in, later they change, or take back and hand in again."""

    def __init__(self, authors: Collection[Author], book: Book) -> None:
        self.book = book
        self._waiting: SimpleQueue[Author] = SimpleQueue()
        for author in authors:
            self._waiting.put(author)

    @contextmanager
    def coming(self, *, pause: float = 0.0) -> Iterator[None]:
        """Inside the block they come, several at a time; at its end everybody finishes what they are at.

        Whoever could not go on makes the test fail.
        """
        enough = threading.Event()
        with ThreadPoolExecutor(THREADS) as pool:
            flows = [pool.submit(self._flow, enough, pause) for _ in range(THREADS)]
            try:
                yield
            finally:
                enough.set()
        for flow in flows:
            flow.result()

    def _flow(self, enough: threading.Event, pause: float) -> None:
        while not enough.is_set():
            author = self._waiting.get()
            self._visit(author)
            self._waiting.put(author)
            enough.wait(pause)

    def _visit(self, author: Author) -> None:
        handed_in = sum(each.case_id == author.case_id for each in self.book.receipts)
        if not author.case_id:
            author.prepare()
            author.submit()
        elif handed_in % 3:
            author.replace()
        else:
            author.withdraw()
            author.submit()
        for address in (f"/cases/{author.case_id}", *LOOKED_AT):
            page = author.browser.open(address)
            assert page.status == 200, f"{page.status} {page.url}"


def _unit_type(campaign: Campaign, plan: CasePlan) -> str:
    needs_school = campaign.category(plan.category).needs_school
    return next(kind.code for kind in campaign.unit_types if kind.school == needs_school)


def _heard_by(service: str) -> frozenset[str]:
    reactions: Mapping[type[Event], object] = import_module(f"services.{service}.handlers").REACTIONS
    return frozenset(event.topic for event in reactions)


def _position(committed: Any) -> int:
    return 0 if committed is None or committed.offset < 0 else int(committed.offset)
