"""What all tests share: a database of their own on the real MongoDB, and the bus in its two forms."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from deploy.local.table import LOCAL_SETTINGS
from shared.messaging.kafka import KafkaBus
from shared.messaging.memory import MemoryBus
from shared.messaging.port import Bus
from shared.records import Database

if TYPE_CHECKING:
    from tests.journeys.faulty import FaultyStack

_TESTS = Path(__file__).parent
PLATFORMS = {
    "platforms of their own": (
        "faults/test_under_fire.py",
        "faults/test_graceful_stop.py",
        "zhengji/test_backup_stack.py",
    ),
    "the shared platform": (
        "browser/test_journey.py",
        "journeys/test_killed.py",
        "journeys/test_kafka_down.py",
        "journeys/test_on_stack.py",
    ),
}
"""Files whose tests need every server and program and wait more than they work, by who can follow whom."""
_SCOPES = {_TESTS / file: scope for scope, files in PLATFORMS.items() for file in files}
_STACK_ENV = Path(os.environ.get("ZHENGJI_STACK_ENV", "var/test/stack.env"))


def _read_stack_env() -> None:
    """Take the addresses of the running servers from the file that ``make up-servers`` wrote, unless they are set."""
    if "ZHENGJI_MONGO_URI" in os.environ:
        return
    for file in (_STACK_ENV, Path("var/stack.env")):
        if file.is_file():
            for line in file.read_text().splitlines():
                name, mark, value = line.partition("=")
                if mark and name.startswith("ZHENGJI_"):
                    os.environ.setdefault(name, value.strip().strip("'\""))
            return


_read_stack_env()
for _name in LOCAL_SETTINGS:
    os.environ.pop(_name, None)  # meant for a play on this machine; tests say what they set


def setting(name: str) -> str:
    """A ZHENGJI_ setting of the running stack; without a stack the test is an error, never a silent pass."""
    value = os.environ.get(f"ZHENGJI_{name}")
    if not value:
        pytest.fail(f"ZHENGJI_{name} is not set: start the servers with `make up-servers`")
    return value


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start a platform come first, in the order above: they take longest."""
    places = {file: place for place, file in enumerate(_SCOPES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """With several processes, two of them begin with the tests that start a platform, and others run the rest beside.

    The rest stay together by file: what a file's tests share is made once.
    """
    return PlatformsTogether(config, log)


class PlatformsTogether(LoadScopeScheduling):
    """Deals out files, but those that start a platform as if each group were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _SCOPES.get(_TESTS.parent / file, file)


@pytest.fixture(scope="session")
def faulty() -> Iterator[FaultyStack]:
    """A whole platform that may be broken, with servers of its own; gone after the tests."""
    from tests.journeys.faulty import FaultyStack  # here: few tests need it, and it brings every service with it

    stack = FaultyStack()
    try:
        stack.start()
        yield stack
    finally:
        stack.close()


@pytest.fixture
def new_database() -> Iterator[Callable[[str], Database]]:
    """Makes databases on the real MongoDB that are dropped afterwards."""
    made: list[Database] = []

    def make(service: str = "intake") -> Database:
        database = Database(service, uri=setting("MONGO_URI"), prefix=f"t_{uuid.uuid4().hex[:10]}")
        made.append(database)
        return database

    yield make
    for database in made:
        database.client.drop_database(database.db.name)
        database.close()


@pytest.fixture
def database(new_database: Callable[[str], Database]) -> Database:
    """One service's empty database."""
    return new_database("intake")


@pytest.fixture(params=["memory", "kafka"])
def bus(request: pytest.FixtureRequest) -> Bus:
    """The bus: everything that is promised of it holds for both kinds."""
    if request.param == "memory":
        return MemoryBus()
    kafka = KafkaBus(setting("KAFKA_SERVERS"))
    kafka.ensure_topics(partitions=3)
    return kafka
