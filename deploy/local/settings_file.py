"""Settings as files that a shell can source and that our programs are started with."""

import shlex
from collections.abc import Mapping
from pathlib import Path


def write_settings(file: Path, settings: Mapping[str, str], *, note: str) -> None:
    """Write NAME=value lines, quoted for a shell, readable by the owner only; replaced in one step."""
    lines = [f"# {note}", *(f"{name}={shlex.quote(text)}" for name, text in sorted(settings.items()))]
    part = file.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text("\n".join(lines) + "\n")
    part.replace(file)


def read_settings(file: Path) -> dict[str, str]:
    """Read what `write_settings` wrote."""
    if not file.exists():
        return {}
    lines = (line for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return {name: "".join(shlex.split(text)) for name, _, text in (line.partition("=") for line in lines)}
