"""Progress on screen: one plain line per step, with the seconds since the command began."""

import sys
import time

_began = time.monotonic()


def say(line: str) -> None:
    """Print one line at once, so that a person who waits sees that something happens."""
    print(f"[{time.monotonic() - _began:6.1f} s] {line}", file=sys.stderr, flush=True)
