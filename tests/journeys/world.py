"""All five services in one process: a bus in memory, a clock that is moved, and real MongoDB, MinIO, SMTP and IMAP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from flask import Flask
from minio import Minio
from minio.deleteobjects import DeleteObject

from deploy.local.keys import keys
from services.certificate import wiring as certificate
from services.certificate.settings import CertificateSettings
from services.intake import wiring as intake
from services.intake.settings import IntakeSettings
from services.notify import wiring as notify
from services.notify.settings import NotifySettings
from services.review import wiring as review
from services.review.handlers.accounts import create_first_administrator
from services.review.handlers.campaign import load_campaign_draft
from services.review.settings import ReviewSettings
from services.validation import wiring as validation
from services.validation.adapters.sandbox import Sandbox
from services.validation.checking import Checker
from services.validation.settings import ValidationSettings
from shared.campaign.model import Campaign
from shared.clock import FixedClock, system_clock
from shared.events.catalogue import TOPICS
from shared.messaging.memory import MemoryBus
from shared.process import Loop
from shared.records import Database
from shared.records.audit import AuditTrail
from shared.trouble import Away, Conflict
from tests.conftest import setting
from tests.journeys.doors import HOST, Door
from zhengji.play.accounting import Truth
from zhengji.play.browser import Browser
from zhengji.play.post import Post
from zhengji.play.world import TRUST, TookTooLong

T = TypeVar("T")
MOST_TURNS = 5000
STEP = timedelta(seconds=1)


class OneProcess:
    """The platform in this process. Time passes only where somebody waits."""

    threads = 1

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock(system_clock())
        self.bus = MemoryBus()
        self.mailbox = f"campaign-{uuid.uuid4().hex[:8]}@zhengji.example"
        self.prefix = f"t_{uuid.uuid4().hex[:10]}"
        self.post = Post(
            setting("SMTP_HOST"), int(setting("SMTP_PORT")), setting("IMAP_HOST"), int(setting("IMAP_PORT"))
        )
        made = keys(folder)
        self._common = {
            **made.common,
            "ZHENGJI_MONGO_PREFIX": self.prefix,
            "ZHENGJI_S3_BUCKET": self.prefix.replace("_", "-"),
            "ZHENGJI_PUBLIC_URL": f"http://{HOST}",
            "ZHENGJI_IMAP_USER": self.mailbox,
            "ZHENGJI_IMAP_PASSWORD": "any",
            "ZHENGJI_MAILBOX_EVERY_SECONDS": "0",
            "ZHENGJI_LETTERS_PER_MINUTE": "100000",
            "ZHENGJI_LETTERS_PER_MINUTE_AND_DOMAIN": "100000",
            "ZHENGJI_LETTERS_BURST": "100000",
        }
        self._private = made.private
        self._loops: list[Loop] = []
        self._calls: list[Loop] = []
        self._closing: list[Callable[[], None]] = []
        self.databases: dict[str, Database] = {}
        self.apps: dict[str, Any] = {}
        self.door = Door(self._raise_curtain())

    # What the play asks of a world

    def now(self) -> datetime:
        """What the clock shows."""
        return self.clock()

    def browser(self) -> Browser:
        """A browser; where it has to wait, the world goes on."""
        client = httpx.Client(transport=self.door, base_url=f"http://{HOST}", verify=TRUST)
        return Browser(client, pause=lambda seconds: self.pass_time(timedelta(seconds=seconds)))

    def store(self) -> httpx.Client:
        """The way to the object store."""
        return httpx.Client(timeout=60, verify=TRUST)

    def until(self, what: str, met: Callable[[], T | None], *, seconds: float = 60) -> T:
        """Let the services work until ``met`` gives something; then let time pass, a second at a time."""
        if found := met():
            return found
        for _ in range(int(seconds) + 1):
            self.turn()
            if found := met():
                return found
            self.clock.advance(STEP)
        raise TookTooLong(f"{what}: not within {seconds:.0f} s")

    def wait_for(self, at: datetime) -> None:
        """Move the clock there and let the services work."""
        if at > self.clock():
            self.pass_time(at - self.clock())

    @property
    def backstage(self) -> Backstage:
        """What no page does."""
        return Backstage(self.apps["review"])

    @property
    def truth(self) -> Truth:
        """Where the accounting looks."""
        return Truth(
            databases={service: database.db for service, database in self.databases.items()},
            read_object=self.apps["review"].objects.chunks,
            letters=self.post.letters,
            topics=lambda: {topic: len(self.bus.records(topic)) for topic in TOPICS},
            told_on=lambda topic: [
                ((each.message.key or b"").decode(), each.message.value) for each in self.bus.records(topic)
            ],
            broken_record=lambda service: AuditTrail(self.databases[service]).verify(),
        )

    # Turning

    def pass_time(self, by: timedelta) -> None:
        """Move the clock, then let the services work."""
        self.clock.advance(by)
        self.turn()

    def turn(self) -> None:
        """Look into the mailbox, then turn every loop until nothing moves any more."""
        for loop in self._calls:
            _step(loop)
        for _ in range(MOST_TURNS):
            moved = [_step(loop) for loop in self._loops]
            if not any(moved):
                return
        raise AssertionError("the services never come to rest")

    def close(self) -> None:
        """Leave nothing behind."""
        self._end_and_empty()
        for database in self.databases.values():
            database.close()

    def _end_and_empty(self) -> None:
        """End every program; empty the databases and the bucket."""
        for loop in self._loops:
            if loop.close:
                loop.close()
        for close in self._closing:
            close()
        for database in self.databases.values():
            database.client.drop_database(database.db.name)
        self._empty_bucket()

    # Putting together

    def _raise_curtain(self) -> dict[str, Flask]:
        with self._settings("intake"):
            app = intake.build(IntakeSettings.read(), clock=self.clock)
            intake.migrate(app)
            self._has("intake", app.database, intake.loops(app, self.bus))
            pages = {"intake": intake.create_app(app=app)}
        with self._settings("validation"):
            pages["validation"] = self._validation()
        with self._settings("review"):
            pages["review"] = self._review()
        with self._settings("certificate"):
            pages["certificate"] = self._certificate()
        with self._settings("notify"):
            pages["notify"] = self._notify()
        return pages

    def _validation(self) -> Flask:
        app = validation.build(ValidationSettings.read(), clock=self.clock)
        validation.migrate(app)
        sandbox = Sandbox(validation.limits(app.settings))
        check = Loop("check", Checker(app, sandbox).step, close=sandbox.close)
        self._has("validation", app.database, [*validation.loops(app, self.bus), check])
        return validation.create_app(app=app)

    def _review(self) -> Flask:
        app = review.build(ReviewSettings.read(), clock=self.clock)
        review.migrate(app)
        steps = [Loop(name, step) for name, step in review.job_steps(app).items()]
        self._has("review", app.database, [*review.loops(app, self.bus), *steps])
        self.apps["review"] = app
        return review.create_app(app=app)

    def _certificate(self) -> Flask:
        app = certificate.build(CertificateSettings.read(), clock=self.clock)
        certificate.migrate(app)
        self._closing.append(app.throttle.close)
        worker = certificate.create_worker(app.settings, app=app, bus=self.bus)
        maker = certificate.create_maker(app.settings, app=app)
        self._has("certificate", app.database, [*worker.loops, *maker.loops])
        return certificate.create_app(app=app)

    def _notify(self) -> Flask:
        app = notify.build(NotifySettings.read(), clock=self.clock)
        notify.migrate(app)
        self._has("notify", app.database, [*notify.worker_turns(app, self.bus), *notify.sender_turns(app)])
        self._calls = notify.mailbox_turns(app)
        self.apps["notify"] = app
        return notify.create_app(app=app)

    def _has(self, service: str, database: Database, loops: list[Loop]) -> None:
        self.databases[service] = database
        self._loops += loops

    @contextmanager
    def _settings(self, service: str) -> Any:
        """The environment as that service's process would have it."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self._common, **self._private[service]}.items():
                patch.setenv(name, value)
            yield

    def _empty_bucket(self) -> None:
        bucket = self._common["ZHENGJI_S3_BUCKET"]
        address = setting("S3_ENDPOINT")
        store = Minio(
            address.partition("://")[2],
            access_key=setting("S3_ACCESS_KEY"),
            secret_key=setting("S3_SECRET_KEY"),
            secure=address.startswith("https"),
            region=setting("S3_REGION"),
        )
        names = [DeleteObject(each.object_name or "") for each in store.list_objects(bucket, recursive=True)]
        assert not list(store.remove_objects(bucket, names))
        store.remove_bucket(bucket)


@dataclass(frozen=True)
class Backstage:
    """The command line's two calls, on the review of this process."""

    app: Any

    def load(self, campaign: Campaign) -> None:
        """Draft a campaign."""
        load_campaign_draft(self.app, campaign)

    def first_administrator(self, *, name: str, mobile: str, email: str) -> str:
        """Make the first administrator; gives the code."""
        return create_first_administrator(self.app, name, mobile, email).code


def _step(loop: Loop) -> bool:
    try:
        return bool(loop.step())
    except (Away, Conflict):
        return False
