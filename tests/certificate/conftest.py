"""The certificate service on a database of its own, the real MongoDB and the real store of files."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.certificate.app import App
from services.certificate.handlers import REACTIONS
from services.certificate.maker import Maker
from services.certificate.settings import CertificateSettings
from services.certificate.wiring import build, create_app, migrate, open_maker
from shared.clock import FixedClock
from shared.events.wire import Heard
from shared.objects import Objects
from shared.records import Database
from shared.settings import PublicKey
from tests.certificate.samples import LATER, STAFF_KEY, keys, staff_token
from tests.conftest import setting


@dataclass
class World:
    """One service with its maker and its pages, and a clock that stands still."""

    app: App
    maker: Maker
    web: Flask
    clock: FixedClock

    @property
    def database(self) -> Database:
        return self.app.database

    @property
    def objects(self) -> Objects:
        return self.app.objects

    def hear(self, *news: Heard) -> None:
        for heard in news:
            REACTIONS[type(heard.event)](self.app, heard)

    def make_all(self) -> int:
        made = 0
        while self.maker.step():
            made += 1
        return made

    def visitor(self) -> FlaskClient:
        return self.web.test_client()

    def staff(self, *roles: str) -> FlaskClient:
        client = self.web.test_client()
        client.set_cookie("staff", staff_token(*roles, now=self.clock()))
        return client

    def told(self) -> list[tuple[str, str]]:
        """Type and number of every event that waits to be told, in order."""
        rows = self.database.collection("certificates").find({}, {"outbox": 1}).sort("_id", 1)
        entries = [entry for row in rows for entry in row["outbox"]]
        return [(entry["type"].split(".")[2], entry["data"]["number"]) for entry in entries]


@pytest.fixture
def world(new_database: Callable[[str], Database], tmp_path: Path) -> Iterator[World]:
    database = new_database("certificate")
    pair = keys()
    settings = CertificateSettings(
        mongo_uri=setting("MONGO_URI"),
        kafka_servers="unused:9092",
        s3_endpoint=setting("S3_ENDPOINT"),
        s3_public_endpoint=setting("S3_PUBLIC_ENDPOINT"),
        s3_access_key=setting("S3_ACCESS_KEY"),
        s3_secret_key=setting("S3_SECRET_KEY"),
        s3_bucket=f"certificate-test-{uuid.uuid4().hex[:8]}",
        public_url="http://127.0.0.1:8080",
        secret_key="a secret for tests",
        staff_public_keys=[PublicKey(kid=STAFF_KEY.kid, key=STAFF_KEY.public())],
        signing_dir=tmp_path / "signing",
        signing_key_pem=pair.key.decode(),
        signing_certificate_pem=pair.certificate.decode(),
        signing_authority_pem=pair.authority.decode(),
    )
    clock = FixedClock(LATER)
    app = build(settings, clock=clock, database=database)
    migrate(app)
    yield World(app=app, maker=open_maker(app), web=create_app(app=app), clock=clock)
    _empty(app.objects, settings.s3_bucket)


def _empty(objects: Objects, bucket: str) -> None:
    for found in list(objects._inside.list_objects(bucket, recursive=True)):
        objects.remove(str(found.object_name))
    objects._inside.remove_bucket(bucket)
