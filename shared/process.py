"""How a process without pages lives: loops in threads, a health server, an orderly end on SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from shared.telemetry.health import Check, Heartbeat, serve_health
from shared.trouble import Away, Conflict

log = structlog.get_logger()

LONGEST_PAUSE = 5.0
LONGEST_END = 7.5
"""Seconds from SIGTERM until the loops must have ended; what is left of ten is for giving back and going."""
LONGEST_GIVING_BACK = 1.0
"""Seconds for all that is left behind to be put back: enough, or a dependency is away."""


@dataclass(frozen=True)
class Loop:
    """Something to do again and again.

    ``step`` says whether it did anything; after an idle step the loop rests ``idle`` seconds, and longer after each
    further one, up to ``longest_idle`` where that is given; after Away a growing pause. When the process is to end,
    ``hurry`` asks a long step to stop after what it is at; ``close`` is called by the loop's own thread when its last
    step is over. A step that does not end in time is left behind: ``give_back`` puts what it holds where others find
    it. ``patience`` is how long one step may take before probes call it stuck, where that differs from the process's.
    """

    name: str
    step: Callable[[], object]
    idle: float = 0.1
    longest_idle: float = 0.0
    close: Callable[[], None] | None = None
    hurry: Callable[[], None] | None = None
    give_back: Callable[[], None] | None = None
    patience: float | None = None


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
    threads = {
        loop.name: threading.Thread(target=_turn, args=(loop, stop, failed, heartbeat), name=loop.name)
        for loop in process.loops
    }
    for thread in threads.values():
        thread.start()
    stop.wait()
    began = time.monotonic()
    _end_together(process.loops, threads, deadline=began + LONGEST_END)
    left = [loop for loop in process.loops if threads[loop.name].is_alive()]
    kept = _not_given_back(left)
    if server:
        server.shutdown()
    seconds = round(time.monotonic() - began, 2)
    names = [loop.name for loop in left]
    log.info("process_ended", seconds=seconds, left_behind=names, not_given_back=kept, failed=failed.is_set())
    if left or failed.is_set():
        sys.stdout.flush()
        os._exit(1 if kept or failed.is_set() else 0)  # threads that are left behind would not let us go


def _end_together(loops: Sequence[Loop], threads: Mapping[str, threading.Thread], *, deadline: float) -> None:
    """Wait for all loops, no longer than the deadline for all of them together."""
    for loop in loops:
        if loop.hurry is not None:
            loop.hurry()
    for thread in threads.values():
        thread.join(timeout=max(0.0, deadline - time.monotonic()))


def _not_given_back(left: Sequence[Loop]) -> list[str]:
    """Put back what these loops hold, all at the same time; the names of those where that failed."""
    kept = {loop.name for loop in left}

    def give_back(name: str, act: Callable[[], None]) -> None:
        try:
            act()
        except (Away, Conflict) as away:
            log.warning("not_given_back", loop=name, reason=str(away)[:300])
        else:
            kept.discard(name)

    threads = [
        threading.Thread(target=give_back, args=(loop.name, loop.give_back), daemon=True)
        for loop in left
        if loop.give_back
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LONGEST_GIVING_BACK
    for thread in threads:
        thread.join(timeout=max(0.0, deadline - time.monotonic()))
    return sorted(kept)


def _turn(loop: Loop, stop: threading.Event, failed: threading.Event, heartbeat: Heartbeat) -> None:
    pause, rest = 0.2, loop.idle
    try:
        while not stop.is_set():
            heartbeat.beat(loop.name, patience=loop.patience)
            try:
                busy = loop.step()
                pause = 0.2
                if busy:
                    rest = loop.idle
                else:
                    stop.wait(rest)
                    rest = max(loop.idle, min(loop.longest_idle, rest * 1.5))
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
