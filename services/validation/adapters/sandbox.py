"""Has a file read in a limited child process: a crash, a timeout or too much memory is a finding, never our end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.validation.domain import wire
from services.validation.domain.headings import SoughtPart
from services.validation.domain.verdict import Reading, unread
from shared.trouble import Away

_ROOT = Path(__file__).resolve().parents[3]
_ENDS = {"cpu": "读取时间过长", "memory": "读取时占用内存过多", "output": "内容异常"}


@dataclass(frozen=True, kw_only=True)
class SandboxLimits:
    """What one file may use: seconds of processor and of wall time, bytes of memory."""

    cpu: int = 10
    wall: float = 60.0
    memory: int = 512 * 1024 * 1024


class Stalled(Exception):
    """The wall time passed although the processor had hardly been used: to be tried again before anything is said."""


class Sandbox:
    """One warm cell; it reads one file at a time and is started again when it dies. Usable from several threads."""

    def __init__(self, limits: SandboxLimits | None = None) -> None:
        self._limits = limits or SandboxLimits()
        self._lock = threading.Lock()
        self._cell: subprocess.Popen[bytes] | None = None

    def read(self, path: Path, *, name: str, sought: Sequence[SoughtPart]) -> Reading:
        """What the file shows; UNREADABLE if its reader did not survive. Stalled if it got no processor time."""
        request = {
            "path": str(path.resolve()),
            "name": name,
            "sought": [{"code": p.code, "names": p.names, "hints": p.hints} for p in sought],
            "cpu": self._limits.cpu,
            "wall": self._limits.wall,
            "memory": self._limits.memory,
        }
        with self._lock:
            answer = self._ask(request)
        return self._understood(answer)

    def close(self) -> None:
        """End the cell."""
        with self._lock:
            if self._cell is not None:
                self._end(self._cell)
                self._cell = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _understood(self, answer: dict[str, Any]) -> Reading:
        end = str(answer["end"])
        if end == "read":
            try:
                return wire.from_json(str(answer["reading"]).encode())
            except ValueError:
                return unread("内容异常")
        if end == "wall" and float(answer["cpu"]) < self._limits.cpu / 2:
            raise Stalled
        return unread(_ENDS.get(end, "读取时出错"))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        cell = self._running()
        assert cell.stdin is not None and cell.stdout is not None
        try:
            cell.stdin.write(json.dumps(request).encode() + b"\n")
            cell.stdin.flush()
            line = cell.stdout.readline()
        except OSError:
            line = b""
        if not line:  # the cell itself died: its child can hardly do that, so the next request gets a new one
            self._end(cell)
            self._cell = None
            return {"end": "cell", "cpu": 0.0}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._cell is not None and self._cell.poll() is not None:
            self._end(self._cell)
            self._cell = None
        if self._cell is None:
            kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
            environment = {name: os.environ[name] for name in kept if name in os.environ}  # no secrets go in
            self._cell = subprocess.Popen(
                [sys.executable, "-m", "services.validation.adapters.cell"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                env={**environment, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
            )
            assert self._cell.stdout is not None
            if not self._cell.stdout.readline():
                raise Away("checker", "the reading process did not start")
        return self._cell

    @staticmethod
    def _end(cell: subprocess.Popen[bytes]) -> None:
        for pipe in (cell.stdin, cell.stdout):
            if pipe is not None:
                with suppress(OSError):  # words that a dead cell will not hear
                    pipe.close()
        cell.kill()
        cell.wait()
