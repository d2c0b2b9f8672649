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
        for fault in error.errors():
            complain(f"ZHENGJI_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']} (looked in {files[0]})")
        raise typer.Exit(2) from error
