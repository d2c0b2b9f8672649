"""MongoDB elects a new primary in the middle of a write: what it rolls back was never told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from deploy.local.servers.mongodb import MongoDB
from shared.messaging.memory import MemoryBus
from shared.messaging.relay import Relay
from shared.records import Database, mongo_or_away
from shared.trouble import Away
from tests.faults.boards import TOPIC, Board, boards, told_of
from tests.faults.own_servers import OwnServers, own_servers
from tests.faults.test_relay_owner import until

MEMBERS = 3
HELD_THROUGHOUT = 120.0
"""A lease this long needs no renewal, which an old primary could not confirm."""


@pytest.fixture
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServers]:
    with own_servers(MongoDB(MEMBERS), tmp_path_factory.mktemp("election")) as servers:
        yield servers


def _address(members: OwnServers, name: str) -> tuple[str, int]:
    hosts = members.settings["ZHENGJI_MONGO_URI"].removeprefix("mongodb://").partition("/")[0].split(",")
    host, _, port = hosts[members.names.index(name)].partition(":")
    return host, int(port)


def _primary(members: OwnServers, among: tuple[str, ...]) -> str | None:
    """Which of these members takes writes and has a majority behind it, asked of each alone."""
    for name in among:
        host, port = _address(members, name)
        client: MongoClient[dict[str, object]] = MongoClient(
            host, port, directConnection=True, serverSelectionTimeoutMS=500, socketTimeoutMS=1000
        )
        with client:
            try:
                if client.admin.command("hello").get("isWritablePrimary"):
                    return name
            except PyMongoError:
                continue
    return None


def _wait_for_primary(members: OwnServers, among: tuple[str, ...]) -> str:
    found: list[str] = []

    def look() -> bool:
        if name := _primary(members, among):
            found.append(name)
        return bool(found)

    until(look)
    return found[0]


def _again(act: Callable[[], object]) -> None:
    """As a loop of ours does: while the database is away, try again."""

    def done() -> bool:
        try:
            act()
        except Away:
            return False
        return True

    until(done)


def _reading_locally(database: Database) -> Database:
    """The same database as one that forgot to ask for what a majority has."""
    careless = object.__new__(Database)
    careless.__dict__.update(database.__dict__)
    careless.db = database.client.get_database(
        database.db.name, read_concern=ReadConcern("local"), write_concern=WriteConcern("majority", wtimeout=200)
    )
    return careless


def _without_second_try(members: OwnServers, database: Database) -> Database:
    """The same database for a program that dies with its write: nobody writes it once more on the new primary."""
    dying = object.__new__(Database)
    dying.__dict__.update(database.__dict__)
    dying.client = MongoClient(members.settings["ZHENGJI_MONGO_URI"], tz_aware=True, retryWrites=False)
    dying.db = dying.client.get_database(
        database.db.name, write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority")
    )
    return dying


def test_what_an_election_rolls_back_is_never_told(members: OwnServers) -> None:
    old = _wait_for_primary(members, members.names)
    others = tuple(name for name in members.names if name != old)
    database = Database("review", uri=members.settings["ZHENGJI_MONGO_URI"], prefix="election", patience_ms=2000)
    dying = _without_second_try(members, database)
    until(lambda: dying.client.primary)
    kept = boards(database)
    bus, careless_bus = MemoryBus(), MemoryBus()
    relay = Relay(database, bus, lease_seconds=HELD_THROUGHOUT)
    careless = Relay(_reading_locally(dying), careless_bus, lease_seconds=HELD_THROUGHOUT)
    _again(database.ensure_outbox_indexes)
    _again(lambda: kept.ensure(Board(id="kept")))
    _again(lambda: kept.change("kept", Board.write))
    _again(relay.step)
    assert told_of(bus, "kept") == [1]
    careless._lease = relay._lease

    with ThreadPoolExecutor(2) as pool:
        # The primary is alone: it takes this write and nobody confirms it. (Members that are only paused would find
        # the write in their connections when they go on, and keep it.)
        members.kill(*others)
        lost = Board(id="lost")
        lost.write()
        writing = pool.submit(boards(dying).create, lost)
        on_primary = _reading_locally(database).db["boards"]
        until(lambda: on_primary.find_one({"_id": "lost"}), seconds=5)
        telling = pool.submit(careless.step)
        until(lambda: told_of(careless_bus, "lost"), seconds=3)
        assert relay.step() == 0
        assert told_of(bus, "lost") == []
        with pytest.raises(Away), mongo_or_away():  # several at once are not taken for confirmed either
            on_primary.insert_many([{"_id": "lost with others"}], ordered=False)

        # The others elect one of themselves, and it takes a write before the old primary comes back.
        members.pause(old)
        members.start(*others)
        new = _wait_for_primary(members, others)
        members.go_on(old)
        assert isinstance(writing.exception(timeout=60), Away), "it was confirmed"
        wait([telling], timeout=60)  # it may mark what it told on the new primary: the harm is done by then

    assert new != old
    _again(lambda: kept.change("kept", Board.write))
    _again(lambda: until(relay.step, seconds=10))
    until(lambda: _follows(members, old))
    assert kept.find("lost") is None
    assert told_of(bus, "kept") == [1, 2]
    assert told_of(bus, "lost") == []
    assert told_of(careless_bus, "lost") == [1], "reading locally did no harm: this test could not fail"
    assert [each.message.key for each in bus.records(TOPIC)] == [b"kept", b"kept"]
    dying.client.close()
    database.close()


def _follows(members: OwnServers, name: str) -> bool:
    """Whether the old primary has rolled back and copies from the new one: the write is gone there, too."""
    host, port = _address(members, name)
    client: MongoClient[dict[str, object]] = MongoClient(
        host, port, directConnection=True, serverSelectionTimeoutMS=1000, socketTimeoutMS=2000
    )
    with client:
        try:
            rows = client.get_database("election_review")["boards"]
            return bool(client.admin.command("hello").get("secondary")) and rows.find_one({"_id": "lost"}) is None
        except PyMongoError:
            time.sleep(0.1)
            return False
