"""zhengji dead: records that belong to nothing a service could find out."""

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

app = typer.Typer(no_args_is_help=True, help="Records that nobody could read or attribute.")


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
    """One line for each dead event."""
    fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
    found: list[Row] = []
    with choosing.hands(var=var) as hand:
        for name in choosing.services(service):
            found += hand(name).dead(fits, limit=limit and limit + 1 - len(found))
            if limit and len(found) > limit:
                break
    shown = found[:limit] if limit else found
    if as_json:
        for row in shown:
            plain(choosing.line(row))
        return
    table = Table("id", "tries", "state", "error")
    for row in shown:
        table.add_row(row["_id"], str(row["tries"]), _state(row), f"{row['error_class']}: {row['error']}"[:80])
    if shown:
        out.print(table)
    more = len(found) - len(shown)
    plain(f"{len(shown)} dead{', and more: --limit 0 shows all' if more else ''}")


@app.command()
def show(id: Id, reveal: Reveal = False, by: By = "", why: Why = "", as_json: AsJson = False, var: Var = VAR) -> None:
    """One dead event, whole."""
    with choosing.hands(var=var, by=by) as hand:
        operator = hand(choosing.service_of(id))
        row = operator.one_dead(id)
        if row is None:
            raise choosing.not_there("dead", id)
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
    """Have records offered to the service's worker once more; twice changes nothing."""
    fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
    with choosing.hands(var=var, by=by) as hand:
        for name, which in choosing.meant(ids, service, fits, everything=everything).items():
            operator = hand(name)
            choosing.must_be_there("dead", which.ids, operator.one_dead)
            plan, some = operator.replay_dead(which, why=why, per_second=per_second, dry_run=dry_run)
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
    """Empty dead records; that they were there stays on the record."""
    choosing.must_say_why(why)
    fits = choosing.which(topic=topic, key=key, error=error, older_than=older_than)
    with choosing.hands(var=var, by=by) as hand:
        for name, which in choosing.meant(ids, service, fits, everything=everything).items():
            operator = hand(name)
            choosing.must_be_there("dead", which.ids, operator.one_dead)
            plan, some = operator.drop_dead(which, why=why, dry_run=True)
            if plan.rows and not dry_run:
                choosing.confirm(name, plan, yes=yes)
                plan, some = operator.drop_dead(which, why=why)
            choosing.tell(name, plan, some, done="dropped", dry_run=dry_run, as_json=as_json)


def _state(row: Row) -> str:
    if "asked" in row:
        return "to be tried again"
    return f"since {row['first_failed']:%m-%d %H:%M:%S}"
