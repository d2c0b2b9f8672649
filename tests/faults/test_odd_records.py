"""Whatever stands on a topic has a fate: no record stops the listener, and none is lost without a row."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.events.wire import STRUCTURED, Heard, Message
from shared.messaging import hearing, parking
from shared.messaging.kafka import KafkaBus
from shared.messaging.operators import Which
from shared.messaging.relay import Relay
from shared.records import Database
from shared.records.audit import AuditTrail
from shared.trouble import Unreadable
from tests.conftest import setting
from tests.faults.diaries import NOON, TOPIC, Listening, OwnMemory, event
from tests.faults.own_topics import OwnTopics

pytestmark = pytest.mark.usefixtures("logs")

KEY = b"k1"
GOOD = event("k1", 1)


def with_body(**change: Any) -> Message:
    """A good record whose body says something else; headers as they were."""
    body = {**json.loads(GOOD.value or b""), **change}
    return Message(TOPIC, KEY, json.dumps({k: v for k, v in body.items() if v is not ...}).encode(), GOOD.headers)


def bare(value: bytes | None, key: bytes | None = None) -> Message:
    """A record without headers."""
    return Message(TOPIC, key, value)


def without_key(message: Message) -> Message:
    return Message(message.topic, None, message.value, message.headers)


DEEP = b"[" * 200_000
LARGE = b'{"type": "' + b"x" * 900_000 + b'"}'
BODY = GOOD.value or b""

FATES: dict[str, tuple[Message, str]] = {
    "a good one": (GOOD, "done"),
    "headers missing, the body says it all": (bare(BODY, KEY), "done"),
    "no key, a readable subject": (without_key(GOOD), "done"),
    "an empty key": (Message(TOPIC, b"", BODY, GOOD.headers), "done"),
    "a header twice": (Message(TOPIC, KEY, BODY, (*GOOD.headers, *GOOD.headers)), "done"),
    "a header without a value": (Message(TOPIC, KEY, BODY, (*GOOD.headers, ("x", b""))), "done"),
    "a field more than known": (with_body(later="yes"), "done"),
    "a type nobody here hears": (Message(TOPIC, KEY, b"{}", (("ce_type", b"cn.example.unknown"),)), "passed over"),
    "an unknown type in the body alone": (bare(b'{"type": "cn.example.unknown"}', KEY), "passed over"),
    "large, of a type nobody hears": (bare(LARGE, KEY), "passed over"),
    "no JSON, with a key": (bare(b"\xff\xfe", KEY), "parked"),
    "no JSON, with good headers": (Message(TOPIC, KEY, b"{", GOOD.headers), "parked"),
    "no JSON and no key, but a subject in the headers": (Message(TOPIC, None, b"{", GOOD.headers), "parked"),
    "a key that is no text": (Message(TOPIC, b"\xff\xfe", BODY, GOOD.headers), "parked"),
    "a tombstone, where there are none": (Message(TOPIC, KEY, None, GOOD.headers), "parked"),
    "a tombstone without headers": (bare(None, KEY), "parked"),
    "an empty value": (bare(b"", KEY), "parked"),
    "a list": (bare(b"[]", KEY), "parked"),
    "brackets without end": (bare(DEEP, KEY), "parked"),
    "brackets without end behind good headers": (Message(TOPIC, KEY, DEEP, GOOD.headers), "parked"),
    "a time without a zone": (with_body(time="2024-10-10T04:00:00"), "parked"),
    "no time": (with_body(time=...), "parked"),
    "no subject": (with_body(subject=...), "parked"),
    "a seq that is no number": (with_body(seq=[]), "parked"),
    "a seq that is null": (with_body(seq=None), "parked"),
    "a seq beyond all numbers": (with_body(seq=2**70), "parked"),
    "no data": (with_body(data=None), "parked"),
    "data of another form": (with_body(data={"case_id": 1}), "parked"),
    "large and no JSON": (bare(LARGE[:-1], KEY), "parked"),
    "no key and no JSON": (bare(b"not json"), "dead"),
    "no key and no subject": (bare(b'{"specversion": "1.0"}'), "dead"),
    "no key and a subject that is no text": (bare(b'{"subject": 7}'), "dead"),
    "nothing at all": (bare(None), "dead"),
    "brackets without end and no key": (bare(DEEP), "dead"),
    "large, no key, no JSON": (bare(LARGE[:-1]), "dead"),
}


def fate_of(listening: Listening) -> str:
    """Where a record ended: exactly one of these holds."""
    counts = {
        "done": len(listening.effects),
        "parked": listening.waiting(),
        "dead": listening.dead.count_documents({}),
    }
    (ends,) = [[end for end, count in counts.items() if count]]
    assert len(ends) <= 1
    return ends[0] if ends else "passed over"


@pytest.mark.parametrize("name", FATES)
def test_fate(in_memory: Listening, name: str) -> None:
    message, fate = FATES[name]
    in_memory.bus.tell([message])
    assert in_memory.begin().step() == 1
    assert fate_of(in_memory) == fate
    assert in_memory.bus.committed(in_memory.group) == 1


def test_all_of_them_on_the_real_kafka_and_what_follows_is_heard(
    own_topics: OwnTopics, new_database: Callable[[str], Database]
) -> None:
    listening = Listening(new_database("review"), own_topics)
    fates = [(message, fate) for message, fate in FATES.values() if message.key or message.value is not None]
    bad = [message for message, fate in fates if fate != "done"]  # a record of nothing only other clients can write
    own_topics.tell([*bad, *(event(f"later{number}", 1) for number in range(30))])
    listening.begin(breaker_limit=1000)
    listening.turn_until(lambda: len(listening.effects) == 30)
    listening.turn_until(lambda: own_topics.committed(listening.group) == len(bad) + 30)
    dead = [message.value for message, fate in fates if fate == "dead"]
    assert sorted(row["value"] or b"" for row in listening.dead.find()) == sorted(value or b"" for value in dead)
    parked = [message.value for message, fate in fates if fate == "parked"]
    assert sorted(row["value"] or b"" for row in listening.parked.find()) == sorted(value or b"" for value in parked)
    listening.close()


def test_a_row_keeps_all_that_is_needed_to_understand_it(in_memory: Listening) -> None:
    def fail(heard: Heard) -> None:
        raise ZeroDivisionError("a bug")

    in_memory.trouble = fail
    loop = in_memory.begin()
    in_memory.bus.tell([GOOD])
    loop.step()
    in_memory.let_pass(timedelta(seconds=11))
    loop.step()
    (row,) = in_memory.parked.find()
    headers = tuple((name, value) for name, value in row.pop("headers"))
    trace = row.pop("trace")
    partition = next(iter(in_memory.bus.records(TOPIC))).partition
    assert headers == GOOD.headers and ("content-type", STRUCTURED) in headers
    assert trace.startswith("Traceback") and "in fail" in trace and len(trace) <= 4000
    assert row == {
        "_id": f"{in_memory.group}/{TOPIC}/{partition}/0",
        "group": in_memory.group,
        "epoch": 1,
        "topic": TOPIC,
        "partition": partition,
        "offset": 0,
        "key": KEY,
        "keyless": False,
        "value": GOOD.value,
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "error_class": "ZeroDivisionError",
        "error": "a bug",
        "tries": 2,
        "parked_at": NOON,
        "first_failed": NOON,
        "last_failed": NOON + timedelta(seconds=11),
        "next_try": NOON + timedelta(seconds=31),
    }


def test_an_error_of_any_length_fits_its_row(in_memory: Listening) -> None:
    def fail(heard: Heard) -> None:
        raise ValueError("\ud800" + "x" * 3_000_000)

    in_memory.trouble = fail
    in_memory.bus.tell([GOOD])
    in_memory.begin().step()
    (row,) = in_memory.parked.find()
    assert (len(row["error"]), len(row["trace"])) == (2000, 4000)


@pytest.mark.parametrize("key", [KEY, None])
def test_a_record_larger_than_a_row_is_kept_in_part_and_said_to_be(in_memory: Listening, key: bytes | None) -> None:
    value = b"x" * (17 * 1024 * 1024)
    in_memory.bus.tell([bare(value, key), event("k1", 1), event("k2", 1)])
    loop = in_memory.begin()
    loop.step()
    rows = list((in_memory.parked if key else in_memory.dead).find({"cut": {"$exists": True}}))
    assert [(len(row["value"]), row["cut"]["bytes"]) for row in rows] == [(64 * 1024, len(value))]
    if key:
        in_memory.let_pass(timedelta(seconds=11))
        loop.step()
        (row, behind) = in_memory.rows_of("k1")
        assert (row["error_class"], row["tries"], behind["tries"]) == ("TooLarge", 2, 0)
        in_memory.operator().drop_parked(Which(ids=(row["_id"],)), why="never ours")
        in_memory.turn_until(lambda: in_memory.waiting() == 0)
    else:
        assert in_memory.operator().replay_dead(Which())[0].rows == 0
    assert sorted(in_memory.effects) == [("k1", 1), ("k2", 1)]


def test_records_without_a_key_queue_by_their_subject(in_memory: Listening) -> None:
    def fail(heard: Heard) -> None:
        if heard.subject == "a":
            raise ZeroDivisionError("a bug")

    in_memory.trouble = fail
    loop = in_memory.begin()
    in_memory.bus.tell([without_key(event(subject, seq)) for seq in (1, 2) for subject in "ab"])
    loop.step()
    assert [row["key"] for row in in_memory.parked.find()] == [b"a", b"a"]
    in_memory.trouble = lambda heard: None
    in_memory.let_pass(timedelta(seconds=11))
    loop.step()
    assert (in_memory.lines("a"), in_memory.lines("b")) == ([1, 2], [1, 2])


def test_after_a_restore_a_new_record_at_an_old_place_is_another_record(in_memory: Listening) -> None:
    def fail(heard: Heard) -> None:
        raise ZeroDivisionError("a bug")

    in_memory.trouble = fail
    in_memory.bus.tell([event("k1", 1)])
    in_memory.begin().step()
    in_memory.close()
    in_memory.database.raise_epoch()
    in_memory.bus = OwnMemory()  # an empty stack: offsets begin anew
    in_memory.bus.tell([event("k1", 2)])
    loop = in_memory.begin()
    loop.step()
    assert [row["_id"].partition("@")[2] for row in in_memory.parked.find().sort("epoch", 1)] == ["", "2"]
    in_memory.trouble = lambda heard: None
    in_memory.let_pass(timedelta(hours=1))
    loop.step()
    assert in_memory.lines("k1") == [1, 2]


def test_a_type_that_is_heard_no_longer_leaves_its_queue(in_memory: Listening) -> None:
    loop = in_memory.begin()
    in_memory.trouble = lambda heard: 1 // 0  # type: ignore[assignment]  # fails at every event
    in_memory.bus.tell([event("k1", 1)])
    loop.step()
    loop._reactions.clear()
    in_memory.let_pass(timedelta(seconds=11))
    loop.step()
    assert in_memory.waiting() == 0


# Dead records


def test_whatever_is_dead_can_be_told_on_the_dead_topic(
    in_memory: Listening, new_database: Callable[[str], Database]
) -> None:
    """A record that the broker will not take would keep the relay from telling anything."""
    records = [
        bare(None),
        bare(LARGE[:-1]),
        bare(b"x" * (17 * 1024 * 1024)),
        Message(TOPIC, None, b"{", (("a", b"x" * 600_000), ("b", b"y" * 600_000))),
    ]
    in_memory.bus.tell(records)
    in_memory.begin().step()
    assert in_memory.dead.count_documents({}) == len(records)
    kafka = KafkaBus(setting("KAFKA_SERVERS"))
    kafka.ensure_topics(partitions=3)
    relay = Relay(in_memory.database, kafka)
    in_memory.database.ensure_outbox_indexes()
    relay.step()
    relay.close()
    assert in_memory.dead.count_documents({"told_dead": True}) == len(records)


def dead_and_then_readable(listening: Listening, monkeypatch: pytest.MonkeyPatch, *messages: Message) -> None:
    """Records that the version of yesterday could make nothing of."""

    def unreadable(message: Message) -> Any:
        raise Unreadable("a form not known yet")

    with monkeypatch.context() as patch:
        patch.setattr(hearing, "type_of", unreadable)
        patch.setattr(parking, "subject_of", lambda message: None)
        listening.bus.tell(messages)
        listening.begin().step()
    assert listening.dead.count_documents({"asked": {"$exists": False}}) == len(messages)


def test_a_dead_record_is_taken_when_somebody_asks_once_it_can_be_read(
    in_memory: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead_and_then_readable(in_memory, monkeypatch, without_key(event("k1", 1)), bare(b"not json"))
    loop = in_memory.loops[0]
    loop.step()
    assert in_memory.effects == [], "nobody asked"
    assert in_memory.operator().replay_dead(Which(), why="new version")[0].rows == 2
    assert in_memory.operator().replay_dead(Which(), why="new version")[0].rows == 0, "asked for already"
    loop.step()
    assert in_memory.lines("k1") == [1]
    (row,) = in_memory.dead.find()
    assert (row["value"], row["tries"], row["error_class"], "asked" in row) == (b"not json", 2, "Unreadable", False)
    assert [entry["what"] for entry in AuditTrail(in_memory.database).entries()] == ["重新处理死信"]


def test_a_dead_record_that_is_behind_the_times_changes_nothing(
    in_memory: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead_and_then_readable(in_memory, monkeypatch, without_key(event("k1", 1)))
    in_memory.bus.tell([event("k1", 2)])
    in_memory.loops[0].step()
    in_memory.operator().replay_dead(Which())
    in_memory.loops[0].step()
    assert (in_memory.lines("k1"), in_memory.dead.count_documents({})) == ([2], 0)


def test_dead_records_are_tried_no_faster_than_asked(in_memory: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [without_key(event(f"k{number}", 1)) for number in range(6)]
    dead_and_then_readable(in_memory, monkeypatch, *messages)
    plan, _ = in_memory.operator().replay_dead(Which(), per_second=1)
    assert (plan.rows, plan.seconds) == (6, 5.0)
    done = []
    for _ in range(6):
        in_memory.loops[0].step()
        done.append(len(in_memory.effects))
        in_memory.let_pass(timedelta(seconds=1))
    assert done == [1, 2, 3, 4, 5, 6]


def test_a_dropped_dead_record_does_not_come_back_when_it_is_heard_again(in_memory: Listening) -> None:
    in_memory.bus.tell([bare(b"not json")])
    in_memory.begin().step()
    (row,) = in_memory.dead.find()
    assert in_memory.operator().drop_dead(Which(ids=(row["_id"],)), why="a test record")[0].rows == 1
    in_memory.bus._positions.clear()  # type: ignore[attr-defined]  # the commit was lost
    in_memory.leave(in_memory.loops[0])
    in_memory.begin().step()
    (left,) = in_memory.dead.find()
    assert "value" not in left and left["dropped"]["by"] == "op"
    assert list(in_memory.operator().dead(Which())) == []
    (entry,) = AuditTrail(in_memory.database).entries()
    assert (entry["what"], entry["about"]) == ("放弃死信", row["_id"])


def test_no_record_takes_the_time_of_others(in_memory: Listening) -> None:
    in_memory.bus.tell([message for message, _ in FATES.values()] + [event("last", 1)])
    loop = in_memory.begin(breaker_limit=1000)
    began = time.monotonic()
    in_memory.turn_until(lambda: ("last", 1) in in_memory.effects)
    assert time.monotonic() - began < 20
    loop.step()
