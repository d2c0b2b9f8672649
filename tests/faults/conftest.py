"""What tests of listening under faults share: topics of their own on both buses, a listener, and the log."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.records import Database
from tests.conftest import setting
from tests.faults.diaries import TOPIC, Listening, OwnMemory, Topics
from tests.faults.own_topics import OwnTopics


@pytest.fixture
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged; a hundred tracebacks on the screen would take longer than the tests."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def own_topics() -> Iterator[OwnTopics]:
    own = OwnTopics(setting("KAFKA_SERVERS"), f"poison-{uuid.uuid4().hex[:8]}", topics=[TOPIC])
    yield own
    own.remove()


@pytest.fixture(params=["memory", "kafka"])
def topics(request: pytest.FixtureRequest) -> Topics:
    if request.param == "memory":
        return OwnMemory()
    own: OwnTopics = request.getfixturevalue("own_topics")
    return own


@pytest.fixture
def listening(topics: Topics, new_database: Callable[[str], Database]) -> Iterator[Listening]:
    made = Listening(new_database("review"), topics)
    yield made
    made.close()


@pytest.fixture
def in_memory(new_database: Callable[[str], Database]) -> Iterator[Listening]:
    made = Listening(new_database("review"), OwnMemory())
    yield made
    made.close()
