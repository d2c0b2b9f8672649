"""Puts the service together; the only file that knows all of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from services.certificate.adapters.pdf import CertificateTypesetter
from services.certificate.adapters.press import Press
from services.certificate.adapters.signing import Keys, PdfJudge, PdfSigner, keys_in, pem_blocks, retired_authorities
from services.certificate.adapters.throttle import Throttle
from services.certificate.app import App
from services.certificate.domain.numbering import NumberMaker
from services.certificate.handlers import REACTIONS
from services.certificate.maker import Maker
from services.certificate.permissions import PERMISSIONS
from services.certificate.routes import BLUEPRINTS
from services.certificate.settings import CertificateSettings
from services.certificate.store import Store
from shared.campaign.copy import Campaigns
from shared.clock import Clock, system_clock
from shared.identity.revocations import Revocations
from shared.messaging.port import Bus
from shared.objects import Objects
from shared.process import Loop, Process
from shared.records import Database
from shared.telemetry.logs import set_up_logs
from shared.web.app import create_web_app
from shared.web.frame import masthead_of
from shared.worker import ensure_shared_indexes, worker_loops

SERVICE = "certificate"


def build(settings: CertificateSettings, *, clock: Clock = system_clock, database: Database | None = None) -> App:
    """The pieces of one process."""
    database = database or Database(SERVICE, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
    authorities = _authorities(settings, clock=clock)
    return App(
        settings=settings,
        clock=clock,
        database=database,
        store=Store(database, clock=clock, job_lease=timedelta(seconds=settings.job_lease_seconds)),
        campaigns=Campaigns(database),
        numbers=NumberMaker(settings.numbering_secret),
        revocations=Revocations(database),
        throttle=Throttle(settings.mongo_uri, database_name=database.db.name),
        objects=Objects(settings),
        judge=PdfJudge(authorities),
        authorities=authorities,
    )


def migrate(app: App) -> None:
    """Create indexes and bucket; safe to repeat."""
    app.store.ensure_indexes()
    ensure_shared_indexes(app.database, clock=app.clock)
    app.objects.ensure_bucket()


def create_app(settings: CertificateSettings | None = None, *, app: App | None = None) -> Flask:
    """The web role; reads the settings in force where none are given."""
    if app is None:
        settings = settings or CertificateSettings.read()
        set_up_logs(SERVICE, "web", level=settings.log_level)
        app = build(settings)
    pieces = app
    web = create_web_app(
        service=SERVICE,
        settings=pieces.settings,
        blueprints=BLUEPRINTS,
        permissions=PERMISSIONS,
        revoked_before=pieces.revocations.revoked_before,
        ready={"mongodb": pieces.database.ping},
        template_folder=Path(__file__).parent / "templates",
        clock=pieces.clock,
        masthead=lambda: masthead_of(pieces.campaigns),
    )
    web.extensions[SERVICE] = pieces
    return web


def create_worker(settings: CertificateSettings, *, app: App | None = None, bus: Bus | None = None) -> Process:
    """Relay and hear loop."""
    from shared.messaging.kafka import KafkaBus  # here: pages never load the client

    app = app or build(settings)
    migrate(app)
    bus = bus or KafkaBus(settings.kafka_servers, delivery_timeout_ms=settings.kafka_delivery_timeout_ms)
    loops = worker_loops(app, REACTIONS, database=app.database, bus=bus, clock=app.clock)
    return Process(loops=loops, ready={"mongodb": app.database.ping}, metrics_port=settings.metrics_port)


def create_maker(settings: CertificateSettings, *, app: App | None = None) -> Process:
    """Typesets, signs, keeps; as many of these processes as one likes."""
    app = app or build(settings)
    jobs = app.store.jobs
    make = Loop(
        "make",
        open_maker(app).step,
        idle=0.3,
        longest_idle=1.0,
        give_back=jobs.give_back,
        patience=jobs.longest.total_seconds(),
    )
    return Process(
        loops=[make],
        ready={"mongodb": app.database.ping, "objects": app.objects.ping},
        metrics_port=settings.metrics_port,
    )


def open_maker(app: App) -> Maker:
    """A maker with its fonts and keys."""
    signer = PdfSigner(_keys(app.settings, clock=app.clock))
    return Maker(
        app, press=Press(CertificateTypesetter(app.settings.font_dir), signer, public_url=app.settings.public_url)
    )


def _keys(settings: CertificateSettings, *, clock: Clock) -> Keys:
    """The keys from the settings, or those in the folder, which are made on first need."""
    if not settings.signing_key_pem:
        return keys_in(settings.signing_dir, organisation=settings.signing_organisation, now=clock())
    return Keys(
        key=settings.signing_key_pem.encode(),
        certificate=settings.signing_certificate_pem.encode(),
        authority=settings.signing_authority_pem.encode(),
    )


def _authorities(settings: CertificateSettings, *, clock: Clock) -> tuple[bytes, ...]:
    """The authority in force first, then those of earlier years."""
    current = settings.signing_authority_pem.encode() or _keys(settings, clock=clock).authority
    retired = pem_blocks(settings.retired_authorities_pem.encode())
    return (current, *retired, *retired_authorities(settings.signing_dir))
