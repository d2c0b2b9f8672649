"""A compacted topic that does not end with what was told last is found, and told again."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator

import pytest

from shared.events.wire import to_message
from shared.messaging.comparing import Comparison, Difference
from shared.messaging.kafka import KafkaBus
from shared.messaging.memory import MemoryBus
from shared.messaging.port import Bus, Received
from shared.messaging.relay import Relay
from shared.messaging.states import States
from shared.records import Database
from shared.trouble import Away
from tests.conftest import setting
from tests.faults.boards import TOPIC, Board, boards, told_of


class Speaking:
    """Review with three boards, each written twice, all told."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.database, self.bus = database, bus
        self.kept = boards(database)
        database.ensure_outbox_indexes()
        States(database).ensure_indexes()
        self.relay = Relay(database, bus, settle=0)
        self.comparison = Comparison(database, bus)
        self.names = sorted(f"board-{uuid.uuid4().hex[:8]}" for _ in range(3))
        for name in self.names:
            self.kept.create(Board(id=name))
            for _ in range(2):
                self.kept.change(name, Board.write)
        self.relay.step()

    def tell_late(self, name: str, number: int) -> None:
        """As a relay does that was paused on its way."""
        row = self.database.db["told_events"].find_one({"subject": name, "seq": number})
        assert row is not None
        speaker = self.bus.speaker("late")
        assert speaker.tell([to_message(row)], patience=10) == [True]
        speaker.close()


@pytest.fixture
def speaking(new_database: Callable[[str], Database]) -> Iterator[Speaking]:
    world = Speaking(new_database("review"), MemoryBus())
    yield world
    world.relay.close()


def _tell_again(world: Speaking) -> None:
    world.relay._doubts_looked_at = 0
    world.relay.step()


def test_nothing_differs_where_everything_was_told_in_order(speaking: Speaking) -> None:
    assert speaking.comparison.topics == ("campaign", "cases.state")
    assert speaking.comparison.differences(TOPIC) == []


def test_an_old_state_after_a_newer_one_is_found_and_told_again(speaking: Speaking) -> None:
    name = speaking.names[1]
    speaking.tell_late(name, 1)
    found = speaking.comparison.differences(TOPIC)
    assert found == [Difference(topic=TOPIC, key=name, subject=name, ends_with="1/1", newest="1/2")]
    assert speaking.comparison.mend(found) == 1
    _tell_again(speaking)
    assert told_of(speaking.bus, name) == [1, 2, 1, 2]
    assert speaking.comparison.differences(TOPIC) == []


def test_a_topic_that_was_lost_is_told_again(speaking: Speaking) -> None:
    speaking.bus = speaking.relay._bus = MemoryBus()
    speaking.relay._drop_speaker()
    comparison = Comparison(speaking.database, speaking.bus)
    found = comparison.differences(TOPIC)
    assert [(each.key, each.ends_with) for each in found] == [(name, "") for name in speaking.names]
    comparison.mend(found)
    _tell_again(speaking)
    assert [told_of(speaking.bus, name) for name in speaking.names] == [[2], [2], [2]]


def test_what_a_restore_forgot_is_outranked_by_what_it_remembers(speaking: Speaking) -> None:
    """The topic is ahead of the database that was put back: the state it holds is told under the new epoch."""
    name = speaking.names[0]
    speaking.database.db["told_events"].delete_one({"subject": name, "seq": 2})
    speaking.database.raise_epoch()
    found = speaking.comparison.differences(TOPIC)
    assert [(each.key, each.ends_with, each.newest) for each in found] == [(name, "1/2", "1/1")]
    speaking.comparison.mend(found)
    _tell_again(speaking)
    last = [each.message for each in speaking.bus.records(TOPIC) if each.message.key == name.encode()][-1]
    assert (last.header("ce_epoch"), last.header("ce_seq")) == ("2", "1")
    assert speaking.comparison.differences(TOPIC) == []


def test_a_key_that_nobody_told_is_shown_and_left_alone(speaking: Speaking) -> None:
    speaking.database.db["told_events"].delete_many({"subject": speaking.names[2]})
    found = speaking.comparison.differences(TOPIC)
    assert [(each.key, each.can_be_mended) for each in found] == [(speaking.names[2], False)]
    assert speaking.comparison.mend(found) == 0


def test_an_event_on_its_way_is_no_difference(speaking: Speaking) -> None:
    """Told between the look at the topic and the look at the database, it differs only the first time."""
    looked = speaking.bus.records

    def records_then_one_more(topic: str) -> list[Received]:
        before = list(looked(topic))
        speaking.kept.change(speaking.names[0], Board.write)
        speaking.relay.step()
        speaking.bus.records = looked  # type: ignore[method-assign]
        return before

    speaking.bus.records = records_then_one_more  # type: ignore[method-assign]
    assert speaking.comparison.differences(TOPIC) == []


def test_one_process_compares_in_a_period_and_an_outage_does_not_use_it_up(speaking: Speaking) -> None:
    speaking.tell_late(speaking.names[0], 1)
    other = Comparison(speaking.database, speaking.bus)

    def away(topic: str) -> list[Received]:
        raise Away("kafka")

    looked = speaking.bus.records
    speaking.bus.records = away  # type: ignore[method-assign]
    with pytest.raises(Away):
        speaking.comparison.step(every_seconds=3600)
    speaking.bus.records = looked  # type: ignore[method-assign]
    assert other.step(every_seconds=3600)
    assert not speaking.comparison.step(every_seconds=3600)
    assert not other.step(every_seconds=3600)
    _tell_again(speaking)
    assert told_of(speaking.bus, speaking.names[0]) == [1, 2, 1, 2]


def test_the_command_shows_what_differs_and_lets_it_be_told_again(new_database: Callable[[str], Database]) -> None:
    """On a shared Kafka other tests' boards differ too; they are nobody's."""
    bus = KafkaBus(setting("KAFKA_SERVERS"))
    bus.ensure_topics(partitions=3)
    world = Speaking(new_database("review"), bus)
    world.tell_late(world.names[1], 1)
    environment = {
        **os.environ,
        "ZHENGJI_MONGO_PREFIX": world.database.db.name.removesuffix("_review"),
        "ZHENGJI_MONGO_URI": setting("MONGO_URI"),
        "ZHENGJI_KAFKA_SERVERS": setting("KAFKA_SERVERS"),
        **{f"ZHENGJI_{name}": "x" for name in ("S3_ENDPOINT", "S3_PUBLIC_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY")},
        **{f"ZHENGJI_{name}": "x" for name in ("PUBLIC_URL", "SECRET_KEY")},
    }
    command = (sys.executable, "-m", "zhengji", "topics", "compare")
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert shown.returncode == 1, shown.stderr
    assert f"{world.names[1]}: ends with 1/1, told 1/2" in shown.stdout
    mended = subprocess.run((*command, "--mend"), env=environment, capture_output=True, text=True, check=False)
    assert mended.returncode == 0, mended.stderr
    assert "1 to be told again" in mended.stdout
    _tell_again(world)
    assert told_of(bus, world.names[1]) == [1, 2, 1, 2]
    world.relay.close()
