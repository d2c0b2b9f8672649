"""Progress on screen: one plain line per step, with the seconds since the command began."""

import os
import sys
import time

# Handed on to the Python of .venv that takes over, so that the seconds do not begin again.
_BEGAN = "LOCAL_STACK_BEGAN"
_began = float(os.environ.setdefault(_BEGAN, str(time.monotonic())))


def say(line: str) -> None:
    """Print one line at once, so that a person who waits sees that something happens."""
    print(f"[{time.monotonic() - _began:6.1f} s] {line}", file=sys.stderr, flush=True)
