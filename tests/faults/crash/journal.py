"""What the processes of a run did, line by line in a file; what was written survives a kill -9."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

Line = dict[str, Any]


class Journal:
    """One process's end of the file: each line is a single appending write."""

    def __init__(self, path: Path, *, service: str, life: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._who = {"service": service, "life": life}

    def note(self, what: str, **facts: Any) -> None:
        """Write one line."""
        line = {**self._who, "at": round(time.time(), 3), "what": what, **facts}
        os.write(self._file, f"\n{json.dumps(line, ensure_ascii=False)}\n".encode())


def read(path: Path) -> list[Line]:
    """All lines in the order of writing; one that a kill, or this very moment, cut short is passed over."""
    if not path.exists():
        return []
    return [whole for line in path.read_bytes().split(b"\n") if (whole := _whole(line)) is not None]


def _whole(line: bytes) -> Line | None:
    if not line.endswith(b"}"):
        return None
    try:
        found: Line = json.loads(line)
    except ValueError:
        return None
    return found
