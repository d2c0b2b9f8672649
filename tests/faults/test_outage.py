"""Kafka is away for three times as long as its client keeps trying: telling and hearing go on by themselves."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from deploy.local.servers.kafka import Kafka
from shared.events.wire import Told, outbox_entry
from shared.messaging.kafka import KafkaBus
from shared.records import Database, Row
from shared.trouble import Away
from tests.conftest import setting
from tests.faults.own_servers import OwnServers, own_servers
from tests.faults.test_relay_owner import until
from tests.shared.model import submitted

log = structlog.get_logger()

LONG = os.environ.get("ZHENGJI_LONG") == "1"
WAITING = 300_000 if LONG else 10_000
DELIVERY_TIMEOUT = 15.0 if LONG else 2.0
OUTAGE = 3 * DELIVERY_TIMEOUT
TOLD_AGAIN_WITHIN = 60.0
HEARD_AGAIN_WITHIN = 30.0
MEMORY_GROWTH = 64 * 1024 * 1024
ALL_TOLD_WITHIN = 1800.0 if LONG else 240.0
TOPIC = "intake.open"
PLAIN_TOPIC = "notify.internal"
SURELY_STUCK = 10.0

pytestmark = [
    pytest.mark.timeout(3600 if LONG else 400),
    pytest.mark.filterwarnings("ignore:unclosed.*socket:ResourceWarning"),
]


@dataclass
class Worker:
    """The telling process, watched from outside."""

    process: subprocess.Popen[str]
    peak: int = 0

    def status(self, name: str) -> int:
        """A number of what the kernel says of it: VmRSS (kB), Threads."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])

    def memory(self) -> int:
        """Resident bytes now; the highest ever seen is kept."""
        now = self.status("VmRSS") * 1024
        self.peak = max(self.peak, now)
        return now


@dataclass
class Listening:
    """A listener that polls as the hear loop does, and keeps when it heard what."""

    bus: KafkaBus
    heard: int = 0
    last_heard: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator[Listening]:
        """Poll in a thread."""
        thread = threading.Thread(target=self._poll)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def _poll(self) -> None:
        listener = self.bus.listener("outage", [TOPIC])
        while not self._stop.is_set():
            try:
                received = listener.poll(wait=0.5, most=1000)
            except Away:
                continue
            if received:
                self.heard += len(received)
                self.last_heard = time.monotonic()
                listener.commit({each.place: each.offset + 1 for each in received})
        listener.close()


@dataclass(frozen=True)
class Outage:
    """What was seen of one outage."""

    told_again_after: float
    heard_again_after: float
    memory_growth: int
    threads_more: int
    lost: int
    told: int
    plain_producer_sends_again: bool


def _fill(database: Database) -> set[str]:
    """Outboxes with one event each, as the one write leaves them."""
    rows = database.tells_from("baskets")
    database.ensure_outbox_indexes()
    told = Told(id="", event=submitted("waiting"), subject="", seq=1, epoch=1, time=datetime.now(UTC))
    entry = outbox_entry(told)
    ids = [f"waiting-{number:06}" for number in range(WAITING)]
    for start in range(0, WAITING, 10_000):
        rows.insert_many([_basket(id_, entry) for id_ in ids[start : start + 10_000]], ordered=False)
    return set(ids)


def _basket(id_: str, entry: Row) -> Row:
    told = {**entry, "id": id_, "subject": id_, "key": id_}
    return {"_id": id_, "version": 1, "count": 1, "outbox": [told], "told": {}, "heard": {}}


@contextmanager
def _worker(database: Database, servers: str) -> Iterator[Worker]:
    prefix = database.db.name.removesuffix("_intake")
    delivery_ms = str(int(DELIVERY_TIMEOUT * 1000))
    command = [sys.executable, "-m", "tests.faults.telling", prefix, setting("MONGO_URI"), servers, delivery_ms]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield Worker(process)
        assert process.poll() is None, "it ended in the outage"
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


class PlainProducer:
    """kafka-python's own default producer, but for a shorter delivery timeout."""

    def __init__(self, servers: str) -> None:
        self._producer: Any = KafkaProducer(
            bootstrap_servers=servers.split(","),
            delivery_timeout_ms=int(DELIVERY_TIMEOUT * 1000),
            request_timeout_ms=int(DELIVERY_TIMEOUT * 1000) - 100,
            max_block_ms=10_000,
        )
        self._producer.send(PLAIN_TOPIC, b"before").get(timeout=30)

    def try_in_the_outage(self) -> None:
        """Send, without asking what became of it."""
        try:
            self._producer.send(PLAIN_TOPIC, b"during")
        except KafkaError:
            return

    def sends_again(self) -> bool:
        """Whether anything sent now arrives."""
        deadline = time.monotonic() + SURELY_STUCK + DELIVERY_TIMEOUT
        while time.monotonic() < deadline:
            try:
                self._producer.send(PLAIN_TOPIC, b"after").get(timeout=1)
            except KafkaError:
                continue
            return True
        return False

    def close(self) -> None:
        """By force: an orderly close of a producer that is stuck does not end."""
        self._producer._sender.force_close()
        try:
            self._producer.close(timeout=1)
        except KafkaError:
            return


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServers]:
    with own_servers(Kafka(), tmp_path_factory.mktemp("outage")) as servers:
        yield servers


@pytest.fixture(scope="module", params=["paused", "killed"])
def outage(request: pytest.FixtureRequest, broker: OwnServers) -> Iterator[Outage]:
    """The broker is taken away while events are told, and comes back."""
    servers = broker.settings["ZHENGJI_KAFKA_SERVERS"]
    bus = KafkaBus(servers)
    bus.ensure_topics(partitions=3)
    database = Database("intake", uri=setting("MONGO_URI"), prefix=f"t_outage_{request.param}_{os.getpid()}")
    plain = PlainProducer(servers)
    try:
        ids = _fill(database)
        told = database.db["told_events"]
        with (
            ThreadPoolExecutor(1) as pool,
            _worker(database, servers) as worker,
            Listening(bus).going_on() as listening,
        ):
            until(lambda: told.estimated_document_count() > WAITING / 10 and listening.heard, seconds=120)
            before, threads = worker.memory(), worker.status("Threads")

            (broker.pause if request.param == "paused" else broker.kill)("kafka")
            began = time.monotonic()
            while time.monotonic() < began + OUTAGE:
                plain.try_in_the_outage()
                worker.memory()
                time.sleep(0.05)
            told_in_outage = told.count_documents({})
            assert told_in_outage < WAITING, "everything was told before the outage"
            _bring_back(broker, request.param)
            back = time.monotonic()
            recovering = pool.submit(plain.sends_again)

            told_after = _seconds_until(lambda: told.count_documents({}) > told_in_outage, since=back, watch=worker)
            heard_after = _seconds_until(lambda: listening.last_heard > back, since=back, watch=worker)
            waiting = {"outbox.0": {"$exists": True}}
            rows = database.db["baskets"]
            _seconds_until(
                lambda: not rows.find_one(waiting, hint="outbox_waiting"),
                since=back,
                watch=worker,
                most=ALL_TOLD_WITHIN,
            )
            growth, more = worker.peak - before, worker.status("Threads") - threads
        arrived = {str(received.message.header("ce_subject")) for received in bus.records(TOPIC)}
        seen = Outage(
            told_after, heard_after, growth, more, len(ids - arrived), len(ids & arrived), recovering.result()
        )
        log.warning("outage_seen", how=request.param, **asdict(seen))
        yield seen
    finally:
        plain.close()
        with warnings.catch_warnings():  # kafka-python leaves sockets that were refused to the garbage collector
            warnings.simplefilter("ignore", ResourceWarning)
            del plain
            gc.collect()
        database.client.drop_database(database.db.name)
        database.close()


def _bring_back(broker: OwnServers, how: str) -> None:
    if how == "paused":
        broker.go_on("kafka")
    else:
        broker.start("kafka")


def _seconds_until(done: Callable[[], object], *, since: float, watch: Worker, most: float = 120.0) -> float:
    until(lambda: worker_and(done, watch), seconds=most)
    return time.monotonic() - since


def worker_and(done: Callable[[], object], worker: Worker) -> bool:
    """Look at the worker's memory each time something is asked."""
    worker.memory()
    return bool(done())


def test_events_are_told_again_within_a_minute(outage: Outage) -> None:
    assert outage.told_again_after < TOLD_AGAIN_WITHIN


def test_listeners_hear_again_within_half_a_minute(outage: Outage) -> None:
    assert outage.heard_again_after < HEARD_AGAIN_WITHIN


def test_no_event_is_lost(outage: Outage) -> None:
    assert (outage.lost, outage.told) == (0, WAITING)


def test_memory_is_bounded_however_much_waits(outage: Outage) -> None:
    assert outage.memory_growth < MEMORY_GROWTH
    assert outage.threads_more <= 2, "producers that were thrown away left threads behind"


@pytest.mark.xfail(
    strict=not LONG, raises=AssertionError, reason="kafka-python 3.0 is stuck for good after such an outage"
)
def test_a_plain_producer_recovers_by_itself(outage: Outage, request: pytest.FixtureRequest) -> None:
    """When this passes, kafka-python is mended: then docs/decisions/0004 may be taken back.

    A broker that is killed refuses connections at once, and now and then the plain producer comes through that; one
    that stands still is the outage it is always stuck after when its timeouts are short, so that one decides. With the
    long form's fifteen seconds it came through that too, once.
    """
    if "killed" in request.node.name and outage.plain_producer_sends_again:
        pytest.xfail("came through this time")
    assert outage.plain_producer_sends_again
