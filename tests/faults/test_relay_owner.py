"""A relay that was paused past its lease: its repeats change nothing, nothing is skipped, every state ends right."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.events.wire import Message
from shared.messaging.comparing import Comparison, Difference
from shared.messaging.kafka import KafkaBus
from shared.messaging.memory import MemoryBus, MemorySpeaker
from shared.messaging.relay import Relay
from shared.messaging.states import States
from shared.records import Database, Records
from tests.conftest import setting
from tests.faults.boards import TOPIC, Board, boards, followed, told_of
from tests.faults.relay_owner import LEASE_SECONDS, POINTS

SECONDS = 60


def until(done: Callable[[], object], *, seconds: float = SECONDS) -> None:
    """Ask again and again, but not for ever."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "not reached"
        time.sleep(0.02)


@dataclass
class Paused:
    """The owner, in a process that has stopped itself with a board's first state on its way."""

    process: subprocess.Popen[str]
    database: Database
    bus: KafkaBus
    board: str
    kept: Records[Board]

    def successor(self) -> Relay:
        """Another relay of the same service, which takes over when the lease has run out."""
        return Relay(self.database, self.bus, lease_seconds=LEASE_SECONDS, settle=0)

    def go_on(self) -> str:
        """Continue it, and see it come to its end."""
        self.process.send_signal(signal.SIGCONT)
        said, _ = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, said
        return said


@pytest.fixture
def pause_at(new_database: Callable[[str], Database]) -> Iterator[Callable[..., Paused]]:
    """Starts an owner that stops itself at a point."""
    started: list[subprocess.Popen[str]] = []
    bus = KafkaBus(setting("KAFKA_SERVERS"))
    bus.ensure_topics(partitions=3)

    def start(point: str, *rest: str) -> Paused:
        database = new_database("review")
        kept = boards(database)
        database.ensure_outbox_indexes()
        States(database).ensure_indexes()
        board = f"board-{uuid.uuid4().hex[:8]}"
        kept.create(Board(id=board))
        kept.change(board, Board.write)
        prefix = database.db.name.removesuffix("_review")
        command = (sys.executable, "-m", "tests.faults.relay_owner", point, prefix)
        process = subprocess.Popen(
            [*command, setting("MONGO_URI"), setting("KAFKA_SERVERS"), *rest],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        until(lambda: _is_stopped(process))
        return Paused(process, database, bus, board, kept)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


class SilentBus(MemoryBus):
    """Its speakers take records and say nothing until ``answer`` is set; ``real`` is the same broker, and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.real = MemoryBus()
        self.asked, self.answer = threading.Event(), threading.Event()

    def speaker(self, name: str) -> MemorySpeaker:
        """A speaker that waits."""
        return _SilentSpeaker(self)


class _SilentSpeaker(MemorySpeaker):
    def __init__(self, bus: SilentBus) -> None:
        super().__init__(bus.real)
        self._silent = bus

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:
        self._silent.asked.set()
        assert self._silent.answer.wait(SECONDS)
        return super().tell(messages, patience=patience)


def _is_stopped(process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, process.communicate()[0]
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _take_over(paused: Paused) -> Relay:
    """The successor tells what was on its way, and two newer states."""
    relay = paused.successor()
    told = 0

    def telling() -> bool:
        nonlocal told
        told += relay.step()
        return told >= 1

    if paused.database.db["boards"].count_documents({"outbox.0": {"$exists": True}}):
        until(telling)
    for _ in range(2):
        paused.kept.change(paused.board, Board.write)
        until(relay.step)
    return relay


def _ours(comparison: Comparison) -> list[Difference]:
    """On a shared Kafka the topic holds other tests' boards, which this database never told."""
    return [each for each in comparison.differences(TOPIC) if each.can_be_mended]


def _settled(database: Database) -> bool:
    return not database.db["doubts"].count_documents({})


@pytest.mark.parametrize("point", POINTS)
def test_the_owner_is_paused_past_its_lease_and_continued(pause_at: Callable[..., Paused], point: str) -> None:
    paused = pause_at(point)
    relay = _take_over(paused)
    said = paused.go_on()
    until(lambda: relay.step() or _settled(paused.database))
    told = told_of(paused.bus, paused.board)
    assert followed(told) == [1, 2, 3]
    assert told[-1] == 3, f"the topic ends with an old state: {told}"
    assert paused.kept.get(paused.board).written == 3
    outboxes = [row["outbox"] for row in paused.database.db["boards"].find()]
    assert outboxes == [[]]
    assert sorted(row["seq"] for row in paused.database.db["told_events"].find()) == [1, 2, 3]
    if point in ("leased", "handed over"):
        assert told == [1, 2, 3, 1, 3], "the pause was not where an old state goes out after a newer one"
    if point == "read":
        assert told == [1, 2, 3]
        assert "another relay took over" in said
    relay.close()


def test_the_owner_dies_right_after_it_told_an_old_state(pause_at: Callable[..., Paused]) -> None:
    paused = pause_at("handed over", "dies")
    relay = _take_over(paused)
    paused.go_on()
    assert told_of(paused.bus, paused.board) == [1, 2, 3, 1]
    assert _settled(paused.database), "it left a doubt: this is not the death that only a comparison finds"
    comparison = Comparison(paused.database, paused.bus)
    found = _ours(comparison)
    assert [(each.key, each.ends_with, each.newest) for each in found] == [(paused.board, "1/1", "1/3")]
    assert comparison.mend(found) == 1
    until(lambda: relay.step() or _settled(paused.database))
    assert told_of(paused.bus, paused.board) == [1, 2, 3, 1, 3]
    assert _ours(comparison) == []
    relay.close()


def test_a_lease_that_was_lost_and_taken_again_does_not_cover_what_was_read_under_the_first(
    pause_at: Callable[..., Paused],
) -> None:
    """The successor is gone when the paused owner goes on, so the lease is free; what it read is old all the same."""
    paused = pause_at("read")
    _take_over(paused).close()
    assert "another relay took over" in paused.go_on()
    assert told_of(paused.bus, paused.board) == [1, 2, 3]


def test_two_owners_in_turn_skip_nothing(new_database: Callable[[str], Database]) -> None:
    """Ten changes of owner while a board is written: each number is told, in order."""
    database = new_database("review")
    bus = KafkaBus(setting("KAFKA_SERVERS"))
    kept = boards(database)
    database.ensure_outbox_indexes()
    board = f"board-{uuid.uuid4().hex[:8]}"
    kept.create(Board(id=board))
    relays = [Relay(database, bus, lease_seconds=LEASE_SECONDS) for _ in range(2)]
    for turn in range(10):
        for _ in range(3):
            kept.change(board, Board.write)
        owner = relays[turn % 2]
        until(owner.step)
        owner._lease.release()
    assert told_of(bus, board) == list(range(1, 31))
    for relay in relays:
        relay.close()


def test_a_relay_left_behind_without_an_answer_gives_back_what_it_held(new_database: Callable[[str], Database]) -> None:
    """Its process must go while Kafka says nothing: the next owner begins at once, and tells the state once more."""
    database = new_database("review")
    kept = boards(database)
    database.ensure_outbox_indexes()
    States(database).ensure_indexes()
    kept.create(Board(id="board"))
    kept.change("board", Board.write)
    bus = SilentBus()
    left = Relay(database, bus)
    thread = threading.Thread(target=left.step)
    thread.start()
    assert bus.asked.wait(SECONDS)
    left.hurry()
    left.give_back()
    successor = Relay(database, bus.real, settle=4)
    assert successor.step() == 1, "the lease was not given back"
    kept.change("board", Board.write)
    assert successor.step() == 1
    bus.answer.set()  # only now does what it had sent arrive: an old state, after a newer one
    thread.join(SECONDS)
    assert told_of(bus.real, "board") == [1, 2, 1]
    until(lambda: successor.step() or told_of(bus.real, "board")[-1] == 2)
    assert kept.get("board").written == 2
    successor.close()
    left.close()
