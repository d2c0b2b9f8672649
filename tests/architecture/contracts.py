"""Runs the import contracts over a tree."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import Tree


@dataclass(frozen=True)
class Linted:
    """The ids of broken contracts, and all that was printed."""

    broken: set[str]
    printed: str


def contracts(tree: Tree) -> dict[str, str]:
    """Name -> id of every contract of the tree."""
    config = configparser.ConfigParser()
    config.read(tree.root / ".importlinter", encoding="utf-8")
    prefix = "importlinter:contract:"
    return {config[part]["name"]: part.removeprefix(prefix) for part in config.sections() if part.startswith(prefix)}


def lint(tree: Tree) -> Linted:
    """Run lint-imports as `make check` does."""
    program = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run(
        [program, "--no-logo"], cwd=tree.root, capture_output=True, text=True, timeout=60, check=False
    )
    printed = ended.stdout + ended.stderr
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.*\))?$", printed, re.MULTILINE))
    ids = contracts(tree)
    if set(verdicts) != set(ids):
        raise AssertionError(f"lint-imports did not judge every contract:\n{printed}")
    return Linted({ids[name] for name, verdict in verdicts.items() if verdict == "BROKEN"}, printed)
