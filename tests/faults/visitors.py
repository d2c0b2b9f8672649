"""Visitors who come at a steady pace, whether the ones before them were answered or not; each answer is kept."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

MOST_AT_ONCE = 48


@dataclass(frozen=True)
class Answer:
    """What one request came to; ``status`` is 0 where no whole answer came."""

    what: str
    status: int
    seconds: float
    error: str = ""

    @property
    def is_lost(self) -> bool:
        """No answer, or one that says that the platform is away or broken."""
        return self.status == 0 or self.status >= 500


Visit = Callable[[], httpx.Response]


class Visitors:
    """``visits`` are asked for in turn, ``rate`` a second."""

    def __init__(self, visits: Sequence[tuple[str, Visit]], *, rate: float) -> None:
        self._visits = visits
        self._rate = rate
        self.answers: list[Answer] = []

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Inside the block they come; at its end everybody waits for the answer to what was asked."""
        enough = threading.Event()
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            bell = threading.Thread(target=self._ring, args=(pool, enough))
            bell.start()
            try:
                yield
            finally:
                enough.set()
                bell.join()

    def _ring(self, pool: ThreadPoolExecutor, enough: threading.Event) -> None:
        began, count = time.monotonic(), 0
        while not enough.wait(max(0.0, began + count / self._rate - time.monotonic())):
            what, visit = self._visits[count % len(self._visits)]
            pool.submit(self._visit, what, visit)
            count += 1

    def _visit(self, what: str, visit: Visit) -> None:
        began = time.monotonic()
        try:
            response = visit()
            answer = Answer(what, response.status_code, time.monotonic() - began)
        except (httpx.HTTPError, OSError) as error:
            answer = Answer(what, 0, time.monotonic() - began, repr(error))
        self.answers.append(answer)

    @property
    def lost(self) -> list[Answer]:
        """Whatever a visitor would complain of."""
        return [answer for answer in self.answers if answer.is_lost]

    def table(self) -> str:
        """How many answers of each kind, and how long they took."""
        seconds = sorted(answer.seconds for answer in self.answers)
        counted = Counter((answer.what, answer.status) for answer in self.answers)
        lines = [f"{what:28} {status:3} {count:6}" for (what, status), count in sorted(counted.items())]
        spread = [f"p{share} {seconds[int((len(seconds) - 1) * share / 100)]:.2f} s" for share in (50, 99, 100)]
        return "\n".join([*lines, f"{len(seconds)} answers, " + ", ".join(spread)])
