"""zhengji breaker: listeners that stopped themselves because they could take nothing any more."""

from __future__ import annotations

from typing import Annotated

import typer

from zhengji import choosing
from zhengji.choosing import AsJson, By, Service, Why
from zhengji.options import VAR, Var
from zhengji.saying import plain
from zhengji.surroundings import SERVICES

app = typer.Typer(no_args_is_help=True, help="Listeners that stopped themselves.")
Named = Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of {', '.join(SERVICES)}.")]


@app.command("list")
def list_(service: Service = "", as_json: AsJson = False, var: Var = VAR) -> None:
    """Which listeners stand still, since when and why."""
    with choosing.hands(var=var) as hand:
        for name in choosing.services(service):
            state = hand(name).breaker()
            if as_json:
                plain(choosing.line({"service": name, "open": state is not None, **(state or {})}))
            elif state is None:
                plain(f"{name:12} listens")
            else:
                opened = f"{state['opened_at']:%m-%d %H:%M:%S}"
                last = f"; last: {state['error_class']}: {state['error'][:80]}" if state.get("error_class") else ""
                plain(f"{name:12} stands still since {opened} UTC: {state['why']}{last}")


@app.command()
def resume(service: Named, by: By = "", why: Why = "", as_json: AsJson = False, var: Var = VAR) -> None:
    """Let a listener go on, when the cause is mended."""
    name = choosing.known(service)
    with choosing.hands(var=var, by=by) as hand:
        resumed = hand(name).resume(why=why)
    if as_json:
        plain(choosing.line({"service": name, "resumed": resumed}))
    else:
        plain(f"{name} goes on" if resumed else f"{name} was not standing still")
