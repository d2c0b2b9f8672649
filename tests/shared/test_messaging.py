"""Telling and hearing: one suite for the bus in memory and for Kafka."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from shared.events.base import Event
from shared.events.intake import CaseSubmitted, CaseWithdrawn
from shared.events.wire import Heard, Message
from shared.messaging.hearing import HearLoop
from shared.messaging.memory import MemoryBus
from shared.messaging.port import Bus, Received
from shared.messaging.relay import Relay
from shared.records import Database, Records, Row
from shared.trouble import Away, NotThere, Refused
from tests.shared.model import Basket, BasketRecord, withdrawn

TURN_SECONDS = 90
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class World:
    """A service that tells from baskets and one that hears into baskets."""

    def __init__(self, bus: Bus, new_database: Callable[[str], Database], mark: str) -> None:
        self.bus = bus
        self.mark = mark
        self.speaking = new_database("intake")
        self.hearing = new_database("review")
        self.told = Records(self.speaking, document=BasketRecord, aggregate=Basket)
        self.kept = Records(self.hearing, document=BasketRecord, aggregate=Basket)
        self.speaking.ensure_outbox_indexes()
        self.relay = Relay(self.speaking, bus, patience=5)
        self.seen: list[Heard] = []
        self.trouble: Callable[[Heard], None] = lambda heard: None
        self.foreign_trouble: Callable[[Heard], None] = lambda heard: None
        self.loop = self.new_loop()

    def new_loop(self, *, breaker_limit: int = 20) -> HearLoop:
        reactions: dict[type[Event], Callable[[Heard], None]] = {CaseSubmitted: self.react, CaseWithdrawn: self.react}
        return HearLoop(
            self.hearing,
            self.bus,
            reactions,
            group=f"g-{self.mark}",
            breaker_limit=breaker_limit,
            parked_every=0,
        )

    def react(self, heard: Heard) -> None:
        if not heard.subject.startswith(self.mark):
            self.foreign_trouble(heard)  # another test's event on the shared topic
            return
        self.trouble(heard)
        if self.kept.hear(heard, heard.subject, lambda basket: basket.put(), create=lambda: Basket(id=heard.subject)):
            self.seen.append(heard)

    def turn_until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TURN_SECONDS
        while not done():
            assert time.monotonic() < deadline, f"not reached; seen {len(self.seen)}"
            self.relay.step()
            self.loop.step(wait=0.1)

    def close(self) -> None:
        self.relay.close()
        self.loop.close()


@pytest.fixture
def world(bus: Bus, new_database: Callable[[str], Database]) -> Iterator[World]:
    world = World(bus, new_database, uuid.uuid4().hex[:8])
    yield world
    world.close()


def test_every_event_is_heard_once_and_in_order_for_each_subject(world: World) -> None:
    names = [f"{world.mark}-{number}" for number in range(5)]
    for name in names:
        world.told.create(Basket(id=name))
    for _ in range(4):
        for name in names:
            world.told.change(name, lambda basket: basket.put())
    world.turn_until(lambda: len(world.seen) == 20)
    for name in names:
        assert [heard.seq for heard in world.seen if heard.subject == name] == [1, 2, 3, 4]
    assert world.speaking.collection("baskets").count_documents({"outbox.0": {"$exists": True}}) == 0
    assert world.speaking.collection("told_events").count_documents({}) == 20


def test_what_is_told_again_changes_nothing(world: World) -> None:
    name = f"{world.mark}-a"
    world.told.create(Basket(id=name))
    world.told.change(name, lambda basket: basket.put())
    row = world.speaking.collection("baskets").find_one({"_id": name})
    assert row is not None
    world.relay.step()
    # The relay was killed after the acknowledgement and before the mark: it tells once more.
    world.speaking.collection("baskets").update_one({"_id": name}, {"$set": {"outbox": row["outbox"]}})
    world.told.change(name, lambda basket: basket.put())
    world.turn_until(lambda: len(world.seen) == 2)
    world.loop.step(wait=0.2)
    assert world.kept.get(name).count == 2


def test_a_listener_that_died_before_its_commit_hears_again_and_changes_nothing(world: World) -> None:
    name = f"{world.mark}-a"
    world.told.create(Basket(id=name))
    world.told.change(name, lambda basket: basket.put())
    world.relay.step()

    class Died(BaseException):
        """The process is gone: nothing below may catch it."""

    def die_after_the_effect(heard: Heard) -> None:
        world.kept.hear(heard, heard.subject, lambda basket: basket.put(), create=lambda: Basket(id=heard.subject))
        raise Died

    world.trouble = die_after_the_effect
    deadline = time.monotonic() + TURN_SECONDS
    with pytest.raises(Died):
        while time.monotonic() < deadline:
            world.loop.step(wait=0.1)
    assert world.kept.get(name).count == 1
    world.trouble = lambda heard: None
    world.loop.close()
    world.loop = world.new_loop()
    world.told.change(name, lambda basket: basket.put())
    world.turn_until(lambda: world.kept.get(name).count == 2)


def test_a_poisoned_key_waits_in_order_while_others_go_on(world: World) -> None:
    bad, good = f"{world.mark}-bad", f"{world.mark}-good"
    for name in (bad, good):
        world.told.create(Basket(id=name))
        for _ in range(3):
            world.told.change(name, lambda basket: basket.put())

    def poison(heard: Heard) -> None:
        if heard.subject == bad:
            raise ZeroDivisionError("a bug")

    world.trouble = poison
    parked = world.hearing.collection("parked")
    world.turn_until(lambda: len(world.seen) == 3 and parked.count_documents({}) == 3)
    assert {heard.subject for heard in world.seen} == {good}
    world.trouble = lambda heard: None
    parked.update_many({}, {"$set": {"next_try": LONG_AGO}})
    world.turn_until(lambda: len(world.seen) == 6)
    assert [heard.seq for heard in world.seen if heard.subject == bad] == [1, 2, 3]
    assert parked.count_documents({}) == 0


def test_a_dependency_that_is_away_parks_nothing_and_loses_nothing(world: World) -> None:
    name = f"{world.mark}-a"
    world.told.create(Basket(id=name))
    for _ in range(3):
        world.told.change(name, lambda basket: basket.put())
    world.relay.step()

    def away(heard: Heard) -> None:
        raise Away("objects")

    world.trouble = away
    deadline = time.monotonic() + TURN_SECONDS
    with pytest.raises(Away):
        while time.monotonic() < deadline:
            world.loop.step(wait=0.1)
    assert world.hearing.collection("parked").count_documents({}) == 0
    world.trouble = lambda heard: None
    world.turn_until(lambda: len(world.seen) == 3)
    assert [heard.seq for heard in world.seen] == [1, 2, 3]


def test_a_refusal_is_recorded_and_the_rest_goes_on(world: World) -> None:
    name = f"{world.mark}-a"
    world.told.create(Basket(id=name))
    for _ in range(2):
        world.told.change(name, lambda basket: basket.put())

    def refuse(heard: Heard) -> None:
        if heard.seq == 1:
            raise Refused("no", "不可以。")

    world.trouble = refuse
    world.turn_until(lambda: len(world.seen) == 1)
    assert world.seen[0].seq == 2
    assert world.hearing.collection("parked").count_documents({}) == 0


def test_what_comes_before_the_thing_it_is_about_waits_for_it_and_stops_nobody(world: World) -> None:
    world.loop = world.new_loop(breaker_limit=5)
    names = [f"{world.mark}-{number}" for number in range(12)]
    for name in names:
        world.told.create(Basket(id=name))
        world.told.change(name, lambda basket: basket.put())

    def without_campaign(heard: Heard) -> None:
        raise NotThere

    world.trouble = without_campaign
    parked = world.hearing.collection("parked")
    world.turn_until(lambda: parked.count_documents({}) == 12)
    assert world.hearing.collection("breaker").count_documents({}) == 0
    world.trouble = lambda heard: None
    parked.update_many({}, {"$set": {"next_try": LONG_AGO}})
    world.turn_until(lambda: len(world.seen) == 12)
    assert parked.count_documents({}) == 0


def test_when_everything_is_bad_the_breaker_stops_the_listener_until_a_person_resumes_it(world: World) -> None:
    world.loop = world.new_loop(breaker_limit=5)
    names = [f"{world.mark}-{number}" for number in range(12)]
    for name in names:
        world.told.create(Basket(id=name))
        world.told.change(name, lambda basket: basket.put())

    def poison(heard: Heard) -> None:
        raise ZeroDivisionError("a bug")

    world.trouble = world.foreign_trouble = poison  # a shared Kafka holds other tests' events between ours
    breaker = world.hearing.collection("breaker")
    world.turn_until(lambda: breaker.count_documents({}) == 1)
    assert world.loop.step(wait=0.1) == 0
    assert world.hearing.collection("parked").count_documents({"tries": 1}) == 5
    assert world.seen == []
    world.trouble = world.foreign_trouble = lambda heard: None
    world.loop.resume()
    world.hearing.collection("parked").update_many({}, {"$set": {"next_try": LONG_AGO}})
    world.turn_until(lambda: len(world.seen) == 12)


def test_a_batch_that_takes_too_long_is_gone_on_with_in_the_next_step(
    new_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.hearing.LONGEST_BATCH", 0.0)
    world = World(MemoryBus(), new_database, uuid.uuid4().hex[:8])
    name = f"{world.mark}-a"
    world.told.create(Basket(id=name))
    for _ in range(3):
        world.told.change(name, lambda basket: basket.put())
    world.relay.step()
    heard = [world.loop.step(wait=0) for _ in range(3)]
    world.close()
    assert heard == [1, 1, 1]
    assert [heard.seq for heard in world.seen] == [1, 2, 3]


def test_two_members_of_a_group_hear_everything_between_them(world: World) -> None:
    other = world.new_loop()
    names = [f"{world.mark}-{number}" for number in range(12)]
    for name in names:
        world.told.create(Basket(id=name))
        world.told.change(name, lambda basket: basket.put())

    def both() -> bool:
        other.step(wait=0.1)
        return len(world.seen) == 12

    world.turn_until(both)
    other.close()
    assert sorted(heard.subject for heard in world.seen) == sorted(names)


def test_only_one_relay_tells_at_a_time(world: World) -> None:
    second = Relay(world.speaking, world.bus, patience=5)
    world.relay.step()
    name = f"{world.mark}-a"
    world.told.create(Basket(id=name))
    world.told.change(name, lambda basket: basket.put())
    assert second.step() == 0
    assert world.relay.step() == 1
    world.relay.close()
    world.told.change(name, lambda basket: basket.put())
    assert second.step() == 1
    second.close()


def test_a_relay_that_is_asked_to_hurry_begins_no_further_wave(world: World) -> None:
    name = f"{world.mark}-a"
    world.told.create(Basket(id=name))
    for _ in range(3):
        world.told.change(name, lambda basket: basket.put())
    tell = world.relay._tell

    def ask_to_hurry(entries: Sequence[Row]) -> list[bool]:
        world.relay.hurry()
        return tell(entries)

    world.relay._tell = ask_to_hurry  # type: ignore[method-assign]
    assert world.relay.step() == 1
    row = world.speaking.collection("baskets").find_one({"_id": name})
    assert row is not None
    assert [entry["seq"] for entry in row["outbox"]] == [2, 3]


def put_and_withdraw(basket: Basket) -> None:
    basket.put()
    basket.tell(withdrawn(basket.id))


class OneFails:
    """A speaker that gives no acknowledgement for the first record of a key, once."""

    def __init__(self, bus: MemoryBus, key: bytes) -> None:
        self._inner = bus.speaker("x")
        self._key: bytes | None = key

    def tell(self, messages: list[Message], *, patience: float) -> list[bool]:
        results = []
        for message in messages:
            if message.key == self._key:
                self._key = None
                results.append(False)
            else:
                results += self._inner.tell([message], patience=patience)
        return results

    def close(self) -> None:
        self._inner.close()


def test_the_relay_goes_no_further_in_a_document_whose_event_failed(new_database: Callable[[str], Database]) -> None:
    bus = MemoryBus()
    database = new_database("intake")
    baskets = Records(database, document=BasketRecord, aggregate=Basket)
    database.ensure_outbox_indexes()
    for name in ("a", "b"):
        baskets.create(Basket(id=name))
        baskets.change(name, put_and_withdraw)
    relay = Relay(database, bus)
    relay._speaker = OneFails(bus, b"a")  # type: ignore[assignment]
    with pytest.raises(Away):
        relay.step()
    assert [received.message.key for received in bus.records("intake.open")] == [b"b"]
    relay.step()
    told = [
        (received.message.key, received.message.header("ce_seq"))
        for received in sorted(bus.records("intake.open"), key=lambda each: (each.partition, each.offset))
    ]
    assert sorted(told) == [(b"a", "1"), (b"a", "2"), (b"b", "1"), (b"b", "2")]
    assert [seq for key, seq in told if key == b"a"] == ["1", "2"]


def test_a_record_without_a_key_that_nobody_can_read_goes_to_the_dead_topic(
    new_database: Callable[[str], Database],
) -> None:
    bus = MemoryBus()
    world = World(bus, new_database, "m")
    bus.append(Message(topic="intake.open", key=None, value=b"not json"))
    bus.append(Message(topic="intake.open", key=None, value=b"[]"))
    world.hearing.ensure_outbox_indexes()
    assert world.loop.step() == 2
    relay = Relay(world.hearing, bus)
    relay.step()
    dead: list[Received] = bus.records("dead.review")
    assert sorted(received.message.value or b"" for received in dead) == [b"[]", b"not json"]
    assert {received.message.header("error") for received in dead} != {None}
    world.close()
    relay.close()
