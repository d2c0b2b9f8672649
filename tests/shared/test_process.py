"""How loops are turned: at rest they rest longer and longer, at work they do not rest."""

from __future__ import annotations

import threading

import pytest

from shared.process import Loop, _not_given_back, _turn
from shared.telemetry.health import Heartbeat
from shared.trouble import Away


class Stop(threading.Event):
    """Nobody waits: how long one would is written down, and the loop is stopped after the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        """No time passes."""
        self.rests.append(timeout or 0.0)
        return self.is_set()


def rests(loop_idle: float, longest_idle: float, steps: list[bool | Exception]) -> list[float]:
    """How long a loop rests between steps with these outcomes."""
    stop, left = Stop(), list(steps)

    def step() -> bool:
        outcome = left.pop(0)
        if not left:
            stop.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    _turn(Loop("loop", step, idle=loop_idle, longest_idle=longest_idle), stop, threading.Event(), Heartbeat(60))
    return stop.rests


def test_a_loop_with_nothing_to_do_rests_longer_up_to_a_limit() -> None:
    assert rests(0.1, 0.3, [False] * 5) == pytest.approx([0.1, 0.15, 0.225, 0.3, 0.3])


def test_work_makes_the_rests_short_again_and_is_not_rested_after() -> None:
    assert rests(0.1, 0.3, [False, False, True, True, False]) == pytest.approx([0.1, 0.15, 0.1])


def test_without_a_limit_of_its_own_a_loop_rests_alike_each_time() -> None:
    assert rests(0.5, 0.0, [False] * 3) == [0.5, 0.5, 0.5]


def test_a_dependency_that_is_away_has_pauses_of_its_own() -> None:
    assert rests(0.1, 0.3, [False, Away("kafka"), Away("kafka"), False]) == pytest.approx([0.1, 0.2, 0.4, 0.15])


def test_what_several_loops_hold_is_put_back_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def meet() -> None:
        both.wait()

    def away() -> None:
        raise Away("mongodb")

    loops = [
        Loop("one", bool, give_back=meet),
        Loop("other", bool, give_back=meet),
        Loop("unlucky", bool, give_back=away),
        Loop("holds something and cannot", bool),
    ]
    assert _not_given_back(loops) == ["holds something and cannot", "unlucky"]


def test_nobody_waits_for_ever_for_what_cannot_be_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.process.LONGEST_GIVING_BACK", 0.05)
    over = threading.Event()

    def stuck() -> None:
        over.wait(30)

    assert _not_given_back([Loop("stuck", bool, give_back=stuck)]) == ["stuck"]
    over.set()
