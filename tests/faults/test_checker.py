"""The checker is no rubber stamp: each planted bug is called by its name, a sound world of those seeds is clean."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from shared.messaging.memory import MemoryBus
from shared.messaging.port import Bus
from shared.records import Database
from tests.conftest import setting
from tests.faults.checker import Findings, Name, check
from tests.faults.history import History, Past
from tests.faults.observed import Observed, OnTopic
from tests.faults.observing import on_topic
from tests.faults.own_topics import OwnTopics
from tests.faults.planted import PLANTED, SOUND
from tests.faults.small_observed import TOPICS, observe_small
from tests.faults.small_parts import Parts
from tests.faults.small_world import SmallWorld

SEEDS = range(int(os.environ.get("ZHENGJI_FAULT_SEEDS", "3")))
UNTIL_SEEN = range(24)
"""Not every life meets the one moment in which a bug shows: the first that does is enough."""
STEPS = 100


class Life:
    """Worlds one after the other, in the same two databases."""

    def __init__(self, folder: Path, new_database: Callable[[str], Database]) -> None:
        self._folder = folder
        self._speaking, self._hearing = new_database("intake"), new_database("review")

    @contextmanager
    def of(
        self, seed: int, parts: Parts, *, bus: Bus | None = None, steps: int = STEPS, quiet: int = 2
    ) -> Iterator[SmallWorld]:
        """A world that lived, broke and came to rest."""
        history = History(self._folder / f"{seed}.jsonl")
        over = bus or MemoryBus()
        databases = {"speaking": self._speaking, "hearing": self._hearing}
        world = SmallWorld(seed, parts, bus=over, history=history, **databases)
        try:
            world.live(steps)
            world.rest(quiet=quiet)
            yield world
        finally:
            world.close()
            history.close()


def records(bus: Bus, topic: str) -> list[OnTopic]:
    """A topic as the checker takes it."""
    return [on_topic(each.message, each.partition, each.offset) for each in bus.records(topic)]


def seen(world: SmallWorld) -> Observed:
    """What the world holds."""
    return observe_small(world, partial(records, world.bus))


def found_in(world: SmallWorld) -> Findings:
    """What the checker says of it."""
    return check(world.history, seen(world))


@pytest.fixture
def life(tmp_path: Path, new_database: Callable[[str], Database]) -> Life:
    """Room for worlds."""
    return Life(tmp_path, new_database)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sound_world_is_clean_whatever_is_killed(seed: int, life: Life) -> None:
    with life.of(seed, SOUND) as world:
        findings = found_in(world)
        past: Past = world.history.read()
    assert findings.clean, f"seed {seed}: {findings}"
    assert findings.figures["receipts"] > 10
    assert findings.figures["effects seen"] == findings.figures["effects owed"] > 40
    assert {fault.kind for fault in past.faults} >= {"kill"}
    assert len({fault.target for fault in past.faults}) >= 3, "too little was broken to show anything"


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_called_by_its_name(bug: str, life: Life) -> None:
    planted = PLANTED[bug]
    names = set()
    for seed in UNTIL_SEEN:
        with life.of(seed, planted.parts) as world:
            findings = found_in(world)
        names |= {each.name for each in findings.anomalies}
        if planted.named <= names:
            return
    pytest.fail(f"{bug}: found {sorted(names)}, not {sorted(planted.named - names)}")


@pytest.fixture
def kafka() -> Iterator[OwnTopics]:
    """The real Kafka, with topics of this test's own."""
    topics = OwnTopics(setting("KAFKA_SERVERS"), f"small-{uuid.uuid4().hex[:8]}", topics=TOPICS)
    yield topics
    topics.remove()


@pytest.mark.parametrize(("parts", "names"), [(SOUND, set()), (PLANTED["no guard"].parts, {Name.DOUBLE})])
def test_a_world_on_kafka_is_judged_as_one_in_memory(
    parts: Parts, names: set[Name], life: Life, kafka: OwnTopics
) -> None:
    with life.of(1, parts, bus=kafka, steps=60, quiet=30) as world:
        findings = found_in(world)
    assert {each.name for each in findings.anomalies} == names, str(findings)
    assert findings.figures["repeats"] > 0
    assert findings.figures["effects owed"] > 20
