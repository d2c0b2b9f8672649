"""Where runs take place: topics and databases of a lane's own, runs one after the other; lanes side by side."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, MemberToRemove, NewTopic
from kafka.structs import OffsetAndMetadata
from pymongo import MongoClient
from pymongo.database import Database as MongoDatabase

from tests.faults.crash.points import SERVICES

TOPICS = ("intake.open", "intake.internal", "review.open", "review.internal")
HEARS = {"intake": ("review.open", "review.internal"), "review": ("intake.open", "intake.internal")}
PARTITIONS = 2
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Positions = dict[TopicPartition, int]


@dataclass
class Lane:
    """The servers as a run's outside sees them."""

    mongo_uri: str
    kafka_servers: str
    prefix: str
    folder: Path
    mongo: MongoClient[dict[str, Any]]
    admin: Any
    reader: Any
    groups: list[str] = field(default_factory=list)

    def database(self, service: str) -> MongoDatabase[dict[str, Any]]:
        """A service's database."""
        return self.mongo[f"{self.prefix.rstrip('.')}_{service}"]

    def clear(self) -> None:
        """Forget what earlier runs kept; indexes stay."""
        for service in SERVICES:
            database = self.database(service)
            for name in database.list_collection_names():
                database[name].delete_many({})
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def places(self, topics: tuple[str, ...] = TOPICS) -> list[TopicPartition]:
        """All partitions of these topics."""
        return [TopicPartition(self.prefix + topic, number) for topic in topics for number in range(PARTITIONS)]

    def ends(self) -> Positions:
        """Where the topics end now."""
        ends: Positions = self.reader.end_offsets(self.places())
        return ends

    def begin_group(self, run: str, service: str) -> None:
        """A group that begins where the topics end now."""
        ends = self.ends()
        positions = {place: OffsetAndMetadata(ends[place], "", -1) for place in self.places(HEARS[service])}
        self.admin.alter_group_offsets(f"{run}.{service}", positions)
        self.groups.append(f"{run}.{service}")

    def behind(self, run: str) -> list[str]:
        """The partitions in which a group is not at the end."""
        ends = self.ends()
        kept = self.admin.list_group_offsets([f"{run}.{service}" for service in SERVICES])
        return [
            f"{service} at {kept[f'{run}.{service}'][place].offset} of {ends[place]} in {place.topic}/{place.partition}"
            for service in SERVICES
            for place in self.places(HEARS[service])
            if kept[f"{run}.{service}"][place].offset != ends[place]
        ]

    def let_time_pass(self, run: str, service: str) -> None:
        """What a dead process held runs out at once: its lease as the relay, its membership of the group."""
        self.database(service)["leases"].update_many({}, {"$set": {"until": _LONG_AGO}})
        self.expel(f"{run}.{service}")

    def expel(self, group: str) -> None:
        """Remove all members of a group."""
        members = self.admin.describe_groups([group])[group]["members"]
        if members:
            self.admin.remove_group_members(group, [MemberToRemove(member_id=each["member_id"]) for each in members])

    def told(self, since: Positions) -> list[Any]:
        """Every record of the lane's topics since a position, in order within each partition."""
        ends = self.ends()
        self.reader.assign(list(ends))
        for place, offset in since.items():
            self.reader.seek(place, offset)
        records: list[Any] = []
        while any(self.reader.position(place) < end for place, end in ends.items()):
            for batch in self.reader.poll(timeout_ms=500).values():
                records += batch
        return records


@contextmanager
def lane(mongo_uri: str, kafka_servers: str, folder: Path) -> Iterator[Lane]:
    """A lane; nothing of it stays on the servers."""
    prefix = f"crash-{uuid.uuid4().hex[:8]}."
    admin = KafkaAdminClient(bootstrap_servers=kafka_servers, client_id="crash-matrix")
    admin.create_topics([NewTopic(prefix + topic, PARTITIONS, 1) for topic in TOPICS], wait_for_metadata=True)
    reader = KafkaConsumer(bootstrap_servers=kafka_servers, enable_auto_commit=False)
    mongo: MongoClient[dict[str, Any]] = MongoClient(mongo_uri, tz_aware=True)
    made = Lane(mongo_uri, kafka_servers, prefix, folder, mongo, admin, reader)
    try:
        yield made
    finally:
        for group in made.groups:
            made.expel(group)
        if made.groups:
            admin.delete_groups(made.groups)
        admin.delete_topics([prefix + topic for topic in TOPICS])
        for service in SERVICES:
            mongo.drop_database(made.database(service).name)
        reader.close()
        admin.close()
        mongo.close()
