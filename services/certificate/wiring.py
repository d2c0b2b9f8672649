"""Puts the service together; the only file that knows all of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from flask import Flask

from services.certificate import queries
from services.certificate.adapters.pdf import Typesetter
from services.certificate.adapters.press import Press
from services.certificate.adapters.signing import Keys, PdfJudge, PdfSigner, keys_in, pem_blocks, retired_authorities
from services.certificate.adapters.throttle import Throttle
from services.certificate.domain.numbering import NumberMaker
from services.certificate.handlers import REACTIONS, Service
from services.certificate.maker import Maker
from services.certificate.routes import BLUEPRINTS, PERMISSIONS
from services.certificate.routes.desk import NAME, Desk
from services.certificate.settings import CertificateSettings
from services.certificate.store import Store
from shared.clock import Clock, system_clock
from shared.identity.revocations import Revocations
from shared.messaging.kafka import KafkaBus
from shared.messaging.port import Bus
from shared.objects import Objects
from shared.process import Loop, Process
from shared.records import Database
from shared.telemetry.logs import set_up_logs
from shared.web.app import create_web_app
from shared.worker import ensure_shared_indexes, worker_loops

SERVICE = "certificate"


def open_database(settings: CertificateSettings) -> Database:
    """This service's own database."""
    return Database(SERVICE, uri=settings.mongo_uri, prefix=settings.mongo_prefix)


def open_service(settings: CertificateSettings, database: Database, *, clock: Clock = system_clock) -> Service:
    """What commands and reactions work with."""
    return Service(
        store=Store(database, clock=clock, job_lease=timedelta(seconds=settings.job_lease_seconds)),
        numbers=NumberMaker(settings.numbering_secret),
        revocations=Revocations(database),
        throttle=Throttle(settings.mongo_uri, database_name=database.db.name),
        clock=clock,
    )


def signing_keys(settings: CertificateSettings, *, clock: Clock = system_clock) -> Keys:
    """The keys from the settings, or those in the folder, which are made on first need."""
    given = settings.given_keys
    return given or keys_in(settings.signing_dir, organisation=settings.signing_organisation, now=clock())


def migrate(settings: CertificateSettings | None = None) -> None:
    """Create indexes, bucket and keys; safe to repeat."""
    settings = settings or CertificateSettings.read()
    database = open_database(settings)
    open_service(settings, database).store.ensure_indexes()
    ensure_shared_indexes(database)
    Objects(settings).ensure_bucket()
    signing_keys(settings)


def create_app(
    settings: CertificateSettings | None = None, *, database: Database | None = None, clock: Clock = system_clock
) -> Flask:
    """The pages."""
    if settings is None:
        settings = CertificateSettings.read()
        set_up_logs(SERVICE, "web", level=settings.log_level)
    database = database or open_database(settings)
    service = open_service(settings, database, clock=clock)
    authorities = _authorities(settings, clock=clock)
    app = create_web_app(
        service=SERVICE,
        settings=settings,
        blueprints=BLUEPRINTS,
        permissions=PERMISSIONS,
        revoked_before=service.revocations.revoked_before,
        ready={"mongodb": database.ping},
        template_folder=Path(__file__).parent / "templates",
        clock=clock,
        masthead=lambda: queries.masthead(service),
    )
    app.extensions[NAME] = Desk(
        service=service,
        objects=Objects(settings),
        judge=PdfJudge(authorities),
        settings=settings,
        authorities=b"".join(authorities),
    )
    return app


def create_worker(
    settings: CertificateSettings,
    *,
    database: Database | None = None,
    bus: Bus | None = None,
    clock: Clock = system_clock,
) -> Process:
    """Relay and hear loop."""
    database = database or open_database(settings)
    service = open_service(settings, database, clock=clock)
    service.store.ensure_indexes()
    ensure_shared_indexes(database, clock=clock)
    loops = worker_loops(
        service, REACTIONS, database=database, bus=bus or KafkaBus(settings.kafka_servers), clock=clock
    )
    return Process(loops=loops, ready={"mongodb": database.ping}, metrics_port=settings.metrics_port)


def create_maker(
    settings: CertificateSettings, *, database: Database | None = None, clock: Clock = system_clock
) -> Process:
    """Typesets, signs, keeps; as many of these processes as one likes."""
    database = database or open_database(settings)
    objects = Objects(settings)
    maker = open_maker(settings, open_service(settings, database, clock=clock), objects=objects)
    return Process(
        loops=[Loop("make", maker.step, idle=0.3)],
        ready={"mongodb": database.ping, "objects": objects.ping},
        metrics_port=settings.metrics_port,
    )


def open_maker(settings: CertificateSettings, service: Service, *, objects: Objects) -> Maker:
    """A maker with its fonts and keys."""
    press = Press(
        Typesetter(settings.font_dir),
        PdfSigner(signing_keys(settings, clock=service.clock)),
        public_url=settings.public_url,
    )
    return Maker(service.store, numbers=service.numbers, press=press, objects=objects)


def _authorities(settings: CertificateSettings, *, clock: Clock) -> tuple[bytes, ...]:
    """The authority in force first, then those of earlier years."""
    given = settings.signing_authority_pem.encode()
    retired = pem_blocks(settings.retired_authorities_pem.encode())
    return (
        given or signing_keys(settings, clock=clock).authority,
        *retired,
        *retired_authorities(settings.signing_dir),
    )
