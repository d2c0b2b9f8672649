"""Puts review together: the only module that knows all of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Flask

from services.review import store
from services.review.adapters.min_cost_flow import assign
from services.review.app import App
from services.review.handlers import REACTIONS
from services.review.handlers.shortlists import seal_due_shortlists
from services.review.handlers.work import work_step
from services.review.permissions import PERMISSIONS
from services.review.routes.urls import BLUEPRINTS
from services.review.settings import ReviewSettings
from shared.campaign.copy import Campaigns
from shared.clock import Clock, system_clock
from shared.identity.revocations import Revocations
from shared.jobs import Jobs
from shared.messaging.comparing import Comparison
from shared.messaging.port import Bus
from shared.objects import Objects
from shared.process import Loop, Process, every
from shared.records import Database
from shared.records.audit import AuditTrail
from shared.telemetry.logs import set_up_logs
from shared.web.app import create_web_app
from shared.web.frame import masthead_of
from shared.worker import ensure_shared_indexes, worker_loops

SERVICE = "review"
SEAL_SECONDS = 2
LONGEST_WORK = timedelta(minutes=30)
"""A job may reach every case of a campaign."""


def build(settings: ReviewSettings, *, clock: Clock = system_clock, database: Database | None = None) -> App:
    """The pieces of one process."""
    database = database or Database(SERVICE, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
    return App(
        settings=settings,
        clock=clock,
        database=database,
        campaign_files=store.campaign_files(database, clock=clock),
        contacts=store.contacts(database, clock=clock),
        accounts=store.accounts(database, clock=clock),
        shortlists=store.shortlists(database, clock=clock),
        cases=store.cases(database, clock=clock),
        rounds=store.rounds(database, clock=clock),
        reviews=store.reviews(database, clock=clock),
        decisions=store.decisions(database, clock=clock),
        disqualifications=store.disqualifications(database, clock=clock),
        permissions=store.permissions(database, clock=clock),
        transfers=store.transfers(database, clock=clock),
        work=Jobs(database, "work", longest=LONGEST_WORK, clock=clock),
        campaigns=Campaigns(database),
        revocations=Revocations(database),
        guessing=store.guessing(database, clock=clock),
        record=AuditTrail(database),
        objects=Objects(settings),
        plan=assign,
    )


def create_app(settings: ReviewSettings | None = None, *, app: App | None = None) -> Flask:
    """The web role; reads the settings in force where none are given."""
    if app is None:
        settings = settings or ReviewSettings.read()
        set_up_logs(SERVICE, "web", level=settings.log_level)
        app = build(settings)
    pieces = app
    web = create_web_app(
        service=SERVICE,
        settings=app.settings,
        blueprints=BLUEPRINTS,
        permissions=PERMISSIONS,
        revoked_before=app.revocations.revoked_before,
        ready={"mongodb": app.database.ping},
        template_folder=Path(__file__).parent / "templates",
        clock=app.clock,
        masthead=lambda: masthead_of(pieces.campaigns),
    )
    web.extensions["review"] = app
    return web


def loops(app: App, bus: Bus) -> list[Loop]:
    """What the worker turns: relay, hear loop, the sealing of shortlists, jobs over many documents, the comparison."""
    seal = Loop("seal", every(SEAL_SECONDS, lambda: seal_due_shortlists(app)), idle=1)
    work = Loop(
        "work",
        lambda: work_step(app),
        idle=0.2,
        longest_idle=1.0,
        give_back=app.work.give_back,
        patience=LONGEST_WORK.total_seconds(),
    )
    comparison = Comparison(app.database, bus)
    seconds = app.settings.compare_topics_hours * 3600
    compare = Loop(
        "compare", lambda: comparison.step(every_seconds=seconds), idle=60, hurry=comparison.hurry, patience=3600
    )
    timers = [seal, work, compare]
    return worker_loops(app, REACTIONS, database=app.database, bus=bus, clock=app.clock, timers=timers)


def job_steps(app: App) -> dict[str, Callable[[], bool]]:
    """The steps of a worker that are no news: for journeys that turn everything by hand."""
    return {"work": lambda: work_step(app), "seal": lambda: seal_due_shortlists(app) > 0}


def create_worker(settings: ReviewSettings) -> Process:
    """The worker role."""
    from shared.messaging.kafka import KafkaBus  # web processes never load a Kafka client

    app = build(settings)
    bus = KafkaBus(settings.kafka_servers, delivery_timeout_ms=settings.kafka_delivery_timeout_ms)
    ready = {"mongodb": app.database.ping, "kafka": bus.ping}
    return Process(loops=loops(app, bus), ready=ready, metrics_port=settings.metrics_port)


def migrate(app: App) -> None:
    """Create indexes; safe to repeat."""
    store.ensure_indexes(app.database)
    app.guessing.ensure_indexes()
    app.record.ensure_indexes()
    app.work.ensure_indexes()
    ensure_shared_indexes(app.database, clock=app.clock)
