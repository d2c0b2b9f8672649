"""When everything is bad the listener stops itself; what is away costs no try; what waits in masses costs no time."""

from __future__ import annotations

import os
import time
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from shared.events.wire import Heard
from shared.messaging.breaker import Breaker
from shared.messaging.operators import Which
from shared.messaging.parking import IN_ORDER, ParkedRows
from shared.records.audit import AuditTrail
from shared.telemetry.metrics import BREAKER_OPEN, PARKED
from shared.trouble import Away
from tests.faults.diaries import TOPIC, Listening, a_bug, event, fine, places, subjects, tell

pytestmark = pytest.mark.usefixtures("logs")

BAD = "k07"
MANY = 100_000 if os.environ.get("ZHENGJI_LONG") else 10_000


# Everything is bad


def test_the_breaker_stops_the_listener_before_it_parks_the_topic_and_resumes_by_command(
    listening: Listening, logs: list[MutableMapping[str, Any]]
) -> None:
    listening.trouble = a_bug()
    listening.begin(breaker_limit=20)
    tell(listening.bus, 200, 1)
    listening.turn_until(lambda: listening.operator().breaker() is not None)
    assert [(line["log_level"], line["why"]) for line in logs if line["event"] == "breaker_opened"] == [
        ("error", "20 records in a row could not be taken")
    ]
    assert BREAKER_OPEN.labels("review")._value.get() == 1
    committed = listening.bus.committed(listening.group)
    for _ in range(5):
        listening.let_pass(timedelta(hours=1))
        listening.loops[0].step(wait=0.1)
    assert listening.waiting() == 20
    assert [row["tries"] for row in listening.parked.find()] == [1] * 20
    assert (committed, listening.bus.committed(listening.group)) == (20, 20)

    state = listening.operator().breaker()
    assert state is not None
    assert (state["error_class"], state["error"]) == ("ZeroDivisionError", "a bug")
    listening.trouble = fine
    canary = next(listening.parked.find())["_id"]
    listening.operator().replay_parked(Which(ids=(canary,)), why="is it mended?")
    listening.turn_until(lambda: listening.waiting() == 19)
    assert len(listening.effects) == 1, "while it stands still, only what was asked for is tried"

    assert listening.operator().resume(why="mended")
    assert not listening.operator().resume(why="mended")
    listening.let_pass(timedelta(hours=1))
    listening.turn_until(lambda: len(listening.effects) == 200)
    assert (listening.waiting(), listening.bus.committed(listening.group)) == (0, 200)
    assert [entry["what"] for entry in AuditTrail(listening.database).entries()] == ["恢复监听", "重新处理暂存事件"]
    assert BREAKER_OPEN.labels("review")._value.get() == 0


def test_the_breaker_survives_a_new_process_and_a_rebalance(listening: Listening) -> None:
    listening.trouble = a_bug()
    listening.begin(breaker_limit=5)
    tell(listening.bus, 40, 1)
    listening.turn_until(lambda: listening.operator().breaker() is not None)
    listening.leave(listening.loops[0])
    listening.trouble = fine
    fresh = [listening.begin(breaker_limit=5), listening.begin(breaker_limit=5)]
    listening.turn_until(lambda: all(places(loop) for loop in fresh))
    assert (listening.waiting(), listening.effects, listening.bus.committed(listening.group)) == (5, [], 5)
    canary = next(listening.parked.find())["_id"]
    listening.operator().replay_parked(Which(ids=(canary,)))
    listening.turn_until(lambda: len(listening.effects) == 1)
    listening.operator().resume()
    listening.let_pass(timedelta(hours=1))
    listening.turn_until(lambda: len(listening.effects) == 40)


def test_the_breaker_opens_when_more_than_half_is_bad(in_memory: Listening) -> None:
    def most_fail(heard: Heard) -> None:
        if int(heard.subject[1:]) % 3:
            raise ZeroDivisionError("a bug")

    in_memory.trouble = most_fail
    loop = in_memory.begin()
    tell(in_memory.bus, 300, 1)
    while loop.step():
        pass
    state = in_memory.operator().breaker()
    assert state is not None
    assert "of the last 100 records" in state["why"]
    assert in_memory.waiting() < 80


def test_a_queue_that_grows_without_end_stops_the_listener(in_memory: Listening) -> None:
    in_memory.trouble = a_bug(("hot", 1))
    loop = in_memory.begin(parked_limit=50)
    in_memory.bus.tell([event("hot", seq) for seq in range(1, 200)])
    while loop.step(most=20):
        pass
    state = in_memory.operator().breaker()
    assert state is not None
    assert (in_memory.waiting(), state["why"]) == (50, "50 records wait parked")
    assert PARKED.labels("review")._value.get() == 50


# A dependency is away


def test_an_hour_without_a_dependency_parks_nothing_and_spends_no_try(listening: Listening) -> None:
    def away(heard: Heard) -> None:
        raise Away("objects", "no answer")

    listening.trouble = a_bug((BAD, 1))
    loop = listening.begin()
    tell(listening.bus, 8, 2)
    listening.turn_until(lambda: listening.waiting() == 2 and len(listening.effects) == 14)
    before, committed = listening.rows_of(BAD), listening.bus.committed(listening.group)
    listening.trouble = away
    tell(listening.bus, 7, 2, since=3)
    paused = 0
    for _ in range(60):
        listening.let_pass(timedelta(minutes=1))
        try:
            loop.step(wait=0.1)
        except Away:
            paused += 1
    assert paused >= 50
    assert listening.rows_of(BAD) == before, "no row came, and none has one try more"
    assert listening.bus.committed(listening.group) == committed
    assert listening.operator().breaker() is None
    listening.trouble = fine
    listening.turn_until(lambda: len(listening.effects) == 8 * 2 + 7 * 2)
    assert all(listening.lines(subject) == [1, 2, 3, 4] for subject in subjects(7))
    assert listening.waiting() == 0


def test_mongodb_away_as_the_breaker_opens_loses_no_record(
    in_memory: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Breaker) -> None:
        raise Away("mongodb")

    in_memory.trouble = a_bug()
    loop = in_memory.begin(breaker_limit=5)
    tell(in_memory.bus, 40, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Breaker, "open", away)
        with pytest.raises(Away):
            loop.step()
    in_memory.trouble = fine
    in_memory.let_pass(timedelta(hours=1))
    loop.resume()
    in_memory.turn_until(lambda: len(in_memory.effects) == 40)


# A hundred thousand


@pytest.mark.parametrize("keys", [1, MANY // 10])
def test_many_parked_rows_cost_a_look_up_and_no_more(in_memory: Listening, keys: int) -> None:
    fill(in_memory, MANY, keys)
    everything = frozenset((TOPIC, number) for number in range(6))
    rows = ParkedRows(in_memory.database, in_memory.group, clock=in_memory.clock)
    asked = {
        "find": rows.due_query(everything, in_memory.clock()),
        "first": {"group": in_memory.group, "topic": TOPIC, "key": b"5"},
    }
    plan = in_memory.parked.find(asked["find"]).limit(200).explain()["executionStats"]
    assert plan["totalDocsExamined"] <= 200 and plan["totalKeysExamined"] <= 1000, plan
    first = in_memory.parked.find(asked["first"]).sort(IN_ORDER).limit(1).explain()["executionStats"]
    assert first["totalDocsExamined"] <= 1, first
    distinct = in_memory.database.db.command(
        "explain",
        {"distinct": "parked", "key": "key", "query": {**asked["first"], "key": {"$in": [b"0", b"5", b"x"]}}},
        verbosity="executionStats",
    )["executionStats"]
    assert distinct["totalDocsExamined"] == 0 and distinct["totalKeysExamined"] <= 10, distinct

    loop = in_memory.begin()
    in_memory.bus.tell([event("new", seq) for seq in range(1, 51)])
    began = time.monotonic()
    in_memory.turn_until(lambda: len(in_memory.effects) == 50)
    assert time.monotonic() - began < 10
    assert loop.step() == 0


def fill(listening: Listening, count: int, keys: int) -> None:
    """Rows as they stand after a bad day: nothing of them is due."""
    later = listening.clock() + timedelta(minutes=30)
    rows = [
        {
            "_id": f"{listening.group}/{TOPIC}/{number % keys % 6}/{number}",
            "group": listening.group, "epoch": 1, "topic": TOPIC, "partition": number % keys % 6, "offset": number,
            "key": str(number % keys).encode(), "keyless": False, "value": b"x" * 300, "headers": [],
            "error": "a bug", "error_class": "ZeroDivisionError", "trace": "", "tries": 3, "next_try": later,
            "parked_at": listening.clock(), "first_failed": listening.clock(), "last_failed": listening.clock(),
        }
        for number in range(count)
    ]  # fmt: skip
    for at in range(0, count, 10_000):
        listening.parked.insert_many(rows[at : at + 10_000], ordered=False)
