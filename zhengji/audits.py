"""zhengji audit: whether the record of decisions still holds, link by link."""

from __future__ import annotations

import typer

from shared.records import Database
from shared.records.audit import AuditTrail
from shared.settings import ServiceSettings
from zhengji.options import VAR, Var
from zhengji.saying import complain, plain
from zhengji.surroundings import SERVICES, settings_of

app = typer.Typer(no_args_is_help=True, help="The record of decisions.")


@app.callback()
def about() -> None:
    """The record of decisions."""


@app.command()
def verify(var: Var = VAR) -> None:
    """Follow the chain of every service's record; exits with 1 at the first entry that does not hold."""
    broken = False
    for service in SERVICES:
        settings = settings_of(ServiceSettings, var=var, service=service)
        database = Database(service, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
        trail = AuditTrail(database)
        at, head = trail.verify(), trail.head()
        entries = database.collection("record").count_documents({})
        database.close()
        if at is None:
            plain(f"{service:12} {entries:6} entries hold, head {head[:16]}")
        else:
            complain(f"{service:12} entry {at} of {entries} does not hold")
            broken = True
    raise typer.Exit(1 if broken else 0)
