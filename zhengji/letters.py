"""zhengji letters: letters about things before a restore, which go only when a person says so."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from services.notify import wiring
from services.notify.app import App
from services.notify.handlers.letters import release_letter, set_letter_aside
from services.notify.settings import NotifySettings
from shared.records.audit import AuditTrail, Decided
from shared.trouble import Away, NotThere, Refused
from zhengji.choosing import By, Why, Yes, ask, logged_in
from zhengji.options import VAR, Var
from zhengji.saying import complain, plain
from zhengji.surroundings import settings_of

app = typer.Typer(no_args_is_help=True, help="Letters that are held after a restore.")
Ids = Annotated[list[str] | None, typer.Argument(help="Letters, as `held` lists them.")]
Kind = Annotated[str, typer.Option("--kind", help="All letters of a kind: receipt, findings, certificate …")]
All = Annotated[bool, typer.Option("--all", help="All letters that are held.")]


@app.command()
def held(kind: Kind = "", var: Var = VAR) -> None:
    """One line for each letter that is held, and how many there are of each kind."""
    with _notify(var) as notify:
        rows = notify.letters.held(kind=kind)
    for row in rows:
        written = f"{row['created']:%Y-%m-%d %H:%M}"
        plain(f"{row['_id']}  {row['kind']:24} {written}  {row.get('case_id') or row.get('name', '')}")
    for each, count in sorted(Counter(row["kind"] for row in rows).items()):
        plain(f"{each:24} {count:6}")
    plain(f"{len(rows)} held")


@app.command()
def release(
    ids: Ids = None, kind: Kind = "", all_: All = False, yes: Yes = False, by: By = "", why: Why = "", var: Var = VAR
) -> None:
    """Let letters go, marked "possibly twice", with the Message-ID they had."""
    with _notify(var) as notify:
        chosen = _chosen(notify, ids, kind, everything=all_)
        ask(f"Send {len(chosen)} letters?", yes=yes or not chosen)
        _each(notify, chosen, release_letter, what="放行暂缓的信件", by=by, why=why)


@app.command()
def drop(
    ids: Ids = None, kind: Kind = "", all_: All = False, yes: Yes = False, by: By = "", why: Why = "", var: Var = VAR
) -> None:
    """Decide that letters do not go; on the centre's pages they count as not delivered."""
    with _notify(var) as notify:
        chosen = _chosen(notify, ids, kind, everything=all_)
        ask(f"Give up {len(chosen)} letters?", yes=yes or not chosen)
        _each(notify, chosen, set_letter_aside, what="放弃暂缓的信件", by=by, why=why)


def _chosen(notify: App, ids: list[str] | None, kind: str, *, everything: bool) -> list[str]:
    if bool(ids) + bool(kind) + everything != 1:
        complain("Say which: letters by id, or a --kind, or --all.")
        raise typer.Exit(2)
    held = [row["_id"] for row in notify.letters.held(kind=kind)]
    for id_ in ids or ():
        if id_ not in held:
            complain(f"The letter {id_} is not held; see `zhengji letters held`.")
            raise typer.Exit(1)
    return ids or held


def _each(notify: App, chosen: list[str], act: Callable[[App, str], None], *, what: str, by: str, why: str) -> None:
    """First the record, then the deed."""
    if chosen:
        about = " ".join(chosen[:20]) + (" …" if len(chosen) > 20 else "")
        by = f"运维：{by.strip() or logged_in()}"
        entry = Decided(cause=f"command/{uuid.uuid4()}", by=by, what=what, about=about, why=why, at=notify.clock())
        AuditTrail(notify.database).append(entry)
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
        complain(f"{away}.")
        raise typer.Exit(1) from away
    finally:
        notify.database.close()
