"""The commands on rows that a listener left over: list, show, replay and drop, the same for parked and dead ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import typer
from rich.table import Table

from shared.messaging.operators import Operator, Planned, Which
from zhengji import choosing
from zhengji.choosing import (
    All,
    AsJson,
    By,
    DryRun,
    Error,
    Id,
    Ids,
    Key,
    Limit,
    MustWhy,
    OlderThan,
    PerSecond,
    Reveal,
    Row,
    Service,
    Topic,
    Why,
    Yes,
)
from zhengji.options import VAR, Var
from zhengji.saying import out, plain

Wish = tuple[Planned, tuple[str, ...]]
"""What a wish comes to, and the first ids."""


class Finds(Protocol):
    def __call__(self, operator: Operator, which: Which, /, *, limit: int = 0) -> Iterator[Row]: ...


class Replays(Protocol):
    def __call__(
        self, operator: Operator, which: Which, /, *, why: str = "", per_second: float = 0.0, dry_run: bool = False
    ) -> Wish: ...


class Drops(Protocol):
    def __call__(self, operator: Operator, which: Which, /, *, why: str, dry_run: bool = False) -> Wish: ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of rows: its word, what the commands do with it, and how a row looks in the list."""

    word: str
    about: str
    replaying: str
    dropping: str
    find: Finds
    one: Callable[[Operator, str], Row | None]
    replay: Replays
    drop: Drops
    columns: Mapping[str, Callable[[Row], str]]


def commands(kind: Kind) -> typer.Typer:
    """The commands of one kind."""
    app = typer.Typer(no_args_is_help=True, help=kind.about)

    @app.command("list", help=f"One line for each {kind.word} event.")
    def list_(
        service: Service = "",
        topic: Topic = "",
        key: Key = "",
        error: Error = "",
        older_than: OlderThan = "",
        limit: Limit = 100,
        as_json: AsJson = False,
        var: Var = VAR,
    ) -> None:
        fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
        found: list[Row] = []
        with choosing.hands(var=var) as hand:
            for name in choosing.services(service):
                found += kind.find(hand(name), fits, limit=limit and limit + 1 - len(found))
                if limit and len(found) > limit:
                    break
        shown = found[:limit] if limit else found
        if as_json:
            for row in shown:
                plain(choosing.line(row))
            return
        table = Table(*kind.columns)
        for row in shown:
            table.add_row(*(words(row) for words in kind.columns.values()))
        if shown:
            out.print(table)
        more = len(found) - len(shown)
        plain(f"{len(shown)} {kind.word}{', and more: --limit 0 shows all' if more else ''}")

    @app.command(help=f"One {kind.word} event, whole.")
    def show(
        id: Id, reveal: Reveal = False, by: By = "", why: Why = "", as_json: AsJson = False, var: Var = VAR
    ) -> None:
        with choosing.hands(var=var, by=by) as hand:
            operator = hand(choosing.service_of(id))
            row = kind.one(operator, id)
            if row is None:
                raise choosing.not_there(kind.word, id)
            choosing.show(choosing.whole(operator, row, reveal=reveal, why=why), as_json=as_json)

    @app.command(help=kind.replaying)
    def replay(
        ids: Ids = None,
        service: Service = "",
        topic: Topic = "",
        key: Key = "",
        error: Error = "",
        older_than: OlderThan = "",
        everything: All = False,
        per_second: PerSecond = 0.0,
        dry_run: DryRun = False,
        by: By = "",
        why: Why = "",
        as_json: AsJson = False,
        var: Var = VAR,
    ) -> None:
        fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
        with choosing.hands(var=var, by=by) as hand:
            for name, operator, which in _meant(kind, hand, choosing.meant(ids, service, fits, everything=everything)):
                plan, some = kind.replay(operator, which, why=why, per_second=per_second, dry_run=dry_run)
                choosing.tell(name, plan, some, done="tried again", dry_run=dry_run, as_json=as_json)

    @app.command(help=kind.dropping)
    def drop(
        why: MustWhy,
        ids: Ids = None,
        service: Service = "",
        topic: Topic = "",
        key: Key = "",
        error: Error = "",
        older_than: OlderThan = "",
        everything: All = False,
        dry_run: DryRun = False,
        yes: Yes = False,
        by: By = "",
        as_json: AsJson = False,
        var: Var = VAR,
    ) -> None:
        choosing.must_say_why(why)
        fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
        with choosing.hands(var=var, by=by) as hand:
            for name, operator, which in _meant(kind, hand, choosing.meant(ids, service, fits, everything=everything)):
                plan, some = kind.drop(operator, which, why=why, dry_run=True)
                if plan.rows and not dry_run:
                    choosing.confirm(name, plan, yes=yes)
                    plan, some = kind.drop(operator, which, why=why)
                choosing.tell(name, plan, some, done="dropped", dry_run=dry_run, as_json=as_json)

    return app


def _meant(
    kind: Kind, hand: Callable[[str], Operator], meant: Mapping[str, Which]
) -> Iterator[tuple[str, Operator, Which]]:
    """Each service with the rows that are meant there; one that is named and not there ends the command."""
    for name, which in meant.items():
        operator = hand(name)
        choosing.must_be_there(kind.word, which.ids, partial(kind.one, operator))
        yield name, operator, which


def fault(row: Row) -> str:
    """The error's class and message; a row that only queues has none of its own."""
    return f"{row['error_class']}: {row['error']}"[:80] if row["error_class"] else row["error"]
