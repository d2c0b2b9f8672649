"""Only what we started is ever stopped."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from deploy.local.processes import Birth, Processes, birth_of
from deploy.local.trouble import CannotGoOn

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
STUBBORN = (
    sys.executable, "-u", "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)",
)  # fmt: skip
# Starts a child in a session of its own, as a program that forks does, and dies without taking it along.
ORPHANS = (
    sys.executable, "-c",
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " start_new_session=True)",
)  # fmt: skip


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path, tmp_path)
    yield made
    made.stop(made.names(), seconds=0)
    made.stop_strays()


def start(processes: Processes, name: str, command: tuple[str, ...], folder: Path) -> int:
    return processes.start(name, command, env=dict(os.environ), cwd=folder)


def eventually(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    return birth_of(pid) is not None


def test_what_was_started_is_stopped_and_forgotten(processes: Processes, tmp_path: Path) -> None:
    pid = start(processes, "sleeper", SLEEP, tmp_path)

    processes.stop(["sleeper"])

    assert not is_alive(pid)
    assert processes.names() == []


def test_starting_twice_starts_once(processes: Processes, tmp_path: Path) -> None:
    assert start(processes, "sleeper", SLEEP, tmp_path) == start(processes, "sleeper", SLEEP, tmp_path)


def test_a_program_deaf_to_sigterm_is_stopped_all_the_same(processes: Processes, tmp_path: Path) -> None:
    pid = start(processes, "stubborn", STUBBORN, tmp_path)
    eventually(lambda: "deaf" in (tmp_path / "stubborn.log").read_text())

    processes.stop(["stubborn"], seconds=0.2)

    eventually(lambda: not is_alive(pid))


@pytest.mark.parametrize(
    "earlier", [lambda birth: replace(birth, ticks=1), lambda birth: replace(birth, boot="another")]
)
def test_a_recycled_pid_is_never_touched(
    processes: Processes, tmp_path: Path, earlier: Callable[[Birth], Birth]
) -> None:
    with subprocess.Popen(SLEEP) as somebody_elses:
        birth = birth_of(somebody_elses.pid)
        assert birth is not None
        (tmp_path / "kafka.json").write_text(json.dumps(asdict(earlier(birth))))

        assert processes.pid("kafka") is None
        processes.stop(["kafka"], seconds=0)
        processes.stop_strays()

        assert somebody_elses.poll() is None
        assert processes.names() == []
        somebody_elses.kill()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "ticks": 2, "boot": "x", "more": 3}'])
def test_a_broken_pid_file_stops_nobody(processes: Processes, tmp_path: Path, text: str) -> None:
    (tmp_path / "kafka.json").write_text(text)

    assert processes.pid("kafka") is None
    processes.stop(["kafka"], seconds=0)


def test_children_that_outlive_their_program_are_found_by_their_mark(processes: Processes, tmp_path: Path) -> None:
    start(processes, "forker", ORPHANS, tmp_path)
    eventually(lambda: processes.pid("forker") is None)
    (orphan,) = processes.strays()

    processes.stop_strays()

    eventually(lambda: not is_alive(orphan))


def test_another_stacks_programs_are_no_strays_of_ours(processes: Processes, tmp_path: Path) -> None:
    start(processes, "sleeper", SLEEP, tmp_path)
    (tmp_path / "other").mkdir()

    assert Processes(tmp_path / "other", tmp_path).strays() == []


def test_a_program_that_ends_while_starting_is_said_with_its_log(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn) as caught:
        start(processes, "kafka", (sys.executable, "-c", "raise SystemExit(3)"), tmp_path)
        processes.wait_ready("kafka", lambda: False, seconds=20)

    log = tmp_path / "kafka.log"
    assert str(caught.value) == f"kafka ended while starting; the reason is at the end of {log}."


def test_a_program_that_is_never_ready_is_said_with_its_log(processes: Processes, tmp_path: Path) -> None:
    start(processes, "kafka", SLEEP, tmp_path)

    with pytest.raises(CannotGoOn) as caught:
        processes.wait_ready("kafka", lambda: False, seconds=0.2)

    assert str(caught.value) == f"kafka was not ready after 0 seconds; see {tmp_path / 'kafka.log'}."


FIRST_THREAD_GONE = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_who_has_lost_the_first_thread_lives_until_the_last_has_ended() -> None:
    with subprocess.Popen((sys.executable, "-c", FIRST_THREAD_GONE), stdin=subprocess.PIPE) as program:
        deadline = time.monotonic() + 20
        while _state(program.pid) != "Z":
            assert time.monotonic() < deadline, "the first thread does not end"
            time.sleep(0.01)
        assert birth_of(program.pid) is not None
        program.kill()
        program.wait()
    assert birth_of(program.pid) is None


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def test_the_dead_have_no_birth() -> None:
    with subprocess.Popen((sys.executable, "-c", "")) as short:
        short.wait()

    assert birth_of(short.pid) is None
    assert isinstance(birth_of(os.getpid()), Birth)
