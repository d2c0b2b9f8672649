"""What is turned away when too many come: measured on a process of given speed, on a clock of its own."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from shared.web.crowding import FORGOTTEN_AFTER, INTERVAL, Gate, Importance, Line, StandingWait

_, HANDING_IN, WORKING, BROWSING, SAVING = Importance
TARGET = 0.25
REFUSING = 0.02
"""How much of a page's work it takes to turn somebody away."""


@dataclass
class Process:
    """Serves ``speed`` requests a second, one after the other; the answer to who is turned away costs little."""

    speed: float
    now: float = 0.0
    free_at: float = 0.0
    came: Counter[Importance] = field(default_factory=Counter)
    let_in: Counter[Importance] = field(default_factory=Counter)
    waits: dict[Importance, list[float]] = field(default_factory=lambda: {each: [] for each in Importance})
    ahead: dict[str, list[int]] = field(default_factory=dict)
    """What each visitor in line was told, asking again and again."""
    entered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate(target=TARGET, clock=lambda: self.now)

    def serve(self, came_at: float, importance: Importance, visitor: str) -> float | None:
        """When a visitor in line asks again; None for everybody else."""
        self.now = max(came_at, self.free_at)
        self.gate.saw(self.now - came_at)
        turned = self.gate.turns_away(importance, visitor=visitor)
        self.came[importance] += visitor not in self.ahead
        self.free_at = self.now + (REFUSING if turned else 1.0) / self.speed
        if turned is None:
            self.let_in[importance] += 1
            self.waits[importance].append(self.free_at - came_at)
            self.entered.append(visitor)
        elif importance is BROWSING:
            self.ahead.setdefault(visitor, []).append(turned.ahead)
            return self.now + turned.retry_after
        return None

    def work_off(self, coming: list[tuple[float, Importance, str]], *, until: float) -> None:
        """Serve all who come, and those in line again when they ask again."""
        heapq.heapify(coming)
        while coming and coming[0][0] < until:
            at, importance, visitor = heapq.heappop(coming)
            if again := self.serve(at, importance, visitor):
                heapq.heappush(coming, (again, importance, visitor))

    def share(self, importance: Importance) -> float:
        return self.let_in[importance] / self.came[importance]


def arrivals(rate: float, seconds: float, chance: Random) -> Iterator[float]:
    at = 0.0
    while (at := at + chance.expovariate(rate)) < seconds:
        yield at


def crowd(rates: dict[Importance, float], *, seconds: float, speed: float = 100.0, until: float = 300.0) -> Process:
    """Everybody comes by chance, at these rates a second, whether or not others are served; who waits asks again."""
    chance, process = Random(4), Process(speed)
    process.work_off(
        [
            (at, each, f"{int(at * 1000):013d}-{each}-{number}")
            for each, rate in rates.items()
            for number, at in enumerate(arrivals(rate, seconds, chance))
        ],
        until=until,
    )
    return process


def test_below_capacity_nobody_is_turned_away() -> None:
    process = crowd({HANDING_IN: 5, WORKING: 30, BROWSING: 30, SAVING: 20}, seconds=300)
    assert process.let_in == process.came


def test_a_burst_that_is_worked_off_turns_nobody_away() -> None:
    process = Process(speed=100)
    for burst in range(20):
        for number in range(20):  # 0.2 s of work each second, all at once
            assert process.serve(float(burst), BROWSING, f"{burst:03d}-{number}") is None


def test_what_saves_itself_goes_first_and_is_enough() -> None:
    process = crowd({HANDING_IN: 10, WORKING: 30, BROWSING: 30, SAVING: 80}, seconds=300)
    assert process.share(SAVING) < 0.6
    assert min(process.share(HANDING_IN), process.share(WORKING)) == 1.0
    assert process.share(BROWSING) > 0.97
    assert process.let_in.total() > 0.8 * 300 * 100, "what could be served was not"


def test_then_browsing_and_handing_in_goes_on_as_if_nothing_were() -> None:
    process = crowd({HANDING_IN: 10, WORKING: 40, BROWSING: 120, SAVING: 80}, seconds=300)
    assert process.share(SAVING) < 0.1
    assert 0.15 < process.share(BROWSING) < 0.6
    assert process.share(WORKING) > 0.95
    assert process.share(HANDING_IN) == 1.0
    waits = sorted(process.waits[HANDING_IN])
    assert waits[len(waits) // 2] < 4 * TARGET
    assert process.let_in.total() > 0.7 * 300 * 100, "a good part of what can be done is telling the line its place"


def test_handing_in_is_turned_away_last_of_all() -> None:
    process = crowd({HANDING_IN: 150, WORKING: 50, BROWSING: 50, SAVING: 50}, seconds=300)
    assert 0.4 < process.share(HANDING_IN) < 0.9
    assert max(process.share(each) for each in (WORKING, BROWSING, SAVING)) < 0.1
    waits = sorted(process.waits[HANDING_IN])
    assert waits[len(waits) // 2] < 8 * TARGET, "those who are let in wait for those who are not"


def test_afterwards_all_are_welcome_again() -> None:
    process = crowd({HANDING_IN: 10, WORKING: 40, BROWSING: 120, SAVING: 80}, seconds=60, until=60)
    assert process.gate.shares[SAVING] < 0.5
    for _ in range(400):
        process.now += INTERVAL
        process.gate.saw(0.0)
        process.gate.turns_away(WORKING, visitor="x")
    assert set(process.gate.shares.values()) == {1.0}
    assert process.gate.waiting == 0
    assert process.gate.turns_away(SAVING, visitor="x") is None


def test_who_came_first_is_let_in_first_and_sees_the_line_before_them_shrink() -> None:
    process = crowd({BROWSING: 80}, seconds=60, speed=50, until=600)
    assert process.let_in == process.came, "somebody never got in"
    assert process.ahead, "nobody had to wait"
    for places in process.ahead.values():
        assert places == sorted(places, reverse=True)
    first_asked = [int(visitor[:13]) / 1000 for visitor in process.entered]
    overtaken = sum(later < sooner - 30 for sooner, later in itertools.pairwise(first_asked))
    assert overtaken < 0.02 * len(first_asked), "many were let in half a minute before those who had asked sooner"


def test_whoever_went_away_is_forgotten() -> None:
    line = Line()
    for number in range(5):
        line.place(f"{number}", at=0.0)
    assert line.place("4", at=30.0) == 4
    line.forget(at=FORGOTTEN_AFTER + 1)
    assert (line.place("4", at=FORGOTTEN_AFTER + 1), len(line)) == (0, 1)


def test_the_shortest_wait_is_forgotten_with_its_moment() -> None:
    wait = StandingWait()
    assert wait.shortest(at=0.0) == 0.0
    wait.saw(0.9, at=1.0)
    wait.saw(0.4, at=1.1)
    wait.saw(0.7, at=1.6)
    assert wait.shortest(at=1.7) == 0.4
    wait.saw(0.8, at=2.2)
    assert wait.shortest(at=2.3) == 0.7
    assert wait.shortest(at=9.0) == 0.0


def test_pages_are_told_to_save_less_often() -> None:
    assert Gate(target=TARGET, clock=lambda: 0.0).saves_every == 15
    some = crowd({HANDING_IN: 10, WORKING: 30, BROWSING: 30, SAVING: 80}, seconds=300).gate.saves_every
    assert 30 < some < 120
    assert crowd({HANDING_IN: 150, WORKING: 50}, seconds=30, until=30).gate.saves_every == 120
