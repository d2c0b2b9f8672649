"""Guessing is slowed down for who guesses, not for who knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.review import store
from shared.clock import FixedClock
from shared.identity.guessing import ALL_ADDRESSES, ONE_ADDRESS, Guessing, Tries
from shared.records import Database
from shared.trouble import Refused

NOON = datetime(2024, 10, 10, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_waits_grow_and_are_forgotten() -> None:
    tries = Tries(id="p")
    waits = []
    at = NOON
    for _ in range(9):
        at += tries.wait(at)
        tries.begin(at)
        waits.append(tries.wait(at) // MINUTE)
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 15]
    assert tries.wait(at + timedelta(hours=1)) == timedelta(0)
    tries.succeeded()
    assert tries.wait(at) == timedelta(0)


@pytest.fixture
def guessing(new_database: Callable[[str], Database]) -> Guessing:
    """Counts on a clock that stands still."""
    return store.guessing(new_database("review"), clock=FixedClock(NOON))


def guess(guessing: Guessing, times: int, source: str) -> int:
    """How many of these guesses are heard."""
    heard = 0
    for _ in range(times):
        try:
            guessing.begin("p", source=source)
        except Refused as refused:
            assert (refused.status, refused.retry_after) in {(429, 60), (429, 10)}
        else:
            heard += 1
    return heard


def test_a_stranger_shuts_out_himself_and_nobody_else(guessing: Guessing) -> None:
    assert guess(guessing, 8, "192.0.2.1") == ONE_ADDRESS.free
    guessing.begin("p", source="192.0.2.2")
    guessing.succeeded("p", source="192.0.2.2")
    assert guess(guessing, 1, "192.0.2.1") == 0
    assert guess(guessing, 8, "192.0.2.2") == ONE_ADDRESS.free


def test_many_strangers_slow_the_owner_down_by_a_minute_at_most(guessing: Guessing) -> None:
    heard = sum(guess(guessing, 5, f"192.0.2.{number}") for number in range(20))
    assert heard == ALL_ADDRESSES.free
    tries = Tries(id="p", failures=10_000, last_at=NOON)
    assert tries.wait(NOON, ALL_ADDRESSES) == MINUTE
