"""Puts validation together: the only module that knows all of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from services.validation import store
from services.validation.adapters.sandbox import Sandbox, SandboxLimits
from services.validation.app import App
from services.validation.checking import MOST_TRIES, Checker
from services.validation.handlers import REACTIONS, conclude_one
from services.validation.routes import BLUEPRINTS, PERMISSIONS
from services.validation.settings import ValidationSettings
from shared.campaign.copy import Campaigns
from shared.clock import Clock, system_clock
from shared.identity.revocations import Revocations
from shared.jobs import Jobs
from shared.messaging.port import Bus
from shared.objects import Objects
from shared.process import Loop, Process
from shared.records import Database
from shared.telemetry.logs import set_up_logs
from shared.web.app import create_web_app
from shared.web.frame import masthead_of
from shared.worker import ensure_shared_indexes, worker_loops

SERVICE = "validation"


def build(settings: ValidationSettings, *, database: Database | None = None, clock: Clock = system_clock) -> App:
    """The pieces of one process."""
    database = database or Database(SERVICE, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
    lease = timedelta(seconds=settings.check_lease_seconds)
    return App(
        settings=settings,
        clock=clock,
        database=database,
        reports=store.reports(database, clock=clock),
        readings=store.Readings(database),
        checks=Jobs(database, store.CHECKS, lease=lease, most_tries=MOST_TRIES, clock=clock),
        conclusions=Jobs(database, store.CONCLUSIONS, most_tries=20, clock=clock),
        campaigns=Campaigns(database),
        revocations=Revocations(database),
        objects=Objects(settings),
    )


def create_app(settings: ValidationSettings | None = None, *, app: App | None = None) -> Flask:
    """The web role; reads the settings in force where none are given."""
    if app is None:
        settings = settings or ValidationSettings.read()
        set_up_logs(SERVICE, "web", level=settings.log_level)
        app = build(settings)
    web = create_web_app(
        service=SERVICE,
        settings=app.settings,
        blueprints=BLUEPRINTS,
        permissions=PERMISSIONS,
        revoked_before=app.revocations.revoked_before,
        ready={"mongodb": app.database.ping},
        template_folder=Path(__file__).parent / "templates",
        clock=app.clock,
        masthead=lambda: masthead_of(app.campaigns),
    )
    web.extensions["validation"] = app
    return web


def loops(app: App, bus: Bus) -> list[Loop]:
    """What the worker turns: relay, hear loop, and the conclusion of reports."""
    conclude = Loop(
        "conclude", lambda: conclude_one(app), idle=0.2, longest_idle=0.6, give_back=app.conclusions.give_back
    )
    return worker_loops(app, REACTIONS, database=app.database, bus=bus, clock=app.clock, timers=[conclude])


def create_worker(settings: ValidationSettings) -> Process:
    """The worker role."""
    from shared.messaging.kafka import KafkaBus  # here: pages never load the client

    app = build(settings)
    migrate(app)
    bus = KafkaBus(settings.kafka_servers, delivery_timeout_ms=settings.kafka_delivery_timeout_ms)
    ready = {"mongodb": app.database.ping, "kafka": bus.ping}
    return Process(loops=loops(app, bus), ready=ready, metrics_port=settings.metrics_port)


def create_checker(settings: ValidationSettings) -> Process:
    """The checker role; as many of these processes as one likes."""
    app = build(settings)
    sandbox = Sandbox(limits(settings))
    check = Loop(
        "check",
        Checker(app, sandbox).step,
        idle=0.2,
        longest_idle=0.6,
        close=sandbox.close,
        give_back=app.checks.give_back,
        patience=app.checks.longest.total_seconds(),
    )
    ready = {"mongodb": app.database.ping, "objects": app.objects.ping}
    return Process(loops=[check], ready=ready, metrics_port=settings.metrics_port)


def limits(settings: ValidationSettings) -> SandboxLimits:
    """What the reading of one file may use."""
    return SandboxLimits(
        cpu=settings.check_cpu_seconds,
        wall=settings.check_wall_seconds,
        memory=settings.check_memory_mb * 1024 * 1024,
    )


def migrate(app: App) -> None:
    """Create the indexes; safe to repeat."""
    store.ensure_indexes(app.database)
    app.checks.ensure_indexes()
    app.conclusions.ensure_indexes()
    ensure_shared_indexes(app.database, clock=app.clock)
