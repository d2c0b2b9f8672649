"""How a process without pages lives: loops in threads, a health server, an orderly end on SIGTERM."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from shared.telemetry.health import Check, Heartbeat, serve_health
from shared.trouble import Away, Conflict

log = structlog.get_logger()

LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class Loop:
    """Something to do again and again.

    ``step`` says whether it did anything; after an idle step the loop rests ``idle`` seconds, after Away a growing
    pause. ``close`` is called once at the end.
    """

    name: str
    step: Callable[[], object]
    idle: float = 0.1
    close: Callable[[], None] | None = None


@dataclass(frozen=True)
class Process:
    """Loops, what must be there for them, and where probes ask."""

    loops: Sequence[Loop]
    ready: Mapping[str, Check] = field(default_factory=dict)
    metrics_port: int = 0
    patience: float = 120.0


def run(process: Process) -> None:
    """Run until SIGTERM or SIGINT. A loop that meets a bug ends the whole process, so that it is started afresh."""
    stop = threading.Event()
    failed = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    heartbeat = Heartbeat(process.patience)
    server = None
    if process.metrics_port:
        server = serve_health(process.metrics_port, ready=process.ready, heartbeat=heartbeat)
    threads = [
        threading.Thread(target=_turn, args=(loop, stop, failed, heartbeat), name=loop.name) for loop in process.loops
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(timeout=9)
    if server:
        server.shutdown()
    alive = [thread.name for thread in threads if thread.is_alive()]
    log.info("process_ended", unfinished=alive, failed=failed.is_set())
    if alive or failed.is_set():
        os._exit(1)


def _turn(loop: Loop, stop: threading.Event, failed: threading.Event, heartbeat: Heartbeat) -> None:
    pause = 0.2
    try:
        while not stop.is_set():
            heartbeat.beat(loop.name)
            try:
                busy = loop.step()
                pause = 0.2
                if not busy:
                    stop.wait(loop.idle)
            except (Away, Conflict) as away:
                log.warning("paused", loop=loop.name, reason=str(away)[:300])
                stop.wait(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
    except Exception:  # a bug: end, loudly, and be started afresh
        log.exception("loop_failed", loop=loop.name)
        failed.set()
        stop.set()
    finally:
        _close(loop)


def _close(loop: Loop) -> None:
    if loop.close is None:
        return
    try:
        loop.close()
    except (Away, Conflict) as away:
        log.warning("closed_without", loop=loop.name, reason=str(away)[:300])


def every(seconds: float, act: Callable[[], object]) -> Callable[[], bool]:
    """A step that acts once in ``seconds`` and is idle in between."""
    last = -seconds

    def step() -> bool:
        nonlocal last
        now = time.monotonic()
        if now - last < seconds:
            return False
        act()
        last = now
        return False

    return step
