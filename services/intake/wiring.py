"""Puts intake together: the only module that knows all of it."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.intake import store
from services.intake.adapters.receipt_pdf import ReceiptPrinter
from services.intake.adapters.seal import Seal
from services.intake.adapters.sheet_pdf import SheetTypesetter
from services.intake.app import App
from services.intake.handlers import REACTIONS
from services.intake.handlers.reminders import Reminders
from services.intake.handlers.uploads import sweep_uploads
from services.intake.permissions import PERMISSIONS
from services.intake.routes.urls import BLUEPRINTS
from services.intake.settings import IntakeSettings
from shared.campaign.copy import Campaigns
from shared.clock import Clock, system_clock
from shared.identity import SigningKey
from shared.identity.revocations import Revocations
from shared.messaging.port import Bus
from shared.objects import Objects
from shared.process import Loop, Process, every
from shared.records import Database
from shared.telemetry.logs import set_up_logs
from shared.web.app import create_web_app
from shared.web.frame import masthead_of
from shared.worker import ensure_shared_indexes, worker_loops

SERVICE = "intake"
SWEEP_SECONDS = 300


def build(settings: IntakeSettings, *, clock: Clock = system_clock, database: Database | None = None) -> App:
    """The pieces of one process."""
    database = database or Database(SERVICE, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
    return App(
        settings=settings,
        clock=clock,
        database=database,
        accounts=store.accounts(database, clock=clock),
        guessing=store.guessing(database, clock=clock),
        cases=store.cases(database, clock=clock),
        late_uses=store.late_uses(database, clock=clock),
        campaigns=Campaigns(database),
        revocations=Revocations(database),
        objects=Objects(settings),
        seal=Seal(
            SigningKey(kid=settings.receipt_signing_key.kid, key=settings.receipt_signing_key.key),
            retired=settings.receipt_public_keys,
        ),
        printer=ReceiptPrinter(settings.font_dir),
        sheet_pdf=SheetTypesetter(settings.font_dir),
    )


def create_app(settings: IntakeSettings | None = None, *, app: App | None = None) -> Flask:
    """The web role; reads the settings in force where none are given."""
    if app is None:
        settings = settings or IntakeSettings.read()
        set_up_logs(SERVICE, "web", level=settings.log_level)
        app = build(settings)
    web = create_web_app(
        service=SERVICE,
        settings=app.settings,
        blueprints=BLUEPRINTS,
        permissions=PERMISSIONS,
        revoked_before=app.revocations.revoked_before,
        ready={"mongodb": app.database.ping},  # without the store one can still write, submit and read
        template_folder=Path(__file__).parent / "templates",
        clock=app.clock,
        masthead=lambda: masthead_of(app.campaigns),
    )
    web.extensions["intake"] = app
    return web


def loops(app: App, bus: Bus) -> list[Loop]:
    """What the worker turns: relay, hear loop, the sweeping of uploads nobody finished, and reminders."""
    sweep = Loop("sweep", every(SWEEP_SECONDS, lambda: sweep_uploads(app)), idle=5)
    remind = Loop("remind", Reminders(app).step, idle=20, longest_idle=60)
    return worker_loops(app, REACTIONS, database=app.database, bus=bus, clock=app.clock, timers=[sweep, remind])


def create_worker(settings: IntakeSettings) -> Process:
    """The worker role."""
    from shared.messaging.kafka import KafkaBus  # here: pages never load the client

    app = build(settings)
    bus = KafkaBus(settings.kafka_servers, delivery_timeout_ms=settings.kafka_delivery_timeout_ms)
    ready = {"mongodb": app.database.ping, "objects": app.objects.ping, "kafka": bus.ping}
    return Process(loops=loops(app, bus), ready=ready, metrics_port=settings.metrics_port)


def migrate(app: App) -> None:
    """Create indexes and the bucket; safe to repeat."""
    store.ensure_indexes(app.database)
    app.guessing.ensure_indexes()
    ensure_shared_indexes(app.database, clock=app.clock)
    app.objects.ensure_bucket()
