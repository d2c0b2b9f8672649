"""What one request of each kind costs the platform: seconds of processor time, by part, until its work is through."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.deadline.costs import Effort
from tests.journeys.faulty import FaultyStack, wait

_TICKS = os.sysconf("SC_CLK_TCK")


def part_of(program: str) -> str:
    """Which part of the platform a program belongs to."""
    named = {"mongodb": "MongoDB", "kafka": "Kafka", "minio": "MinIO", "door": "door"}
    for name, part in named.items():
        if program.startswith(name):
            return part
    if program.endswith("-web"):
        return "web"
    return "workers" if "-" in program else "mail"


class Meter:
    """Reads how long the programs of a stack have worked so far."""

    def __init__(self, stack: FaultyStack) -> None:
        self._groups = {pid: part_of(name) for name, pid in stack.programs().items()}

    def read(self) -> Effort:
        """Seconds since each program began."""
        found: dict[str, float] = defaultdict(float)
        for group, seconds in _of_each_group():
            if part := self._groups.get(group):
                found[part] += seconds
        own = os.times()
        found["client"] = own.user + own.system
        return found

    def idle(self, seconds: float) -> Mapping[str, float]:
        """Seconds of work a second while nobody comes."""
        before = self.read()
        time.sleep(seconds)
        after = self.read()
        return {part: (after[part] - before.get(part, 0.0)) / seconds for part in after}

    @contextmanager
    def metering(self, into: dict[str, float], *, idle: Mapping[str, float]) -> Iterator[None]:
        """Add what the block costs above what nothing costs."""
        before, began = self.read(), time.monotonic()
        yield
        after, lasted = self.read(), time.monotonic() - began
        for part in after:
            into[part] += max(0.0, after[part] - before.get(part, 0.0) - idle.get(part, 0.0) * lasted)


def each(meter: Meter, stack: FaultyStack, act: Callable[[int], object], *, times: int) -> Effort:
    """The mean effort of one, everything that follows from it included."""
    idle = meter.idle(5)
    found: dict[str, float] = defaultdict(float)
    with meter.metering(found, idle=idle):
        for number in range(times):
            act(number)
        wait("rest", stack.rests, seconds=120, every=0.5)
    return {part: seconds / times for part, seconds in found.items()}


def _of_each_group() -> Iterator[tuple[int, float]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            behind = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue  # it has ended
        yield int(behind[2]), sum(int(each) for each in behind[11:15]) / _TICKS
