"""Puts notify together: the only module that knows all of it."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.notify import routes, store
from services.notify.adapters.imap import ImapMailbox
from services.notify.adapters.originals import StoredOriginals
from services.notify.adapters.paper import Paper
from services.notify.adapters.smtp import SmtpPost
from services.notify.app import App
from services.notify.domain.ports import Mailbox, Originals, Post
from services.notify.handlers import REACTIONS
from services.notify.handlers.mailbox import empty_mailbox
from services.notify.handlers.sending import find_addresses, send_next
from services.notify.permissions import PERMISSIONS
from services.notify.settings import NotifySettings
from shared.campaign.copy import Campaigns
from shared.clock import Clock, system_clock
from shared.identity.revocations import Revocations
from shared.messaging.port import Bus
from shared.objects import Objects
from shared.process import Loop, Process
from shared.records import Database
from shared.web.app import create_web_app
from shared.web.frame import masthead_of
from shared.worker import ensure_shared_indexes, worker_loops

SERVICE = "notify"


def build(
    settings: NotifySettings,
    *,
    clock: Clock = system_clock,
    post: Post | None = None,
    mailbox: Mailbox | None = None,
    originals: Originals | None = None,
) -> App:
    """The pieces of one process; mail server, mailbox and store are the real ones unless others are given."""
    database = Database(SERVICE, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
    return App(
        settings=settings,
        clock=clock,
        database=database,
        letters=store.Letters(database, clock=clock),
        cases=store.case_contacts(database, clock=clock),
        staff=store.staff_contacts(database, clock=clock),
        mails=store.Mails(database, clock=clock),
        buckets=store.Buckets(database),
        earlier=store.Earlier(database),
        campaigns=Campaigns(database),
        revocations=Revocations(database),
        paper=Paper(public_url=settings.public_url, sender=settings.sender, sender_name=settings.mail_from_name),
        post=post or smtp_post(settings),
        mailbox=mailbox or imap_mailbox(settings, clock=clock),
        originals=originals or StoredOriginals(Objects(settings)),
    )


def smtp_post(settings: NotifySettings) -> SmtpPost:
    """The mail server the settings name; nothing is connected yet."""
    return SmtpPost(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password,
        security=settings.security_of_smtp,
    )


def imap_mailbox(settings: NotifySettings, *, clock: Clock = system_clock) -> ImapMailbox:
    """The mailbox the settings name; nothing is connected yet."""
    return ImapMailbox(
        host=settings.imap_host,
        port=settings.imap_port,
        user=settings.imap_user,
        password=settings.imap_password,
        secure=settings.security_of_imap,
        folder=settings.imap_folder,
        clock=clock,
    )


def create_app(settings: NotifySettings | None = None, *, app: App | None = None) -> Flask:
    """The web role; reads the settings in force where none are given."""
    app = app or build(settings or NotifySettings.read())
    web = create_web_app(
        service=SERVICE,
        settings=app.settings,
        blueprints=routes.BLUEPRINTS,
        permissions=PERMISSIONS,
        revoked_before=app.revocations.revoked_before,
        ready={"mongodb": app.database.ping},
        template_folder=Path(__file__).parent / "templates",
        clock=app.clock,
        masthead=lambda: masthead_of(app.campaigns),
    )
    web.extensions["notify"] = app
    return web


def worker_turns(app: App, bus: Bus) -> list[Loop]:
    """What the worker turns: relay and hear loop."""
    return worker_loops(app, REACTIONS, database=app.database, bus=bus, clock=app.clock)


def sender_turns(app: App) -> list[Loop]:
    """What the sender turns: it looks for addresses, and sends one letter after the other."""
    return [
        Loop("addresses", lambda: find_addresses(app), idle=0.5, longest_idle=1.0),
        Loop("send", lambda: send_next(app), idle=0.2, longest_idle=0.8, close=app.post.close),
    ]


def mailbox_turns(app: App) -> list[Loop]:
    """What the mailbox role turns: it empties the mailbox every few seconds."""
    return [Loop("mailbox", lambda: empty_mailbox(app), idle=app.settings.mailbox_every_seconds)]


def create_worker(settings: NotifySettings) -> Process:
    """The worker role."""
    from shared.messaging.kafka import KafkaBus  # here: pages never load the client

    app = build(settings)
    bus = KafkaBus(settings.kafka_servers, delivery_timeout_ms=settings.kafka_delivery_timeout_ms)
    ready = {"mongodb": app.database.ping, "kafka": bus.ping}
    return Process(loops=worker_turns(app, bus), ready=ready, metrics_port=settings.metrics_port)


def create_sender(settings: NotifySettings) -> Process:
    """The sender role; several may run, they draw from the same limits."""
    app = build(settings)
    ready = {"mongodb": app.database.ping, "smtp": app.post.ping}
    return Process(loops=sender_turns(app), ready=ready, metrics_port=settings.metrics_port)


def create_mailbox(settings: NotifySettings) -> Process:
    """The mailbox role."""
    app = build(settings)
    objects = Objects(settings)
    ready = {"mongodb": app.database.ping, "imap": app.mailbox.ping, "objects": objects.ping}
    return Process(loops=mailbox_turns(app), ready=ready, metrics_port=settings.metrics_port)


def migrate(app: App) -> None:
    """Create indexes and the bucket; safe to repeat."""
    store.ensure_indexes(app.database)
    ensure_shared_indexes(app.database, clock=app.clock)
    Objects(app.settings).ensure_bucket()
