"""The far side of the sandbox: a warm process that forks a limited child for each file and passes on what it says.

Started by `sandbox.py` as ``python -m services.validation.adapters.cell``; speaks one JSON object a line on its
standard input and output. It has one thread, so forking is safe; everything is imported, so a child costs milliseconds.
"""

from __future__ import annotations

import codecs
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from services.validation.adapters import reader
from services.validation.domain import wire
from services.validation.domain.headings import SoughtPart
from shared import seccomp
from shared.confined import confine

_MOST_ANSWER = 1024 * 1024


def main() -> None:
    """Serve requests until standard input ends."""
    _warm_up()
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # a library that prints must not speak in our place
    answers.write(json.dumps({"ready": True, "seccomp": seccomp.available()}).encode() + b"\n")
    for line in sys.stdin.buffer:
        answers.write(json.dumps(_serve(json.loads(line), watched=0)).encode() + b"\n")


def _warm_up() -> None:
    from PIL import Image

    Image.init()
    # Codecs that are looked up by name are loaded now; the child may open no more than the file.
    for name in ("ascii", "gb18030", "cp437", "cp1252", "utf-16-le"):
        codecs.lookup(name)


def _serve(request: Mapping[str, Any], *, watched: int | None = None) -> dict[str, Any]:
    """Run one request in a child: its answer, or the way it ended. Ends everything when `watched` is closed."""
    out, into = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(out)
        _child(request, into)
    os.close(into)
    raw, end = _listen(out, watched, began + float(request["wall"]))
    os.close(out)
    if end != "done":
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    if end == "orphaned":
        sys.exit(0)
    cpu = usage.ru_utime + usage.ru_stime
    if end == "done":
        end = _ending(status, raw)
    return {"end": end, "cpu": cpu, "peak_mb": usage.ru_maxrss // 1024, "reading": raw.decode("ascii", "replace")}


def _listen(out: int, watched: int | None, deadline: float) -> tuple[bytes, str]:
    pieces = bytearray()
    heard = [out] if watched is None else [out, watched]
    while True:
        left = deadline - time.monotonic()
        ready = select.select(heard, [], [], left)[0] if left > 0 else []
        if not ready:
            return b"", "wall"
        if out not in ready:  # nobody asks while we work, so our asker is gone
            return b"", "orphaned"
        piece = os.read(out, 65536)
        if not piece:
            return bytes(pieces), "done"
        pieces += piece
        if len(pieces) > _MOST_ANSWER:
            return b"", "output"


def _ending(status: int, raw: bytes) -> str:
    if os.WIFSIGNALED(status):
        return "cpu" if os.WTERMSIG(status) == signal.SIGXCPU else f"signal {os.WTERMSIG(status)}"
    code = os.WEXITSTATUS(status)
    if code == 0 and raw:
        return "read"
    return {3: "memory", 4: "error"}.get(code, f"exit {code}")


def _child(request: Mapping[str, Any], into: int) -> None:
    """Limit myself, read, answer, end. Never returns."""
    code = 4
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        os.closerange(3, into)
        os.closerange(into + 1, 1024)
        confine(cpu=int(request["cpu"]), memory=int(request["memory"]))
        sought = [SoughtPart(**{key: _frozen(value) for key, value in part.items()}) for part in request["sought"]]
        answer = wire.to_json(reader.read_file(Path(request["path"]), name=request["name"], sought=sought))
        sent = 0
        while sent < len(answer):
            sent += os.write(into, answer[sent:])
        code = 0
    except MemoryError:
        code = 3
    except BaseException as error:  # the only place where everything is caught: the exit code tells it
        sys.stderr.write(f"reader failed: {type(error).__name__}\n")
    finally:
        os._exit(code)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
