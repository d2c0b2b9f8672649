"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Var = Annotated[
    Path,
    typer.Option("--var", help="Folder of the local stack whose settings are taken where the environment has none."),
]
VAR = Path("var")
