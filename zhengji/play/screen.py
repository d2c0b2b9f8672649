"""What the audience sees: progress while the play goes on (bars on a terminal, plain lines elsewhere), then tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

_EVERY = 5.0


class Screen:
    """Speaks on standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """One line with the minute of the play."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        with self._lock:
            self.console.print(f"[dim]{minutes:02}:{seconds:02}[/dim]  {text}", soft_wrap=True)

    @contextmanager
    def step(self, words: str, total: int) -> Iterator[Callable[[], None]]:
        """A step of ``total`` pieces; the block calls what it is given after each."""
        began = time.monotonic()
        if self.console.is_terminal:
            columns = (TextColumn("       {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            with Progress(*columns, console=self.console, transient=True) as progress:
                bar = progress.add_task(words, total=total)
                yield lambda: progress.advance(bar)
        else:
            yield self._plainly(words, total)
        self.say(f"{words}：{total}，{time.monotonic() - began:.1f} 秒")

    def _plainly(self, words: str, total: int) -> Callable[[], None]:
        done, told = 0, time.monotonic()

        def advance() -> None:
            nonlocal done, told
            with self._lock:
                done += 1
                due = time.monotonic() - told > _EVERY
                told = time.monotonic() if due else told
            if due:
                self.say(f"{words} {done}/{total}")

        return advance

    def line(self, *words: str) -> None:
        """One line that may be longer than the screen, so that it can be copied whole."""
        self.console.print("  ".join(words), soft_wrap=True)

    def counts(self, title: str, counts: Mapping[str, int | str]) -> None:
        """A table of names and numbers."""
        self.rows(title, ("", ""), [(name, str(count)) for name, count in sorted(counts.items())])

    def rows(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table, with its title above; long cells are folded, never cut."""
        table = Table(show_header=any(columns), show_edge=False, box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(f"[bold]{title}[/bold]")
        self.console.print(table)
        self.console.print()
