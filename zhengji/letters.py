"""zhengji letters: letters about things before a restore, which go only when a person says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from services.notify import wiring
from services.notify.app import App
from services.notify.handlers.letters import release_letter, set_letter_aside
from services.notify.settings import NotifySettings
from shared.trouble import Away, NotThere, Refused
from zhengji.options import VAR, Var
from zhengji.saying import complain, out, plain
from zhengji.surroundings import settings_of

app = typer.Typer(no_args_is_help=True, help="Letters that are held after a restore.")
Ids = Annotated[list[str] | None, typer.Argument(help="Letters, as `held` lists them.")]
Kind = Annotated[str, typer.Option("--kind", help="All letters of a kind: receipt, findings, certificate …")]
All = Annotated[bool, typer.Option("--all", help="All letters that are held.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


@app.command()
def held(kind: Kind = "", var: Var = VAR) -> None:
    """One line for each letter that is held, and how many there are of each kind."""
    with _notify(var) as notify:
        rows = notify.letters.held(kind=kind)
    table = Table("id", "kind", "written", "to", "case")
    for row in rows:
        written = f"{row['created']:%Y-%m-%d %H:%M}"
        table.add_row(row["_id"], row["kind"], written, row.get("name", ""), row.get("case_id", ""))
    if rows:
        out.print(table)
    for each, count in sorted(Counter(row["kind"] for row in rows).items()):
        plain(f"{each:24} {count:6}")
    plain(f"{len(rows)} held")


@app.command()
def release(ids: Ids = None, kind: Kind = "", all_: All = False, yes: Yes = False, var: Var = VAR) -> None:
    """Let letters go, marked "possibly twice", with the Message-ID they had."""
    _decide("Send", ids, kind, all_, yes, var, release_letter)


@app.command()
def drop(ids: Ids = None, kind: Kind = "", all_: All = False, yes: Yes = False, var: Var = VAR) -> None:
    """Decide that letters do not go; on the centre's pages they count as not delivered."""
    _decide("Give up", ids, kind, all_, yes, var, set_letter_aside)


def _decide(
    words: str, ids: list[str] | None, kind: str, all_: bool, yes: bool, var: Var, act: Callable[[App, str], None]
) -> None:
    if bool(ids) + bool(kind) + all_ != 1:
        raise typer.BadParameter("name letters, or a --kind, or --all")
    with _notify(var) as notify:
        chosen = ids or [row["_id"] for row in notify.letters.held(kind=kind)]
        if chosen and not yes:
            typer.confirm(f"{words} {len(chosen)} letters?", abort=True, err=True)
        for letter_id in chosen:
            act(notify, letter_id)
    plain(f"{len(chosen)} letters")


@contextmanager
def _notify(var: Var) -> Iterator[App]:
    notify = wiring.build(settings_of(NotifySettings, var=var, service="notify"))
    try:
        yield notify
    except (Refused, NotThere) as refused:
        complain(refused.message)
        raise typer.Exit(1) from refused
    except Away as away:
        complain(f"{away.dependency} is away: {away}")
        raise typer.Exit(1) from away
    finally:
        notify.database.close()
