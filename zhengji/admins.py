"""zhengji admin: the centre's first administrator, who cannot be made on any page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.trouble import Refused
from zhengji.options import VAR, Var
from zhengji.saying import complain, plain
from zhengji.surroundings import settings_of

app = typer.Typer(no_args_is_help=True, help="The centre's administrators.")


@app.callback()
def about() -> None:
    """The centre's administrators."""


@app.command("create-first")
def create_first(
    name: Annotated[str, typer.Option(help="姓名")],
    mobile: Annotated[str, typer.Option(help="手机号")],
    email: Annotated[str, typer.Option(help="电子邮箱")],
    var: Var = VAR,
) -> None:
    """Make the first administrator and print the activation code, once."""
    try:
        plain(first_administrator(name=name, mobile=mobile, email=email, var=var))
    except Refused as refused:
        complain(refused.message)
        raise typer.Exit(1) from refused


def first_administrator(*, name: str, mobile: str, email: str, var: Path) -> str:
    """Make the first administrator; gives the activation code. Refused when there is one."""
    from services.review import wiring
    from services.review.handlers.accounts import create_first_administrator
    from services.review.settings import ReviewSettings

    app = wiring.build(settings_of(ReviewSettings, var=var, service="review"))
    return create_first_administrator(app, name=name, mobile=mobile, email=email)
