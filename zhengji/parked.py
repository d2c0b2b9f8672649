"""zhengji parked: what a service could not take, in order behind its key."""

from __future__ import annotations

import typer
from rich.table import Table

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

app = typer.Typer(no_args_is_help=True, help="Events that wait parked.")


@app.command("list")
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
    """One line for each parked event."""
    fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
    found: list[Row] = []
    with choosing.hands(var=var) as hand:
        for name in choosing.services(service):
            found += hand(name).parked(fits, limit=limit and limit + 1 - len(found))
            if limit and len(found) > limit:
                break
    shown = found[:limit] if limit else found
    if as_json:
        for row in shown:
            plain(choosing.line(row))
        return
    table = Table("id", "key", "tries", "state", "error")
    for row in shown:
        fault = f"{row['error_class']}: {row['error']}"[:80] if row["error_class"] else row["error"]
        table.add_row(row["_id"], row["key"].decode("utf-8", "replace"), str(row["tries"]), _state(row), fault)
    if shown:
        out.print(table)
    more = len(found) - len(shown)
    plain(f"{len(shown)} parked{', and more: --limit 0 shows all' if more else ''}")


@app.command()
def show(id: Id, reveal: Reveal = False, by: By = "", why: Why = "", as_json: AsJson = False, var: Var = VAR) -> None:
    """One parked event, whole."""
    with choosing.hands(var=var, by=by) as hand:
        operator = hand(choosing.service_of(id))
        row = operator.one_parked(id)
        if row is None:
            raise choosing.not_there("parked", id)
        choosing.show(choosing.whole(operator, row, reveal=reveal, why=why), as_json=as_json)


@app.command()
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
    """Have events, and what waits behind them, tried again by the service's worker; twice changes nothing."""
    fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
    with choosing.hands(var=var, by=by) as hand:
        for name, which in choosing.meant(ids, service, fits, everything=everything).items():
            operator = hand(name)
            choosing.must_be_there("parked", which.ids, operator.one_parked)
            plan, some = operator.replay_parked(which, why=why, per_second=per_second, dry_run=dry_run)
            choosing.tell(name, plan, some, done="tried again", dry_run=dry_run, as_json=as_json)


@app.command()
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
    """Give events up for their service; later events of their keys go on."""
    choosing.must_say_why(why)
    fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
    with choosing.hands(var=var, by=by) as hand:
        for name, which in choosing.meant(ids, service, fits, everything=everything).items():
            operator = hand(name)
            choosing.must_be_there("parked", which.ids, operator.one_parked)
            plan, some = operator.drop_parked(which, why=why, dry_run=True)
            if plan.rows and not dry_run:
                choosing.confirm(name, plan, yes=yes)
                plan, some = operator.drop_parked(which, why=why)
            choosing.tell(name, plan, some, done="dropped", dry_run=dry_run, as_json=as_json)


def _state(row: Row) -> str:
    if "drop" in row:
        return "to be dropped"
    if "asked" in row:
        return "to be tried again"
    if not row["error_class"]:
        return "in the queue"
    return f"again at {row['next_try']:%m-%d %H:%M:%S}"
