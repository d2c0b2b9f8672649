"""Addresses of the built stylesheet and scripts, with the hash of their content in the name."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import structlog

BUILT = Path(__file__).parents[2] / "build" / "assets"
log = structlog.get_logger(__name__)


@cache
def manifest(folder: Path) -> dict[str, str]:
    """What the build made: plain name -> name with hash. Empty, and said so once, when nothing was built."""
    path = folder / "manifest.json"
    if not path.exists():
        log.warning("front_end_not_built", looked_for=str(path), do="npm ci && npm run build")
        return {}
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def asset(name: str, *, folder: Path = BUILT) -> str:
    """The address of ``css/site.css`` or ``js/site.js``; the plain name when nothing was built."""
    return f"/assets/{manifest(folder).get(name, name)}"
