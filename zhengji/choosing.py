"""How operators say which rows they mean, and what the commands about parked and dead events have in common."""

from __future__ import annotations

import base64
import getpass
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from shared.clock import system_clock
from shared.messaging.operators import Operator, Planned, Which, database_or_away
from shared.records import Database
from shared.settings import ServiceSettings
from shared.trouble import Away
from zhengji.saying import complain, plain
from zhengji.surroundings import SERVICES, settings_of

Row = dict[str, Any]

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Rows by id, as `list` shows them.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A row's id, as `list` shows it.")]
Service = Annotated[str, typer.Option("--service", help=f"One of {', '.join(SERVICES)}; all without it.")]
Topic = Annotated[str, typer.Option("--topic", help="Only this topic.")]
Key = Annotated[str, typer.Option("--key", help="Only this key: the case, where there is one.")]
Error = Annotated[str, typer.Option("--error", help="Only where the error's class or message holds this text.")]
OlderThan = Annotated[str, typer.Option("--older-than", help="Only what is there longer: 90s, 15m, 2h, 3d.")]
All = Annotated[bool, typer.Option("--all", help="Everything, where no id and no filter is given.")]
PerSecond = Annotated[float, typer.Option("--per-second", min=0, help="At most so many a second; 0: at once.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
By = Annotated[str, typer.Option("--by", help="Who asks, for the record; without it, who is logged in here.")]
Why = Annotated[str, typer.Option("--why", help="Why, for the record.")]
MustWhy = Annotated[str, typer.Option("--why", help="Why, for the record; required.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="At most so many lines; 0: all.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Content of a restricted topic too; that goes on the record.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@contextmanager
def hands(*, var: Path, by: str = "") -> Iterator[Callable[[str], Operator]]:
    """Gives a hand on each service that is asked for, in the name of a person.

    A server that does not answer is one sentence and exit code 1.
    """
    opened: list[Database] = []

    def hand(service: str) -> Operator:
        settings = settings_of(ServiceSettings, var=var, service=service)
        with database_or_away():
            database = Database(service, uri=settings.mongo_uri, prefix=settings.mongo_prefix)
        opened.append(database)
        return Operator(database, by=by.strip() or logged_in())

    try:
        yield hand
    except Away as away:
        complain(f"{away}. Nothing more was done.")
        raise typer.Exit(1) from away
    finally:
        for database in opened:
            database.close()


def services(service: str) -> tuple[str, ...]:
    """The one that is named, or all; an unknown one ends the command."""
    return (known(service),) if service else SERVICES


def known(service: str) -> str:
    """The service, where there is one of that name."""
    if service not in SERVICES:
        complain(f"There is no service {service!r}; the services are {', '.join(SERVICES)}.")
        raise typer.Exit(2)
    return service


def logged_in() -> str:
    """Who is logged in here; a number where that user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return f"uid {os.getuid()}"


def which(*, topic: str = "", key: str = "", error: str = "", older_than: str = "") -> Which:
    """The rows that fit what was given."""
    return Which(topic=topic, key=key, error=error, before=_before(older_than))


def _before(older_than: str) -> datetime | None:
    if not older_than:
        return None
    found = re.fullmatch(r"(\d{1,6})([smhd])", older_than.strip())
    if found is None:
        complain(f"--older-than {older_than!r} is no time; write it as 90s, 15m, 2h or 3d.")
        raise typer.Exit(2)
    return system_clock() - timedelta(**{_UNITS[found[2]]: int(found[1])})


def meant(ids: list[str] | None, service: str, fits: Which, *, everything: bool) -> dict[str, Which]:
    """Service by service what is meant; neither an id nor a filter is a mistake, unless everything is asked for."""
    if ids:
        if fits != Which() or everything:
            complain("Give ids or filters, not both.")
            raise typer.Exit(2)
        by_service: dict[str, list[str]] = {}
        for id_ in ids:
            by_service.setdefault(service_of(id_), []).append(id_)
        return {each: Which(ids=tuple(of_it)) for each, of_it in by_service.items()}
    if fits == Which() and not service and not everything:
        complain("Say which: ids, a filter (--service, --topic, --key, --error, --older-than), or --all.")
        raise typer.Exit(2)
    return dict.fromkeys(services(service), fits)


def service_of(id: str) -> str:
    """An id begins with its service."""
    service = id.partition("/")[0]
    if service not in SERVICES:
        complain(f"{id!r} is no id: ids begin with a service, as `list` shows them.")
        raise typer.Exit(1)
    return service


def not_there(kind: str, id: str) -> typer.Exit:
    """Says that there is no such row."""
    complain(f"There is no {kind} event {id}; see `zhengji {kind} list`.")
    return typer.Exit(1)


def line(row: Row) -> str:
    """A row as one JSON object; bytes as text where they are text, else in base64."""
    return json.dumps({name: _plain(each) for name, each in row.items()}, ensure_ascii=False, default=str)


def whole(operator: Operator, row: Row, *, reveal: bool, why: str) -> Row:
    """A row with its content; that of a restricted topic only for a reason, which is put on the record."""
    restricted = row["topic"].endswith(".restricted")
    if restricted and reveal:
        operator.reveal(row["_id"], why=why)
    shown = dict(row)
    if restricted and not reveal:
        shown["value"] = "withheld: contact data; --reveal shows it and enters that on the record"
        shown["headers"] = [each for each in row.get("headers", ()) if each[0].startswith("ce_")]
    elif isinstance(row.get("value"), bytes):
        shown["value_base64"] = base64.b64encode(row["value"]).decode()
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def show(row: Row, *, as_json: bool) -> None:
    """A row for a person, or on one line for a program."""
    plain(line(row) if as_json else json.dumps(json.loads(line(row)), ensure_ascii=False, indent=2))


def must_be_there(kind: str, ids: tuple[str, ...], find: Callable[[str], Row | None]) -> None:
    """Whoever names a row that is not there has mistaken something: nothing is done."""
    for id_ in ids:
        row = find(id_)
        if row is None or "dropped" in row:
            raise not_there(kind, id_)


def must_say_why(why: str) -> None:
    """A reason of blanks is none."""
    if not why.strip():
        complain("Say why with --why: it goes on the record.")
        raise typer.Exit(2)


def confirm(service: str, plan: Planned, *, yes: bool) -> None:
    """Ask whether this is really meant."""
    ask(f"What {plan.rows} events of {plan.keys} keys tell will never have its effect in {service}. Drop?", yes=yes)


def ask(question: str, *, yes: bool) -> None:
    """Ask on standard error, unless the answer was given already; a no ends the command."""
    if not yes:
        typer.confirm(question, abort=True, err=True)


def tell(service: str, plan: Planned, ids: tuple[str, ...], *, done: str, dry_run: bool, as_json: bool) -> None:
    """What a wish came to."""
    if as_json:
        plain(line({"service": service, **asdict(plan), "ids": list(ids), "dry_run": dry_run}))
        return
    will = "would" if dry_run else "will"
    over = f", the last in {plan.seconds:.0f} s" if plan.seconds else ""
    plain(f"{service}: {plan.rows} events of {plan.keys} keys {will} be {done}{over}")
    if dry_run:
        for id_ in ids:
            plain(f"  {id_}")
        if plan.rows > len(ids):
            plain(f"  and {plan.rows - len(ids)} more")
