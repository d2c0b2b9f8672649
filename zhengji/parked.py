"""zhengji parked: what a service could not take, in order behind its key."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from shared.clock import system_clock
from shared.records import Database
from shared.settings import ServiceSettings
from zhengji.options import VAR, Var
from zhengji.saying import complain, out, plain
from zhengji.surroundings import SERVICES, settings_of

app = typer.Typer(no_args_is_help=True, help="Events that wait parked.")
Service = Annotated[str, typer.Option("--service", help=f"One of {', '.join(SERVICES)}; all without it.")]
Row = dict[str, Any]


@app.command("list")
def list_(service: Service = "", var: Var = VAR) -> None:
    """One line for each parked event."""
    table = Table("id", "key", "tries", "next try", "error")
    found = 0
    for name in _chosen(service):
        for row in _rows(name, var).find().sort([("topic", 1), ("partition", 1), ("offset", 1)]):
            found += 1
            table.add_row(row["_id"], _key(row), str(row["tries"]), f"{row['next_try']:%H:%M:%S}", row["error"][:80])
    if found:
        out.print(table)
    plain(f"{found} parked")


@app.command()
def show(id: str, var: Var = VAR) -> None:
    """One parked event, whole."""
    row = _row(id, var)
    plain(json.dumps({**row, "key": _key(row), "value": _value(row)}, ensure_ascii=False, indent=2, default=str))


@app.command()
def replay(id: str, var: Var = VAR) -> None:
    """Let the service try an event, and what waits behind it, again at once."""
    row = _row(id, var)
    same = {"group": row["group"], "topic": row["topic"], "key": row["key"]}
    waiting = _rows(row["group"], var).update_many(same, {"$set": {"next_try": system_clock()}}).matched_count
    plain(f"{waiting} to be tried now")


@app.command()
def drop(
    id: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    var: Var = VAR,
) -> None:
    """Give an event up for this service; later events of its key go on."""
    row = _row(id, var)
    if not yes:
        typer.confirm(f"{id} ({row['error'][:80]}) will never have its effect. Drop it?", abort=True, err=True)
    _rows(row["group"], var).delete_one({"_id": id})
    plain(f"dropped {id}")


def _chosen(service: str) -> tuple[str, ...]:
    if service and service not in SERVICES:
        raise typer.BadParameter(f"no service {service!r}", param_hint="--service")
    return (service,) if service else SERVICES


def _rows(service: str, var: Var) -> Any:
    settings = settings_of(ServiceSettings, var=var, service=service)
    return Database(service, uri=settings.mongo_uri, prefix=settings.mongo_prefix).collection("parked")


def _row(id: str, var: Var) -> Row:
    service = id.partition("/")[0]
    row: Row | None = _rows(service, var).find_one({"_id": id}) if service in SERVICES else None
    if row is None:
        complain(f"no parked event {id}; see `zhengji parked list`")
        raise typer.Exit(1)
    return row


def _key(row: Row) -> str:
    return (row["key"] or b"").decode("utf-8", "replace")


def _value(row: Row) -> Any:
    try:
        return json.loads(row["value"] or b"null")
    except ValueError:
        return (row["value"] or b"").decode("utf-8", "replace")
