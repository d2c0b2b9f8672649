"""Clients of kafka-python: two may begin at once, and one that fails leaves nothing behind."""

from __future__ import annotations

import gc
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.messaging.kafka import KafkaBus
from shared.trouble import Away
from tests.conftest import setting

ATTEMPTS = 5


@pytest.mark.parametrize("place", ["classes", "readers"])
def test_two_clients_may_meet_an_answer_at_once(place: str) -> None:
    ended = two_clients(place, "ours")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(("place", "error"), [("classes", "ReferenceError"), ("readers", "TypeError")])
def test_plain_clients_never_read_that_answer_again(place: str, error: str) -> None:
    """When this fails, the client has been mended and ``make_all_answers`` may go."""
    ended = two_clients(place, "plain")
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith(error)


def two_clients(place: str, whose: str) -> subprocess.CompletedProcess[str]:
    """See tests/shared/two_clients.py."""
    command = [sys.executable, "-m", "tests.shared.two_clients", place, whose]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(params=["nothing listens", "nobody answers"])
def no_broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address without a Kafka."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if request.param == "nobody answers":
            server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


# A socket that was refused is not closed by the client, only collected.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda bus: bus.speaker("nobody"), id="speaker"),
        pytest.param(lambda bus: bus.listener("nobody", ["campaign"]), id="listener"),
        pytest.param(lambda bus: list(bus.records("campaign")), id="records"),
        pytest.param(lambda bus: bus.ping(), id="ping"),
    ],
)
def test_failed_attempts_leave_nothing_behind(
    no_broker: str, attempt: Callable[[KafkaBus], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "kafka")  # a log that is kept would keep errors, and with them their sockets
    bus = KafkaBus(no_broker, patience_ms=300)
    before = held()
    for _ in range(ATTEMPTS):
        assert "Unable to bootstrap" in refusal(attempt, bus)
    assert_nothing_grew(before)


def test_a_listener_without_topics_leaves_nothing_behind() -> None:
    bus = KafkaBus(setting("KAFKA_SERVERS"))
    before = held()
    for _ in range(ATTEMPTS):
        assert "no such topics yet" in refusal(lambda bus: bus.listener("nobody", ["no-such-topic"]), bus)
    assert_nothing_grew(before)


def refusal(attempt: Callable[[KafkaBus], object], bus: KafkaBus) -> str:
    """Why it failed; the error itself is gone, with all that it names."""
    try:
        attempt(bus)
    except Away as away:
        return str(away)
    return ""


def assert_nothing_grew(before: tuple[int, int]) -> None:
    """No thread is left, and fewer files than one for each attempt: the last one's sockets may not be collected yet."""
    threads, files = held()
    assert threads <= before[0]
    assert files < before[1] + ATTEMPTS


def held() -> tuple[int, int]:
    """Threads and open files. What only a cycle of exceptions still names is collected first, as it is now and then."""
    gc.collect()
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
