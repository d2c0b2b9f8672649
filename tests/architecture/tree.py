"""A source tree to look at: the real one, or a copy in which something was broken on purpose."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "validation", "review", "certificate", "notify")
_NOT_OURS = {
    ".git", ".venv", "var", "build", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    ".hypothesis", ".import_linter_cache",
}  # fmt: skip
_NOT_TEXT = {".docx", ".doc", ".pdf", ".png", ".jpg", ".jpeg", ".ico", ".mp4", ".woff2", ".zip", ".xlsx", ".pyc"}


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str
    text: str

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def all(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """Every node of these kinds."""
        return (node for kind in kinds for node in _nodes(self.text).get(kind, ()))

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every imported name in full, and its line: `from a import b` gives a.b."""
        for node in self.all(ast.Import, ast.ImportFrom):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            else:
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


@dataclass(frozen=True)
class Tree:
    """Our files below one folder."""

    root: Path

    def texts(self, *endings: str) -> Iterator[tuple[str, str]]:
        """Path and text of every file of ours that people wrote or that we check in; `endings` narrows it."""
        for path in self._paths():
            if path.suffix not in _NOT_TEXT and (not endings or path.name.endswith(endings)):
                yield path.relative_to(self.root).as_posix(), path.read_text(encoding="utf-8", errors="replace")

    def sources(self, *folders: str) -> Iterator[Source]:
        """Every Python file below these folders."""
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*.py")):
                yield Source(path.relative_to(self.root).as_posix(), path.read_text(encoding="utf-8"))

    def source(self, path: str) -> Source:
        """One Python file."""
        return Source(path, (self.root / path).read_text(encoding="utf-8"))

    def started(self) -> dict[str, dict[str, Any]]:
        """What each service says of itself, started without the other four; `failed` holds why one did not start."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(SERVICES, pool.map(self._start, SERVICES), strict=True))

    def _start(self, service: str) -> dict[str, Any]:
        digest = hashlib.sha256()
        for folder in ("shared", f"services/{service}"):
            for path in sorted((self.root / folder).rglob("*.py")):
                digest.update(path.read_bytes())
        return _started(self.root, service, digest.hexdigest())

    def _paths(self) -> Iterator[Path]:
        for folder, names, files in os.walk(self.root):
            names[:] = sorted(set(names) - _NOT_OURS)
            yield from (Path(folder) / file for file in sorted(files))


def copy_of(tree: Tree, to: Path) -> Tree:
    """The same files elsewhere, to be broken."""
    shutil.copytree(tree.root, to, ignore=lambda _folder, names: _NOT_OURS & set(names), symlinks=True)
    return Tree(to)


@cache
def _nodes(text: str) -> dict[type[ast.AST], list[ast.AST]]:
    """Every node of a file by its kind."""
    found: dict[type[ast.AST], list[ast.AST]] = {}
    for node in ast.walk(ast.parse(text)):
        found.setdefault(type(node), []).append(node)
    return found


_KNOWN: dict[tuple[str, str], dict[str, Any]] = {}


def _started(root: Path, service: str, digest: str) -> dict[str, Any]:
    if (service, digest) not in _KNOWN:
        program = root / "tests/architecture/alone.py"
        ended = subprocess.run(
            [sys.executable, "-B", str(program), service],
            cwd=root,
            env={"PATH": os.environ.get("PATH", "")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        failed = {"failed": "\n".join(ended.stderr.splitlines()[-3:])}
        _KNOWN[service, digest] = json.loads(ended.stdout.splitlines()[-1]) if ended.returncode == 0 else failed
    return _KNOWN[service, digest]
