"""Where the command line finds the platform: the environment, or the settings files of a local stack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from dotenv import dotenv_values

from shared.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)
SERVICES = ("intake", "validation", "review", "certificate", "notify")


def take_settings(var: Path, service: str = "") -> None:
    """Put the settings of a local stack into the environment where they are not set; with a service's own secrets."""
    files = [var / "stack.env", *([var / "env" / f"{service}.env"] if service else [])]
    for file in files:
        for name, value in dotenv_values(file).items():
            if name.startswith("ZHENGJI_") and value is not None:
                os.environ.setdefault(name, value)


def settings_of(kind: type[S], *, var: Path, service: str) -> S:
    """The settings of one service; what is missing is named once and the process ends."""
    take_settings(var, service)
    return kind.read()
