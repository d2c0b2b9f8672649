"""zhengji admin: the centre's first administrator, who cannot be made on any page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from shared.text import bare_number
from shared.trouble import Refused
from shared.web.wording import moment
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
    another: Annotated[
        str, typer.Option(metavar="WHY", help="Make one although there is one; the reason goes on the record.")
    ] = "",
    var: Var = VAR,
) -> None:
    """Make the first administrator and print the activation code, once."""
    try:
        made = first_administrator(name=name, mobile=mobile, email=email, another=another, var=var)
    except Refused as refused:
        complain(refused.message)
        raise typer.Exit(1) from refused
    plain(made.code)
    complain(f"请打开{made.address}，用手机号{made.mobile}和上面的激活码激活账号。")
    complain(f"激活码只显示这一次，北京时间{moment(made.expires)}前有效。")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A new administrator's code: for whom, where to use it, and until when."""

    code: str
    mobile: str
    address: str
    expires: datetime


def first_administrator(*, name: str, mobile: str, email: str, var: Path, another: str = "") -> Made:
    """Make the first administrator; gives the activation code. Refused when there is one, unless told why another."""
    from services.review import wiring
    from services.review.handlers.accounts import create_first_administrator
    from services.review.settings import ReviewSettings

    app = wiring.build(settings_of(ReviewSettings, var=var, service="review"))
    invitation = create_first_administrator(app, name=name, mobile=mobile, email=email, another=another)
    return Made(
        code=invitation.code,
        mobile=bare_number(mobile),
        address=f"{app.settings.public_url.rstrip('/')}/staff/activate",
        expires=invitation.expires,
    )
