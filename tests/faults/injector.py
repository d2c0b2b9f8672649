"""Breaks one thing for a while, mends it, and says what could be seen of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults import cell
from tests.faults.breakable import BreakableStack
from tests.faults.history import History
from tests.faults.schedule import EVERY_BROKER, EVERY_MEMBER, EVERY_PROGRAM, OWN, PRIMARY, Kind, Strike

LONGEST_RECOVERY = 120.0
_LOOK = 0.1


class NotHealed(Exception):
    """What was broken did not come back by itself."""


class Injector:
    """Carries out strikes on one stack. Several may do so at the same time on different targets."""

    def __init__(self, stack: BreakableStack, history: History) -> None:
        self._stack = stack
        self._history = history

    def carry_out(self, strike: Strike) -> None:
        """Break, wait, mend, and see that everything answers again. NotHealed."""
        targets = self._targets(strike.target)
        fault = self._history.fault(strike.kind, targets[0] if strike.target == PRIMARY else strike.target)
        if strike.target == PRIMARY:
            fault.saw(f"{targets[0]} was primary")
        began = time.monotonic()
        with self._broken(strike, targets) as seen:
            time.sleep(strike.lasts)
            for words in seen():
                fault.saw(words)
        fault.ended()
        back = time.monotonic()
        for target in targets:
            self._wait_for([target], strike)
        fault.saw(f"answered {time.monotonic() - back:.1f} s after, {time.monotonic() - began:.1f} s in all")
        if strike.target == PRIMARY and (now := self._stack.primary()) != targets[0]:
            fault.saw(f"{now} is primary since")
        self._wait_for(EVERY_PROGRAM, strike)
        fault.recovered()

    def _targets(self, target: str) -> list[str]:
        if target == PRIMARY:
            return [self._stack.primary()]
        if target in (EVERY_BROKER, EVERY_MEMBER):
            return [f"{target}-{number}" for number in (1, 2, 3)]
        return [target]

    @contextmanager
    def _broken(self, strike: Strike, targets: Sequence[str]) -> Iterator[Callable[[], list[str]]]:
        """Inside the block it is broken; what it gives says what is seen of that."""
        ways = {
            Kind.KILL: self._killed,
            Kind.PAUSE: self._paused,
            Kind.RESTART: self._restarted,
            Kind.CUT: self._cut,
            Kind.DISK: self._full,
        }
        if strike.kind is Kind.CLOCK:
            with self._stepped(strike) as seen:
                yield seen
            return
        with ways[strike.kind](targets) as seen:
            yield seen

    @contextmanager
    def _killed(self, targets: Sequence[str]) -> Iterator[Callable[[], list[str]]]:
        pids = {name: self._stack.kill(name) for name in targets}
        yield lambda: [f"pid {pid} of {name} is gone" for name, pid in pids.items() if not _is_alive(pid)]
        self._start_again(targets)

    @contextmanager
    def _restarted(self, targets: Sequence[str]) -> Iterator[Callable[[], list[str]]]:
        took = []
        for name in targets:
            began = time.monotonic()
            self._stack.terminate(name)
            took.append(f"{name} ended {time.monotonic() - began:.1f} s after SIGTERM")
        yield lambda: took
        self._start_again(targets)

    def _start_again(self, targets: Sequence[str]) -> None:
        """Our own programs are started by the keeper, as in a cluster; a server by its operator, which is us."""
        for name in targets:
            if name not in OWN:
                self._stack.start_server(name)

    @contextmanager
    def _paused(self, targets: Sequence[str]) -> Iterator[Callable[[], list[str]]]:
        groups = [self._stack.pid(name) for name in targets]
        for group in groups:
            os.killpg(group, signal.SIGSTOP)
        try:
            yield lambda: [f"{name}: state {_state(pid)}" for name, pid in zip(targets, groups, strict=True)]
        finally:
            for group in groups:
                os.killpg(group, signal.SIGCONT)

    @contextmanager
    def _cut(self, targets: Sequence[str]) -> Iterator[Callable[[], list[str]]]:
        rules = [rule for name in targets for rule in self._rules(name)]
        subprocess.run(["nft", "-f", "-"], input="\n".join(rules), text=True, check=True)
        comments = {f"cut {name}" for name in targets}
        try:
            yield lambda: [f"{_dropped(comments)} packets dropped"]
        finally:
            for handle in _handles(comments):
                subprocess.run(["nft", "delete", "rule", "inet", "cuts", "out", "handle", str(handle)], check=True)

    def _rules(self, name: str) -> Iterator[str]:
        """Nothing that the program sends leaves it, nothing that is sent to its ports arrives."""
        end = f'counter drop comment "cut {name}"'
        yield f"add rule inet cuts out meta skgid {cell.group_of(name)} {end}"
        for port in self._stack.ports_of(name):
            yield f"add rule inet cuts out tcp dport {port} {end}"
            yield f"add rule inet cuts out tcp sport {port} {end}"

    @contextmanager
    def _full(self, targets: Sequence[str]) -> Iterator[Callable[[], list[str]]]:
        fillers = [self._stack.places.data(name) / "filler" for name in targets]
        for filler in fillers:
            _fill(filler)

        def seen() -> list[str]:
            free = [os.statvfs(filler.parent).f_bavail for filler in fillers]
            ended = [name for name in targets if self._stack.running(name) is None]
            return [f"{sum(free)} blocks free", *(f"{name} ended" for name in ended)]

        try:
            yield seen
        finally:
            for filler in fillers:
                filler.unlink()
        for name in targets:
            if not self._stack.answers(name):
                self._stack.restart_server(name)  # a person frees the disk and starts it again

    @contextmanager
    def _stepped(self, strike: Strike) -> Iterator[Callable[[], list[str]]]:
        cell.step(self._stack.cells, strike.target, strike.by)
        try:
            yield lambda: [f"its clock shows {self._stack.clock_error(strike.target):+.0f} s"]
        finally:
            cell.step(self._stack.cells, strike.target, 0.0)

    def _wait_for(self, names: Sequence[str], strike: Strike) -> None:
        """Until each of them answers."""
        deadline = time.monotonic() + LONGEST_RECOVERY
        while silent := next((name for name in names if not self._stack.answers(name)), ""):
            if time.monotonic() > deadline:
                raise NotHealed(f"{strike}: {silent} does not answer within {LONGEST_RECOVERY:.0f} s")
            time.sleep(_LOOK)


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and _state(pid) != "Z"


def _state(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"
    return stat[stat.rindex(")") + 2]


def _fill(filler: Path) -> None:
    """Write until there is no room left."""
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def _listed() -> list[dict[str, object]]:
    printed = subprocess.run(["nft", "-j", "list", "chain", "inet", "cuts", "out"], capture_output=True, check=True)
    return [each["rule"] for each in json.loads(printed.stdout)["nftables"] if "rule" in each]


def _handles(comments: set[str]) -> list[object]:
    return [rule["handle"] for rule in _listed() if rule.get("comment") in comments]


def _dropped(comments: set[str]) -> int:
    parts = [part for rule in _listed() if rule.get("comment") in comments for part in rule["expr"]]  # type: ignore[attr-defined]
    return sum(part["counter"]["packets"] for part in parts if "counter" in part)
