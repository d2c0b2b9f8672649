"""Who is let in when more come than a process can serve: what can wait is turned away first, and waits in line.

Overload is judged by the *standing wait*: the shortest time for which any request of the last moments waited before a
thread took it up. A burst that is worked off leaves it near zero; a queue that never empties does not.
Sources: Nichols and Jacobson, "Controlling queue delay" (CoDel), ACM Queue 2012, for the measure; Zhou et al.,
"Overload control for scaling WeChat microservices" (DAGOR), SoCC 2018, for letting in by importance, in small steps.

Nothing here knows the time or the web: every method is handed the seconds of a monotonic clock.
"""

from __future__ import annotations

import bisect
import hashlib
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Importance(IntEnum):
    """The higher the number, the sooner it is turned away; what is ALWAYS let in counts, and is never judged."""

    ALWAYS = 0
    HANDING_IN = 1
    WORKING = 2
    BROWSING = 3
    SAVING_BY_ITSELF = 4


INTERVAL = 0.5
"""Seconds of a moment: what is measured and decided holds for one."""
FORGOTTEN_AFTER = 45.0
"""Seconds without a sign after which somebody in line has gone away."""
SPENT_FOR = 3600.0
"""Seconds for which it is remembered that somebody went in with a ticket; no ticket is good for longer."""
MOST_IN_LINE = 100_000
LEAST = 0.25
"""What part is let in of the most important, however many come."""
_GROWS = 1.06
"""By what a process is thought to be able to do more, each moment in which nobody has to wait."""
_CALM = 20
"""After so many moments without a crowd nothing is counted any more."""
_LONGEST = 30
"""Seconds after which everybody in line asks again at the latest."""


@dataclass(frozen=True)
class Turned:
    """Away for now: how many are ahead (0: no line is kept for this), and when to come again, in seconds."""

    ahead: int
    retry_after: int


class StandingWait:
    """The shortest wait, in seconds, of the present moment and the one before."""

    def __init__(self) -> None:
        self._began = -math.inf
        self._now = self._before = math.inf

    def saw(self, wait: float, at: float) -> None:
        """A request had waited so long when it was taken up."""
        self._turn(at)
        self._now = min(self._now, max(0.0, wait))

    def shortest(self, at: float) -> float:
        """Zero where nothing came."""
        self._turn(at)
        shortest = min(self._now, self._before)
        return 0.0 if shortest == math.inf else shortest

    def _turn(self, at: float) -> None:
        passed = at - self._began
        if passed < INTERVAL:
            return
        self._before = self._now if passed < 2 * INTERVAL else math.inf
        self._began, self._now = at, math.inf


class Line:
    """Those who wait, by when they came first. A ticket begins with that instant: tickets sort so."""

    def __init__(self) -> None:
        self._tickets: list[str] = []
        self._seen: dict[str, float] = {}
        self._spent: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def place(self, ticket: str, at: float) -> int:
        """How many are ahead of this ticket; it is in the line from now on."""
        ahead = bisect.bisect_left(self._tickets, ticket)
        if ticket not in self._seen:
            if len(self._tickets) >= MOST_IN_LINE:
                return ahead
            self._tickets.insert(ahead, ticket)
        self._seen[ticket] = at
        return ahead

    def is_spent(self, ticket: str) -> bool:
        """Whether somebody went in with it."""
        return ticket in self._spent

    def let_in(self, ticket: str, at: float) -> None:
        """Whoever bore it goes in; nobody else does with the same."""
        self.leave(ticket)
        self._spent[ticket] = at

    def leave(self, ticket: str) -> None:
        """Whoever bore it is no longer in line."""
        if self._seen.pop(ticket, None) is not None:
            del self._tickets[bisect.bisect_left(self._tickets, ticket)]

    def forget(self, at: float) -> None:
        """Those who have gone away hold up nobody."""
        gone = [ticket for ticket, seen in self._seen.items() if at - seen > FORGOTTEN_AFTER]
        for ticket in gone:
            self.leave(ticket)
        while self._spent and (first := next(iter(self._spent))) and at - self._spent[first] > SPENT_FOR:
            del self._spent[first]


class Gate:
    """Lets in as much as can be served. One for each process; safe for threads.

    While all have to wait, what is let in each moment is what the process can do. So much is shared out, the most
    important first; a little less while the standing wait is above ``target`` seconds, a little more while it is not.
    """

    def __init__(self, *, target: float, clock: Callable[[], float]) -> None:
        self._target = target
        self._clock = clock
        self._lock = threading.Lock()
        self._wait = StandingWait()
        self._line = Line()
        self._decided = -math.inf
        self._came = dict.fromkeys(Importance, 0.0)
        self._let_in = 0
        self._demand = dict.fromkeys(Importance, 0.0)
        self._capacity = math.inf
        self._above_since = math.inf
        self._best = 1.0
        self._calm = 0
        self._shares = dict.fromkeys(Importance, 1.0)
        self._tokens = 0.0
        self._flow = math.inf
        """How many of the line may go in, in all and each second."""

    def saw(self, wait: float) -> None:
        """A request had waited so many seconds when it was taken up."""
        with self._lock:
            at = self._clock()
            self._wait.saw(wait, at)
            self._above_since = min(self._above_since, at) if wait > self._target else math.inf

    def is_spent(self, ticket: str) -> bool:
        """Whether somebody went in with this ticket already."""
        with self._lock:
            return self._line.is_spent(ticket)

    def turns_away(self, importance: Importance, *, visitor: str) -> Turned | None:
        """None lets in. ``visitor`` names who comes: the ticket of those who browse, for others what stays the same."""
        with self._lock:
            at = self._clock()
            self._decide(at)
            self._came[importance] += 1
            turned = self._judge(importance, visitor, at)
            self._let_in += turned is None
            return turned

    @property
    def shares(self) -> Mapping[Importance, float]:
        """Of each kind, what part is let in now."""
        with self._lock:
            self._decide(self._clock())
            return dict(self._shares)

    @property
    def standing_wait(self) -> float:
        """Seconds for which everybody has to wait now."""
        with self._lock:
            return self._wait.shortest(self._clock())

    @property
    def waiting(self) -> int:
        """How many are in line."""
        with self._lock:
            return len(self._line)

    @property
    def saves_every(self) -> int:
        """Seconds between two savings that a page makes by itself: 15 while all goes well, up to two minutes."""
        return round(15 + 105 * (1 - self._shares[Importance.SAVING_BY_ITSELF]))

    def _judge(self, importance: Importance, visitor: str, at: float) -> Turned | None:
        share = self._shares[importance]
        if importance is Importance.BROWSING:
            return self._in_line(visitor, at)
        if share >= 1.0 or _lot(visitor, at) < share:
            return None
        return Turned(ahead=0, retry_after=self.saves_every if importance is Importance.SAVING_BY_ITSELF else 5)

    def _in_line(self, ticket: str, at: float) -> Turned | None:
        """The first of the line are let in as they ask again; who comes last goes to its end."""
        if self._flow == math.inf and not len(self._line):
            return None
        ahead = self._line.place(ticket, at)
        if self._tokens >= 1.0 and ahead < self._flow * _LONGEST + 1:  # so many ask again while so many can go in
            self._tokens -= 1
            self._line.let_in(ticket, at)
            return None
        return Turned(ahead=ahead, retry_after=min(_LONGEST, 5 + ahead // 20))

    def _decide(self, at: float) -> None:
        passed = at - self._decided
        if passed < INTERVAL:
            return
        self._decided = at
        self._line.forget(at)
        passed = min(passed, 10.0)
        wait = self._wait.shortest(at)
        forgotten = 1 - 0.7 ** (passed / INTERVAL)
        for each, came in self._came.items():
            self._demand[each] += forgotten * (came / passed - self._demand[each])
        self._learn(self._let_in / passed, wait, standing=at - self._above_since >= INTERVAL)
        self._came = dict.fromkeys(Importance, 0.0)
        self._let_in = 0
        self._share_out(wait)
        flow = self._flow if self._flow < math.inf else 2.0 * (1 + len(self._line))
        self._tokens = min(self._tokens + flow * passed, 2 * flow + 1)

    def _learn(self, done: float, wait: float, *, standing: bool) -> None:
        """What the process can do is seen while it has more than enough to do."""
        self._best = max(done, 0.98 * self._best, 1.0)
        if self._capacity == math.inf:
            if standing:  # not one late request: nobody was in time for a whole moment
                self._capacity = self._best
        elif wait > self._target / 2:
            self._capacity += 0.3 * (done - self._capacity)
            self._capacity = max(self._capacity, self._best / 2)  # a moment in which it stood still says little
        else:
            self._capacity = min(_GROWS * self._capacity, 1.5 * self._best)
        calm = wait <= self._target / 2 and min(self._shares.values()) >= 1.0
        self._calm = self._calm + 1 if calm else 0
        if self._calm > _CALM:
            self._capacity = math.inf

    def _share_out(self, wait: float) -> None:
        left = self._capacity * min(1.1, max(0.3, 1 + self._target - wait)) if self._capacity < math.inf else math.inf
        for each in Importance:
            if each is Importance.BROWSING:
                self._flow = left
            demand = self._demand[each]
            self._shares[each] = 1.0 if demand <= left > 0 else left / demand if demand else 0.0
            left -= min(left, demand) if left < math.inf else 0
        self._shares[Importance.ALWAYS] = 1.0
        self._shares[Importance.HANDING_IN] = max(LEAST, self._shares[Importance.HANDING_IN])


def _lot(visitor: str, at: float) -> float:
    """A lot from 0 to 1 that stays with a visitor for a minute: half of the visitors get on, not all of them half."""
    drawn = hashlib.blake2b(f"{visitor}/{at // 60}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") / 2**64
