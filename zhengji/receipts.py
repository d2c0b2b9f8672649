"""zhengji receipt: whether a receipt that somebody shows is genuine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from services.intake.adapters.seal import Judge, Seal
from services.intake.settings import IntakeSettings
from shared.identity import SigningKey
from shared.trouble import Refused
from zhengji.options import VAR, Var
from zhengji.saying import complain, plain
from zhengji.surroundings import settings_of

app = typer.Typer(no_args_is_help=True, help="Receipts of submissions.")

File = Annotated[Path, typer.Argument(help="A receipt as PDF, or its signed text as JSON.")]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", help="Public keys as /receipts/keys.json gives them; without it those of the settings."),
]


@app.callback()
def about() -> None:
    """Receipts of submissions."""


@app.command()
def verify(file: File, keys: Keys = None, var: Var = VAR) -> None:
    """Say what a receipt attests; exits with 1 where it is not genuine, with 2 where it cannot be judged."""
    judge = Judge(_known(keys, var))
    try:
        document = judge.read(_bytes(file))
    except Refused as refused:
        complain(refused.message)
        raise typer.Exit(1) from refused
    plain(f"这份回执由本平台出具，真实有效，为第{document['version']}版的回执。")
    plain(json.dumps(document, ensure_ascii=False, indent=2))


def _known(keys: Path | None, var: Path) -> dict[str, str]:
    if keys is None:
        settings = settings_of(IntakeSettings, var=var, service="intake")
        mine = settings.receipt_signing_key
        return Seal(SigningKey(kid=mine.kid, key=mine.key), retired=settings.receipt_public_keys).public_keys
    try:
        return {str(each["kid"]): str(each["key"]) for each in json.loads(_bytes(keys))["keys"]}
    except (ValueError, KeyError, TypeError) as error:
        complain(f'{keys} does not hold keys as /receipts/keys.json gives them: {{"keys": [{{"kid", "key"}}]}}.')
        raise typer.Exit(2) from error


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        complain(f"{file} cannot be read: {error.strerror}.")
        raise typer.Exit(2) from error
