"""zhengji backup, zhengji restore: the databases and the store to a folder and back (docs/backup.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from shared.messaging.operators import database_or_away
from shared.objects import Objects
from shared.records import Database
from shared.trouble import Away
from zhengji.backup import folder
from zhengji.backup.keys import AllSettings, all_settings, fingerprints
from zhengji.backup.progress import Screen
from zhengji.backup.restoring import Target, check_target, restore
from zhengji.backup.taking import Source, take_backup
from zhengji.backup.topics import KafkaTopics
from zhengji.backup.trouble import BackupTrouble
from zhengji.choosing import By, ask, logged_in
from zhengji.options import VAR, Var
from zhengji.saying import complain, plain
from zhengji.surroundings import SERVICES


def backup(
    into: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where backups are kept; files are copied once.")],
    var: Var = VAR,
) -> None:
    """Copy all databases, as of one instant, and all files of the store into a folder; the platform may run."""
    settings, screen = all_settings(var), Screen()
    with _said_plainly():
        taken, manifest = take_backup(_source(settings), into, screen)
        for left in folder.cut_off(into):
            complain(f"{left} was cut off and is of no use; it may be removed.")
    plain(f"{taken}: {manifest.documents:,} documents, {manifest.objects.objects:,} files, as of {manifest.snapshot}")
    if manifest.missing:
        some = ", ".join(manifest.missing[:3])
        complain(f"{len(manifest.missing)} files that documents name are not in the store, and so not here: {some}")
        raise typer.Exit(1)


def restore_command(
    from_: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="One backup, or the folder they are in: then the newest.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    empty_topics: Annotated[
        bool, typer.Option("--empty-topics", help="Delete what the topics hold; needed beside a Kafka that was in use.")
    ] = False,
    by: By = "",
    var: Var = VAR,
) -> None:
    """Put a backup into an empty platform whose programs are stopped; letters about earlier things are held."""
    settings, screen = all_settings(var), Screen()
    with _said_plainly():
        chosen = folder.choose(from_)
        manifest = folder.read_manifest(chosen)
        with _target(settings, by=by.strip() or logged_in()) as target:
            check_target(target, manifest, empty_topics=empty_topics)
            folder.verify(chosen, manifest, screen)
            ask(
                f"Put {manifest.documents:,} documents and {manifest.objects.objects:,} files as of "
                f"{manifest.snapshot} into {settings.intake.mongo_prefix}_* and {settings.intake.s3_bucket}?",
                yes=yes,
            )
            done = restore(chosen, manifest, target, screen, empty_topics=empty_topics)
    plain(f"{done.documents:,} documents and {done.files:,} files are back, {done.told:,} events told again.")
    plain(f"Epoch {done.epoch}. Everybody has to sign in again.")
    plain(
        f"{done.held:,} letters are held, and letters about what happened before will be: see `zhengji letters held`."
    )


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        with database_or_away():
            yield
    except BackupTrouble as trouble:
        complain(str(trouble))
        raise typer.Exit(1) from trouble
    except Away as away:
        complain(f"{away}.")
        raise typer.Exit(1) from away
    except OSError as error:  # a disk that is full, a folder that nobody may write to
        complain(f"{error.filename or 'The folder'}: {error.strerror}.")
        raise typer.Exit(1) from error


def _source(settings: AllSettings) -> Source:
    return Source(
        databases={
            service: Database(service, uri=settings.intake.mongo_uri, prefix=settings.intake.mongo_prefix)
            for service in SERVICES
        },
        objects=Objects(settings.intake),
        keys=fingerprints(settings),
    )


@contextmanager
def _target(settings: AllSettings, *, by: str) -> Iterator[Target]:
    from services.certificate import wiring as certificate
    from services.intake import wiring as intake
    from services.notify import wiring as notify
    from services.review import wiring as review
    from services.validation import wiring as validation
    from shared.messaging.kafka import KafkaBus  # reads hundreds of schemas

    known = fingerprints(settings)  # before certificate is built, which makes an authority where there is none
    apps = (
        intake.build(settings.intake),
        validation.build(settings.validation),
        review.build(settings.review),
        certificate.build(settings.certificate),
        notify.build(settings.notify),
    )

    def migrate() -> None:
        intake.migrate(apps[0])
        validation.migrate(apps[1])
        review.migrate(apps[2])
        certificate.migrate(apps[3])
        notify.migrate(apps[4])

    objects = Objects(settings.intake)
    objects.ensure_bucket()
    servers = settings.intake.kafka_servers
    try:
        yield Target(
            databases={app.database.service: app.database for app in apps},
            objects=objects,
            keys=known,
            topics=KafkaTopics(servers),
            bus=lambda: KafkaBus(servers),
            migrate=migrate,
            by=by,
        )
    finally:
        for app in apps:
            app.database.close()
