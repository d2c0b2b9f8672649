"""Addresses of the built stylesheet and scripts, with the hash of their content in the name."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import structlog

BUILT = Path(__file__).parents[2] / "build" / "assets"
log = structlog.get_logger(__name__)


def manifest(folder: Path) -> dict[str, str]:
    """What the last build made: plain name -> name with hash. Empty, and said so once, when nothing was built."""
    path = folder / "manifest.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return _nothing_built(path)


@lru_cache(maxsize=4)
def _read(path: Path, _built_at: int) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=4)
def _nothing_built(path: Path) -> dict[str, str]:
    log.warning("front_end_not_built", looked_for=str(path), do="npm ci && npm run build")
    return {}


def asset(name: str, *, folder: Path = BUILT) -> str:
    """The address of ``css/site.css`` or ``js/site.js``; the plain name when nothing was built."""
    return f"/assets/{manifest(folder).get(name, name)}"
