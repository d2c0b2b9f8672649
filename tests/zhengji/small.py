"""A platform of five small databases and a bucket, on real servers: made empty, and gone afterwards."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from minio import Minio
from pymongo import MongoClient

from deploy.local.keys import keys
from deploy.local.settings_file import write_settings
from deploy.local.table import SERVICES
from shared.clock import FixedClock
from shared.messaging.memory import MemoryBus
from shared.objects import Objects
from shared.records import Database, Row
from tests.conftest import setting
from tests.zhengji.lost import KEYS, MemoryTopics
from zhengji.backup.restoring import Target

NOON = datetime(2024, 12, 1, 4, tzinfo=UTC)


@dataclass
class Small:
    """Five databases, a bucket and a bus."""

    databases: dict[str, Database]
    objects: Objects
    bus: MemoryBus = field(default_factory=MemoryBus)
    keys: dict[str, str] = field(default_factory=lambda: dict(KEYS))
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))

    @property
    def target(self) -> Target:
        topics = MemoryTopics(self.bus)
        return Target(
            self.databases, self.objects, self.keys, topics, lambda: self.bus, migrate=lambda: None, clock=self.clock
        )

    def put(self, key: str, content: bytes = b"bytes") -> None:
        self.objects.put(key, io.BytesIO(content), size=len(content), content_type="text/plain")

    def rows(self, service: str, name: str) -> list[Row]:
        return list(self.databases[service].db[name].find().sort("_id", 1))


@contextmanager
def small_platforms() -> Iterator[Callable[[], Small]]:
    """Makes empty platforms that are gone at the end of the block."""
    made: list[tuple[Small, str]] = []

    def make() -> Small:
        prefix = f"t_{uuid.uuid4().hex[:10]}"
        bucket = prefix.replace("_", "-")
        store = {name: setting(f"S3_{name.upper()}") for name in ("endpoint", "access_key", "secret_key", "region")}
        settings = SimpleNamespace(
            **{f"s3_{name}": text for name, text in store.items()},
            s3_public_endpoint=store["endpoint"],
            s3_bucket=bucket,
        )
        objects = Objects(settings)
        objects.ensure_bucket()
        databases = {service: Database(service, uri=setting("MONGO_URI"), prefix=prefix) for service in SERVICES}
        made.append((Small(databases, objects), bucket))
        return made[-1][0]

    yield make
    client: MongoClient[Row] = MongoClient(setting("MONGO_URI"))
    for each, bucket in made:
        for database in each.databases.values():
            client.drop_database(database.db.name)
        _remove_bucket(each.objects, bucket)
    client.close()
    for service in SERVICES:
        Database(service, uri=setting("MONGO_URI"), prefix="t_none").close()


def _remove_bucket(objects: Objects, bucket: str) -> None:
    for stored in list(objects.all()):
        objects.remove(stored.key)
    inside: Minio = objects._inside
    inside.remove_bucket(bucket)


def a_stack_of(here: Small, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings files as a local stack writes them, for these databases and this bucket."""
    (var / "keys").mkdir(parents=True, exist_ok=True)
    (var / "env").mkdir(exist_ok=True)
    made = keys(var / "keys")
    prefix = here.databases["intake"].db.name.removesuffix("_intake")
    common = {**made.common, "ZHENGJI_MONGO_PREFIX": prefix, "ZHENGJI_S3_BUCKET": prefix.replace("_", "-")}
    write_settings(var / "stack.env", common, note="for a test")
    for service in SERVICES:
        write_settings(var / "env" / f"{service}.env", made.private[service], note="for a test")
    for name in [*common, *(name for each in made.private.values() for name in each)]:
        monkeypatch.delenv(name, raising=False)
