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
        os.write(self._file, (json.dumps(line, ensure_ascii=False) + "\n").encode())


def read(path: Path) -> list[Line]:
    """All lines, in the order in which they were written."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
