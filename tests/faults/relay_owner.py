"""A relay in a process of its own that stops itself at a named point, as if it had been paused there.

``python -m tests.faults.relay_owner POINT PREFIX MONGO KAFKA [dies]``: it stops itself (SIGSTOP) once; continued, it
goes on as if nothing had happened, or dies as soon as its step is over.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from shared.messaging import kafka
from shared.messaging.kafka import KafkaBus
from shared.messaging.relay import Relay
from shared.records import Database
from shared.trouble import Away
from tests.faults.boards import boards

LEASE_SECONDS = 1.0
POINTS = ("read", "leased", "handed over", "acknowledged", "copied", "marked")
"""What it had just done when it was paused."""
_HOLDS_BACK_MS = 60_000


def _stop_once() -> Callable[[], None]:
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)

    return stop


def _before(thing: Any, name: str, stop: Callable[[], None]) -> None:
    act = getattr(thing, name)

    def stopping(*args: Any, **kwargs: Any) -> Any:
        stop()
        return act(*args, **kwargs)

    setattr(thing, name, stopping)


def _after(thing: Any, name: str, stop: Callable[[], None]) -> None:
    act = getattr(thing, name)

    def stopping(*args: Any, **kwargs: Any) -> Any:
        done = act(*args, **kwargs)
        stop()
        return done

    setattr(thing, name, stopping)


def stops_at(relay: Relay, bus: KafkaBus, point: str) -> None:
    """Let a relay stop its process when it comes to a point of its way."""
    stop = _stop_once()
    if point == "read":
        _after(relay, "_waiting", stop)
    elif point == "acknowledged":
        _before(relay._lease, "prove", stop)
    elif point == "copied":
        _after(relay, "_copy", stop)
    elif point == "marked":
        _after(relay, "_mark", stop)
    else:
        relay._speaker = speaker = bus.speaker("paused")
        _before(speaker if point == "leased" else speaker._producer, "tell" if point == "leased" else "flush", stop)


def main(point: str, prefix: str, mongo: str, servers: str, *rest: str) -> None:
    """Be the owner, tell one step, and once more."""
    kafka._LINGER_MS = _HOLDS_BACK_MS  # nothing leaves before the relay asks for it: the pause comes first
    database = Database("review", uri=mongo, prefix=prefix)
    boards(database)
    bus = KafkaBus(servers)
    relay = Relay(database, bus, lease_seconds=LEASE_SECONDS, settle=0)
    stops_at(relay, bus, point)
    for _ in range(2):
        try:
            relay.step()
        except Away as away:
            sys.stdout.write(f"{away}\n")
        if "dies" in rest:
            os._exit(0)
    relay.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
