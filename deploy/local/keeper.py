"""The keeper: starts our own programs again when they end by themselves, as Kubernetes would; `down` ends it first."""

import signal
import threading
import time
from typing import Protocol

from deploy.local.places import Places, places
from deploy.local.say import say
from deploy.local.stack import Stack, alone
from deploy.local.trouble import CannotGoOn

# A program that ends at once again and again is started less and less often, up to this many seconds apart.
_LONGEST_PAUSE = 30.0
_STEADY = 60.0


class Watched(Protocol):
    """What the keeper asks of a stack."""

    def ended(self) -> list[str]: ...

    def start_again(self, name: str) -> bool: ...


class Keeper:
    """Watches the programs of one stack; those that were stopped on purpose have no pid file and stay stopped."""

    def __init__(self, stack: Watched) -> None:
        self._stack = stack
        self._started: dict[str, float] = {}
        self._pause: dict[str, float] = {}

    def look(self, now: float) -> list[str]:
        """Start again what has ended and whose pause is over; returns the names."""
        return [name for name in self._stack.ended() if self._is_due(name, now) and self._start(name, now)]

    def _is_due(self, name: str, now: float) -> bool:
        return now - self._started.get(name, -_LONGEST_PAUSE) >= self._pause.get(name, 0.0)

    def _start(self, name: str, now: float) -> bool:
        steady = now - self._started.get(name, now) > _STEADY
        self._pause[name] = 1.0 if steady else min(_LONGEST_PAUSE, 2 * self._pause.get(name, 0.5))
        self._started[name] = now
        return self._stack.start_again(name)


def main(here: Places) -> None:
    """Look every half second until told to end."""
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    keeper = Keeper(Stack(here))
    while not end.wait(0.5):
        try:
            with alone(here):
                for name in keeper.look(time.monotonic()):
                    say(f"{name} had ended and was started again; its log: {here.log_of(name)}")
        except CannotGoOn:
            continue  # another command works on the stack; look again soon


if __name__ == "__main__":
    main(places())
