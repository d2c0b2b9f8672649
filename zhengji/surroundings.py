"""Where the command line finds the platform: the environment, and the settings files of a local stack beneath it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import typer
from dotenv import dotenv_values
from pydantic import ValidationError

from shared.settings import ServiceSettings
from zhengji.saying import complain

S = TypeVar("S", bound=ServiceSettings)
SERVICES = ("intake", "validation", "review", "certificate", "notify")


def surroundings(var: Path) -> Mapping[str, str]:
    """What a stack tells everybody; the environment wins."""
    told = {name: value for name, value in dotenv_values(var / "stack.env").items() if value is not None}
    return {**told, **os.environ}


def settings_of(kind: type[S], *, var: Path, service: str) -> S:
    """The settings of one service, its own secrets included; what is missing is named and the command ends."""
    files = (var / "stack.env", var / "env" / f"{service}.env")
    try:
        return kind(_env_file=files)
    except ValidationError as error:
        if not files[0].exists() and all(fault["type"] == "missing" for fault in error.errors()):
            complain(f"No stack at {var}: run `make up`, name its folder with --var, or set ZHENGJI_… yourself.")
            raise typer.Exit(2) from error
        for fault in error.errors():
            name, said = "_".join(map(str, fault["loc"])).upper(), fault["msg"].removeprefix("Value error, ")
            complain(f"ZHENGJI_{name}: {said} (looked in {files[0]})")
        raise typer.Exit(2) from error
