"""What all tests share: a database of their own on the real MongoDB, and the bus in its two forms."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.table import LOCAL_SETTINGS
from shared.messaging.kafka import KafkaBus
from shared.messaging.memory import MemoryBus
from shared.messaging.port import Bus
from shared.records import Database

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


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in its own hook of this name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start a platform come first and stay together, so that another process can run the rest beside them.

    The rest stay together by file: what a file's tests share is made once.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group("stack" if _needs_platform(item) else item.nodeid.partition("::")[0]))
    items.sort(key=_needs_platform, reverse=True)


def _needs_platform(item: pytest.Item) -> bool:
    return item.get_closest_marker("stack") is not None or "platform" in getattr(item, "fixturenames", ())


@dataclass(frozen=True)
class Platform:
    """The whole platform as it runs on this machine: its door, and the folder of its stack."""

    url: str
    var: Path


@pytest.fixture(scope="session")
def platform() -> Platform:
    """All processes of the stack whose servers the tests use; they are started where they do not run yet."""
    setting("MONGO_URI")
    var = Path(os.environ["ZHENGJI_STACK"])
    root = Path(__file__).parent.parent
    command = [sys.executable, "-m", "deploy.local", "up"]
    started = subprocess.run(
        command, cwd=root, env={**os.environ, "ZHENGJI_VAR": str(var)}, capture_output=True, text=True, check=False
    )
    if started.returncode:
        pytest.fail(f"the platform did not start:\n{started.stdout[-3000:]}\n{started.stderr[-3000:]}")
    return Platform(url=setting("PUBLIC_URL"), var=var)


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
