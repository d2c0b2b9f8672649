"""``python -m tests.faults.crash --seeds 200 --write``: play the matrix on the running servers, print its table."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.crash.matrix import LANES, Matrix, run_matrix
from tests.faults.crash.running import Outcome

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "results" / "crash-matrix.md"
_INTRODUCTION = """\
# Crash matrix

Two small services made of the product's own `Records`, `Relay`, `HearLoop` and `Jobs` tell each other events over a
real Kafka, each with a database of its own on a real MongoDB. Their processes are killed with `kill -9` at the points
below, chosen by a seed, and started again; then they are left alone until nothing waits any more. Afterwards MongoDB
and Kafka are read without the product's code: each committed change has exactly one event, numbered without a gap; each
event is on Kafka at least once, always in the same form, and nothing else is; the first copies are in order for each
subject and topic; each event had its effect exactly once, in order; what follows from an event had the same id at each
try; every listener stands at the end; nothing is parked or dead; no process ended in any other way.

*Told again*, *heard again*, *worked again*: events sent, records fetched and jobs claimed once more because of kills at
that point. They are no faults: repeats are what a kill may cost, effects are not. *Anomalies*: runs with a kill at that
point in which anything of the above did not hold.
"""


def main() -> int:
    """Play, print, and write the page when asked to."""
    options = _options()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="crash-matrix-"))
    matrix = run_matrix(
        range(options.first, options.first + options.seeds),
        mongo_uri=os.environ["ZHENGJI_MONGO_URI"],
        kafka_servers=os.environ["ZHENGJI_KAFKA_SERVERS"],
        folder=folder,
        lanes=options.lanes,
        said=_say,
    )
    if matrix.anomalies:
        sys.stdout.write(f"\nJournals and logs of the runs that went wrong are in {folder}.\n")
    else:
        shutil.rmtree(folder)
    seconds = time.monotonic() - began
    sys.stdout.write(f"\n{matrix.table()}\n\n{matrix.summary()} {seconds:.0f} s.\n")
    missing = [point for point, row in matrix.rows.items() if not row.kills]
    for wrong in [*(f"never met: {point}" for point in missing), *matrix.misplaced()]:
        sys.stdout.write(f"{wrong}\n")
    if options.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(_page(matrix, seconds=seconds, options=options), encoding="utf-8")
    return 1 if matrix.anomalies or missing or matrix.misplaced() else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--lanes", type=int, default=LANES, help="runs side by side")
    parser.add_argument("--write", action="store_true", help="write docs/results/crash-matrix.md")
    return parser.parse_args()


def _say(outcome: Outcome) -> None:
    kills = ", ".join(f"{kill['service']} {kill['point']}" for kill in outcome.kills)
    sys.stdout.write(f"seed {outcome.seed}: {outcome.seconds:.1f} s, {outcome.events} events; {kills}\n")
    for anomaly in outcome.anomalies:
        sys.stdout.write(f"  ANOMALY {anomaly}\n")
    sys.stdout.flush()


def _page(matrix: Matrix, *, seconds: float, options: argparse.Namespace) -> str:
    seeds = f"{options.first} to {options.first + options.seeds - 1}"
    made = (
        f"Made by `python -m tests.faults.crash --seeds {options.seeds} --write` on {datetime.now(UTC):%d %B %Y} from "
        f"commit `{_commit()}`: seeds {seeds}, {options.lanes} runs side by side, {os.cpu_count()} cores "
        f"({platform.machine()}, shared with other work), one Kafka broker, one MongoDB member, {seconds:.0f} s. "
        f"One seed is played again by `--first SEED --seeds 1`."
    )
    wrong = [f"- seed {seed}: {anomaly}" for seed, each in matrix.anomalies.items() for anomaly in each]
    return "\n\n".join([_INTRODUCTION.rstrip(), matrix.table(), matrix.summary(), *wrong, made]) + "\n"


def _commit() -> str:
    run = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True, text=True
    )
    return run.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
