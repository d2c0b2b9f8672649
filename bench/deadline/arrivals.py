"""When people come to a deadline: the nearer it is, the more of them.

The rate is proportional to 1/(time left + ``SETTLING``). Sources: Alfi, Parisi and Pietronero, "Conference
registration: how people react to a deadline", Nature Physics 3 (2007) 746; that the rate stays finite follows Flandrin,
"An empirical model for electronic submissions to conferences" (2008). With ten minutes for it, 57 % of all that comes
in 45 days comes on the last, much as ACM EC'12 saw.
"""

from __future__ import annotations

import math
from random import Random

SETTLING = 600.0
"""Seconds."""
LAST = 1200.0
"""Seconds before the bell that have to be borne: about as long as an author is there, from signing in to handing in."""
WINDOW = 45 * 24 * 3600.0
"""Seconds for which submissions are taken."""


_OF_THE_PEAK = SETTLING / LAST * math.log((LAST + SETTLING) / SETTLING)


def at_the_bell(cases: float) -> float:
    """Arrivals a second in the last moment, when so many cases come in the whole window."""
    return cases / (SETTLING * math.log((WINDOW + SETTLING) / SETTLING))


def in_the_last_minutes(cases: float) -> float:
    """Arrivals a second, the mean of the ``LAST`` seconds: what a platform has to bear for longer than a moment."""
    return at_the_bell(cases) * _OF_THE_PEAK


def arrivals(mean: float, *, lasting: float, compressed: float, seed: int) -> list[float]:
    """Seconds after the beginning at which people come, one after the other, until the bell after ``lasting`` seconds.

    ``mean`` is how many come a second in the ``LAST`` seconds, which pass ``compressed`` times as fast. A Poisson
    process of that rate, by inversion of its expectation.
    """
    settling = SETTLING / compressed
    whole = mean * settling / _OF_THE_PEAK
    expected = whole * math.log((lasting + settling) / settling)
    chance = Random(seed)  # a replay, not a secret
    found: list[float] = []
    passed = chance.expovariate(1.0)
    while passed < expected:
        found.append((lasting + settling) * (1 - math.exp(-passed / whole)))
        passed += chance.expovariate(1.0)
    return found
