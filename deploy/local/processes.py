"""Programs we start and stop: remembered by pid and start time, so that nobody else's is ever stopped."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.trouble import ended_early, not_ready

# Every program of a stack carries this in its environment, and so does everything it starts.
MARK = "ZHENGJI_STACK_MARK"


@dataclass(frozen=True)
class Birth:
    """What tells a process from a later one with the same pid: when it started, in which boot of the machine."""

    pid: int
    ticks: int
    boot: str


def birth_of(pid: int) -> Birth | None:
    """The birth of a live process; None when there is none.

    A zombie is dead, but not while threads of it go on: a server on its way out may hold its port and its lock file
    for seconds after its first thread has ended.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, *fields = stat[stat.rindex(")") + 2 :].split()  # from field 3 on, man 5 proc: 20 num_threads, 22 starttime
    return None if state in "ZX" and int(fields[16]) < 2 else Birth(pid=pid, ticks=int(fields[18]), boot=boot)


class Processes:
    """The programs of one stack, by name, with their pid files in one folder."""

    def __init__(self, run: Path, log: Path) -> None:
        self._run = run
        self._log = log
        self._children: list[subprocess.Popen[bytes]] = []

    def names(self) -> list[str]:
        return sorted(file.stem for file in self._run.glob("*.json"))

    def pid(self, name: str) -> int | None:
        """The pid of our running program, or None when it does not run (any more)."""
        file = self._run / f"{name}.json"
        try:
            remembered = Birth(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return remembered.pid if birth_of(remembered.pid) == remembered else None

    def start(self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> int:
        """Start a program in a session of its own, its output in the log folder; returns the pid."""
        running = self.pid(name)
        if running is not None:
            return running
        with self._log_of(name).open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in command],
                env={**env, MARK: str(self._run)},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children.append(process)
        birth = birth_of(process.pid)
        if birth is None:
            raise ended_early(name, str(self._log_of(name)))
        (self._run / f"{name}.json").write_text(json.dumps(asdict(birth)))
        return process.pid

    def wait_ready(self, name: str, ready: Callable[[], bool], *, seconds: float) -> None:
        """Ask `ready` until it says yes; raises CannotGoOn when the program ends or takes too long."""
        log = str(self._log_of(name))
        deadline = time.monotonic() + seconds
        while not ready():
            self.reap()
            if self.pid(name) is None:
                raise ended_early(name, log)
            if time.monotonic() > deadline:
                raise not_ready(name, seconds, log)
            time.sleep(0.1)

    def stop(self, names: Sequence[str], *, seconds: float = 15) -> None:
        """Ask our programs to end, insist after `seconds`, and forget them; what is not ours is not touched."""
        ours = {name: pid for name in names if (pid := self.pid(name)) is not None}
        for pid in ours.values():
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while any(self.pid(name) for name in ours) and time.monotonic() < deadline:
            self.reap()
            time.sleep(0.05)
        for name, pid in ours.items():
            if self.pid(name) == pid:
                _signal_group(pid, signal.SIGKILL)
        for name in names:
            (self._run / f"{name}.json").unlink(missing_ok=True)

    def rename(self, name: str, to: str) -> None:
        """Remember a program under another name from now on."""
        (self._run / f"{name}.json").replace(self._run / f"{to}.json")

    def _log_of(self, name: str) -> Path:
        """Programs whose names differ only behind a dot, such as a successor's, write one log."""
        return self._log / f"{name.partition('.')[0]}.log"

    def strays(self) -> list[int]:
        """Processes that carry our mark but no pid file: children that outlived the program that started them."""
        known = {self.pid(name) for name in self.names()}
        return [pid for pid in _all_pids() if pid not in known and _mark_of(pid) == str(self._run)]

    def stop_strays(self, *, seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while (strays := self.strays()) and time.monotonic() < deadline:
            for pid in strays:
                _signal(pid, signal.SIGTERM)
            self.reap()
            time.sleep(0.1)
        for pid in self.strays():
            _signal(pid, signal.SIGKILL)
        self.reap()

    def reap(self) -> None:
        """Collect our own ended children, which otherwise stay as zombies until this command ends."""
        self._children = [child for child in self._children if child.poll() is None]


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _mark_of(pid: int) -> str | None:
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    prefix = f"{MARK}=".encode()
    return next((os.fsdecode(line[len(prefix) :]) for line in environ.split(b"\0") if line.startswith(prefix)), None)


def _signal(pid: int, which: signal.Signals) -> None:
    try:
        os.kill(pid, which)
    except ProcessLookupError:
        return


def _signal_group(pid: int, which: signal.Signals) -> None:
    try:
        os.killpg(pid, which)
    except ProcessLookupError:
        return
