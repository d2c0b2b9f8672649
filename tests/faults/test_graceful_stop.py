"""Processes are told to end: all do in good time with nothing done twice, and a rolling restart loses no request."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from deploy.local.table import SERVICES
from shared.events.intake import CaseSubmitted
from shared.events.wire import Message, Told, outbox_entry, to_message
from shared.records import Database
from tests.conftest import setting
from tests.faults.own_topics import OwnTopics
from tests.faults.visitors import Visit, Visitors
from tests.faults.workers import GROUP_PREFIX, working
from tests.journeys.faulty import FaultyStack, authors_of, publish_campaign, wait
from tests.shared.model import NOON, submitted
from zhengji.play.author import Author, register
from zhengji.play.book import Book

LONG = bool(os.environ.get("ZHENGJI_LONG"))
RATE = 50.0
SOON = 10.0
"""Seconds within which a process must have ended."""
WEB = tuple(f"{service}-web" for service in SERVICES)
RESTARTED = WEB if LONG else ("intake-web", "review-web")
WRITERS = 4
EVENTS, ENDS = (6000, 8) if LONG else (900, 2)
_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="module")
def stack() -> Iterator[FaultyStack]:
    """A platform of its own. Its programs' ends are reported to this process, whoever started them."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    stack = FaultyStack("var/graceful")
    try:
        stack.start()
        yield stack
    finally:
        stack.close()
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.mark.stack
@pytest.mark.timeout(900)
def test_a_rolling_restart_of_the_web_programs_fails_no_request(stack: FaultyStack) -> None:
    """Pages of all services, logins and drafts that save themselves, at 50 a second; what was saved is there."""
    writers = [Writer(author) for author in _authors(stack)]
    before = stack.pids()
    visitors = Visitors(_visits(stack, writers), rate=RATE)
    with visitors.coming():
        wait("visitors are answered", lambda: len(visitors.answers) > 2 * RATE, seconds=60)
        stack.command("restart", *RESTARTED)
    sys.stdout.write(f"{visitors.table()}\n")
    after = stack.pids()
    assert all(after[name] not in (None, before[name]) for name in RESTARTED)
    assert visitors.lost == []
    assert len(visitors.answers) > 3 * RATE
    for writer in writers:
        case = stack.truth.databases["intake"]["cases"].find_one({"_id": writer.case_id})
        assert case is not None
        assert case["about"]["summary"] in writer.saved[-1:]


@pytest.mark.stack
@pytest.mark.timeout(900)
@pytest.mark.skipif(not LONG, reason="shows only that the test above can fail; ZHENGJI_LONG=1 runs it")
def test_a_web_program_that_is_just_stopped_and_started_is_missed(stack: FaultyStack) -> None:
    """The visitors of the test before are no rubber stamp."""
    visitors = Visitors([("GET /certificates", partial(stack.world.browser().client.get, "/certificates"))], rate=RATE)
    with visitors.coming():
        wait("visitors are answered", lambda: len(visitors.answers) > RATE, seconds=60)
        stack.command("stop", "certificate-web")
        stack.command("start", "certificate-web")
    assert {answer.status for answer in visitors.lost} == {502}


@pytest.mark.stack
@pytest.mark.timeout(900)
@pytest.mark.parametrize("busy", [True, False] if LONG else [True], ids=lambda busy: "busy" if busy else "idle")
def test_every_program_ends_within_ten_seconds_with_exit_code_0(stack: FaultyStack, busy: bool) -> None:
    """All of them, one after the other, with nobody to start them again; then all come back and everything is heard."""
    took = _end_all_while_authors_come(stack) if busy else _end_all(stack)
    stack.command("up")
    _assert_ended_well(stack, took)


@pytest.mark.stack
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "outage", [signal.SIGKILL, signal.SIGSTOP] if LONG else [signal.SIGSTOP], ids=lambda by: by.name
)
def test_every_program_ends_as_soon_while_kafka_is_away(stack: FaultyStack, outage: signal.Signals) -> None:
    """Events wait to be told, whether connections are refused or nobody answers on them; afterwards they are told."""
    book = Book()
    crowd = authors_of(stack, publish_campaign(stack), book, count=4, without=())
    with crowd.coming(pause=1.5):
        wait("a receipt", lambda: book.receipts, seconds=120)
        stack.command("stop", "keeper")
        kafka = stack.kill("kafka", outage)
        before = len(book.receipts)
        wait("receipts without Kafka", lambda: len(book.receipts) > before + 4, seconds=60)
    took = _end_all(stack)
    if outage == signal.SIGSTOP:
        os.killpg(kafka, signal.SIGCONT)
    stack.command("up")
    _assert_ended_well(stack, took)


def test_what_a_listener_was_at_when_it_ended_is_not_heard_again(database: Database, tmp_path: Path) -> None:
    """Ended again and again in the midst of batches; every event has been heard, and each of them once."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    group = f"{GROUP_PREFIX}-{prefix}"
    topics = OwnTopics(setting("KAFKA_SERVERS"), prefix, topics=[CaseSubmitted.topic])
    try:
        topics.tell([_record(number) for number in range(EVENTS)])
        counts = database.collection("counts")
        for _ in range(ENDS):
            before = counts.count_documents({})
            with working("hear", database, prefix, log=tmp_path / "hear.log") as process:
                wait("some more are heard", lambda: counts.count_documents({}) > before + 20, seconds=60)  # noqa: B023
                began = time.monotonic()
                process.terminate()
                assert process.wait(timeout=30) == 0
                assert time.monotonic() - began < SOON
            heard = counts.count_documents({})
            assert heard < EVENTS, "it was not ended in the midst of it"
            assert topics.committed(group) == heard
        with working("hear", database, prefix, log=tmp_path / "hear.log"):
            wait("all are heard", lambda: counts.count_documents({}) == EVENTS, seconds=90)
        assert counts.count_documents({"times": {"$ne": 1}}) == 0
    finally:
        topics.remove()


def _record(number: int) -> Message:
    event = submitted(f"case-{number}")
    told = Told(id=f"event-{number}", event=event, subject=f"case-{number}", seq=1, epoch=1, time=NOON)
    return to_message(outbox_entry(told))


# What visitors do


class Writer:
    """An author whose page saves the draft by itself, again and again."""

    def __init__(self, author: Author) -> None:
        self.case_id = author.case_id
        self.saved: list[str] = []
        self._client = author.browser.client
        self._form = dict(author.browser.open(f"/cases/{self.case_id}/sheet").form(field="summary").values())
        self._one_page = threading.Lock()

    def save(self) -> httpx.Response:
        """What the page's script sends; 409 would mean that a saving was done twice."""
        with self._one_page:
            text = f"第{len(self.saved) + 1}稿"
            headers = {"Accept": "application/json", "X-CSRFToken": self._form["csrf_token"]}
            form = {**self._form, "summary": text, "then": "draft"}
            response = self._client.post(f"/cases/{self.case_id}/sheet", data=form, headers=headers)
            if response.status_code == 200:
                self._form["rev"] = str(response.json()["rev"])
                self.saved.append(text)
            return response

    def read(self) -> httpx.Response:
        """Look at the report of the case, which there is none of yet."""
        return self._client.get(f"/reports/{self.case_id}")


def _authors(stack: FaultyStack) -> list[Author]:
    campaign = publish_campaign(stack)
    crowd = authors_of(stack, campaign, Book(), count=WRITERS, without=())
    authors = [crowd._waiting.get() for _ in range(WRITERS)]
    for author in authors:
        register(author.browser, author.plan.author, unit_type=author._unit_type, role="teacher")
        author._open_case()
    return authors


def _visits(stack: FaultyStack, writers: list[Writer]) -> list[tuple[str, Visit]]:
    """One second's worth, all kinds mixed."""
    stranger = stack.world.browser()
    login = dict(stranger.open("/login").form(field="mobile").values())
    client = stranger.client

    def log_in() -> httpx.Response:
        return client.post("/login", data={**login, "mobile": "13900000000", "password": "not the password"})

    pages = ["/", "/notices", "/login", "/certificates", "/staff/login", "/messages", "/results", "/showcase"]
    visits: list[tuple[str, Visit]] = [(f"GET {page}", partial(client.get, page)) for page in pages]
    visits += [("POST /login", log_in)]
    for writer in writers:
        visits += [("POST /cases/…/sheet", writer.save), ("GET /reports/…", writer.read)]
    return visits


# How programs are ended


def _assert_ended_well(stack: FaultyStack, took: dict[str, tuple[int, float]]) -> None:
    for name, (code, seconds) in took.items():
        sys.stdout.write(f"{name:20} exit code {code} after {seconds:.1f} s\n")
    assert {name: code for name, (code, _) in took.items()} == dict.fromkeys(stack.pids(), 0)
    assert max(seconds for _, seconds in took.values()) < SOON
    wait("rest", stack.rests, seconds=120)


def _end_all_while_authors_come(stack: FaultyStack) -> dict[str, tuple[int, float]]:
    book = Book()
    crowd = authors_of(stack, publish_campaign(stack), book, count=4, without=())
    with crowd.coming(pause=1.5):
        wait("a receipt", lambda: book.receipts, seconds=120)
        took = _end_all(stack)
        stack.command("up")
    return took


def _end_all(stack: FaultyStack) -> dict[str, tuple[int, float]]:
    """Exit code and seconds of each, those behind the pages first, so that the pages go on to give them work."""
    stack.command("stop", "keeper")
    names = sorted(stack.pids(), key=lambda name: name.endswith("-web"))
    return {name: _end(stack, name) for name in names}


def _end(stack: FaultyStack, name: str) -> tuple[int, float]:
    pid = stack.pids()[name]
    assert pid is not None, f"{name} does not run"
    began = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    while time.monotonic() < began + 60:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError(f"{name} does not end")
