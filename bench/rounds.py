"""Two ways of doing the same work in turn, A B A B …, and the ratio of their speeds round by round."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Ratio:
    """Speeds in units a second (medians) and their ratio: median, and the quartiles of the rounds."""

    name: str
    unit: str
    ours: float
    limit: float
    ratio: float
    low: float
    high: float

    def line(self) -> str:
        """One row of the table."""
        spread = f"{self.low:.2f}-{self.high:.2f}"
        return f"{self.name:34} {self.ours:10.1f} {self.limit:10.1f} {self.unit:10} {self.ratio:6.2f} {spread:>11}"


HEADING = f"{'':34} {'ours':>10} {'limit':>10} {'per second':10} {'ratio':>6} {'quartiles':>11}"


def _nothing(number: int) -> None:
    """No preparation."""


def side_by_side(
    name: str,
    unit: str,
    *,
    ours: Callable[[int], float],
    limit: Callable[[int], float],
    prepare: Callable[[int], None] = _nothing,
    rounds: int = ROUNDS,
) -> Ratio:
    """Run both ``rounds`` times in turn after one warm-up; each call is given its round and gives units done.

    ``prepare`` goes before each round and is not timed.
    """
    prepare(0)
    for work in (ours, limit):
        work(0)
    speeds: list[tuple[float, float]] = []
    for number in range(1, rounds + 1):
        prepare(number)
        speeds.append((_speed(ours, number), _speed(limit, number)))
    ratios = [a / b for a, b in speeds]
    low, _, high = statistics.quantiles(ratios, n=4)
    return Ratio(
        name,
        unit,
        statistics.median(a for a, _ in speeds),
        statistics.median(b for _, b in speeds),
        statistics.median(ratios),
        low,
        high,
    )


def _speed(work: Callable[[int], float], number: int) -> float:
    began = time.perf_counter()
    done = work(number)
    return done / (time.perf_counter() - began)


def in_threads(threads: int, items: list[str], act: Callable[[str], object]) -> float:
    """Do ``act`` on each item with so many threads; gives how many were done."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(act, items))
    return float(len(items))


def machine() -> str:
    """What else the machine was doing."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
