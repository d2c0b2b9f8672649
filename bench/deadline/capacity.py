"""``python -m bench.deadline.capacity FILE``: what a deadline needs, from the measured cost of each kind of request."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.deadline.arrivals import in_the_last_minutes
from bench.deadline.costs import PARTS, Costs

BUSY = 0.6
"""The share of a core that is planned for: above it, waiting times grow steeply."""
MEGABYTES_OF_A_CASE = 30.0
CALM, CROWDED = 15, 60
"""Seconds between two savings by itself, as the platform says them."""
CAMPAIGNS = (10_000, 100_000, 1_000_000)
HEAD = ("cases", "saving every", "cases/s", "requests/s", "events/s", "Gbit/s", *PARTS, "cores")


def row(costs: Costs, *, cases: int, saving_every: int) -> list[str]:
    """Rates in the last twenty minutes, and the cores for them by part."""
    rate = in_the_last_minutes(cases)
    asked = {**costs.with_a_case, "save": costs.with_a_case["save"] * CALM / saving_every}
    effort = replace(costs, with_a_case=asked).of_a_case()
    cores = [rate * effort.get(part, 0.0) / BUSY for part in PARTS]
    return [
        f"{cases:,}",
        f"{saving_every} s",
        f"{rate:.1f}",
        f"{rate * sum(asked.values()):.0f}",
        f"{rate * costs.events:.0f}",
        f"{rate * MEGABYTES_OF_A_CASE * 8 / 1000:.2f}",
        *(f"{figure:.1f}" if figure < 10 else f"{figure:.0f}" for figure in cores),
        str(math.ceil(sum(cores))),
    ]


def table(costs: Costs, campaigns: Sequence[int] = CAMPAIGNS) -> str:
    """As Markdown."""
    rows = [row(costs, cases=cases, saving_every=every) for cases in campaigns for every in (CALM, CROWDED)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (HEAD, ["--:"] * len(HEAD), *rows))


if __name__ == "__main__":
    sys.stdout.write(f"{table(Costs.read(Path(sys.argv[1])))}\n")
