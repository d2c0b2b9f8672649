"""How far it is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]
_EVERY = 5.0


class Screen:
    """Speaks on standard error. Many threads may advance one step."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(text, markup=False)

    @contextmanager
    def step(self, words: str, total: int) -> Iterator[Advance]:
        """A step of ``total`` pieces; the block says how many more are done."""
        began = time.monotonic()
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            with Progress(*columns, console=self._console, transient=True) as progress:
                bar = progress.add_task(words, total=total)
                yield lambda more: progress.advance(bar, more)
        else:
            yield self._plainly(words, total)
        self.say(f"{words}: {total:,} in {time.monotonic() - began:.1f} s")

    def _plainly(self, words: str, total: int) -> Advance:
        done, told = 0, time.monotonic()

        def advance(more: int) -> None:
            nonlocal done, told
            with self._lock:
                done += more
                due = time.monotonic() - told > _EVERY
                told = time.monotonic() if due else told
            if due:
                self.say(f"{words}: {done:,} of {total:,}")

        return advance
