"""``python -m bench.deadline``: what requests cost, what this machine bears, and the bell at 1 and 1.5 times that."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.deadline.arrivals import at_the_bell, in_the_last_minutes
from bench.deadline.measuring import measure
from bench.deadline.replay import Bell, Outcome
from bench.rounds import machine
from deploy.local.places import ROOT
from tests.journeys.faulty import FaultyStack

CASES = 100_000
"""As many as the replayed deadline has, before it is scaled."""


def main(arguments: Sequence[str]) -> int:
    """One whole measurement; 1 where something was lost, double or wrong."""
    given = _parser().parse_args(arguments)
    os.chdir(ROOT)
    given.results.mkdir(parents=True, exist_ok=True)
    stack = FaultyStack("var/deadline")
    try:
        return _whole(stack, given)
    finally:
        stack.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.deadline", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="of replay before each bell")
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 1.5])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("build/deadline"))
    return parser


def _whole(stack: FaultyStack, given: argparse.Namespace) -> int:
    _say(f"{machine()}, commit {_commit()}")
    stack.start()
    with stack.alone():
        costs = measure(stack, commit=_commit())
        costs.write(given.results / "costs.json")
        _say(costs.table())
        capacity, mean = costs.capacity(os.cpu_count() or 1), in_the_last_minutes(CASES)
        _say(
            f"this machine bears {capacity:.2f} cases/s in the last twenty minutes, the replay included; "
            f"{CASES} cases bring {mean:.1f}/s ({at_the_bell(CASES):.1f}/s at the bell): scale 1:{mean / capacity:.1f}"
        )
        outcomes = []
        for number, factor in enumerate(given.factors):
            bell = Bell(stack, mean=factor * capacity, lasting=given.seconds, factor=factor, seed=given.seed + number)
            outcomes.append(bell.ring())
            _say(_told_of(outcomes[-1]))
    return 0 if all(each.kept and each.account.fits and not each.tally.broken for each in outcomes) else 1


def _told_of(outcome: Outcome) -> str:
    tally, account = outcome.tally, outcome.account
    turned = ", ".join(f"{kind} {tally.turned_away[kind]} of {tally.asked[kind]}" for kind in sorted(tally.turned_away))
    savings = ", ".join(f"{seconds} s: {times}" for seconds, times in sorted(tally.savings_told.items()))
    lines = [
        f"{outcome.factor:g} times the capacity: {outcome.came} authors came",
        f"  receipts {account.receipts}, versions stored {outcome.stored}, submissions told {outcome.told}",
        f"  lost {len(account.lost)}, double {len(account.double)}, wrong {len(account.wrong)}",
        f"  not accepted {len(tally.refused)}: {Counter(tally.refused).most_common(5)}",
        f"  server errors {len(tally.broken)}: {Counter(tally.broken).most_common(5)}",
        f"  turned away: {turned or 'nobody'}",
        f"  seconds between savings, as told: {savings}",
        f"  from the button to the receipt: {_spread(tally.presses)}",
        *(f"  {kind}: {_spread(seconds)}" for kind, seconds in sorted(tally.answers.items())),
        f"  receipts after the bell: {len(outcome.late)}, the last {max(outcome.late, default=0):.1f} s after",
        f"  waiting to be told: {outcome.most_waiting} cases at most; rest {outcome.seconds_to_rest:.0f} s afterwards",
        *(f"  {each}" for each in (*account.lost, *account.double, *account.wrong)[:10]),
    ]
    return "\n".join(lines)


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    told = [f"p{share} {ordered[round((len(ordered) - 1) * share / 100)]:.2f} s" for share in (50, 99)]
    return f"{', '.join(told)}, slowest {ordered[-1]:.2f} s of {len(ordered)}"


def _commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def _say(words: str) -> None:
    sys.stdout.write(f"[{time.strftime('%H:%M:%S')}] {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
