"""``python -m tests.faults --seed N --minutes M``: the whole platform under load while things break, and the verdict.

The seed and the length give the same plan of faults again. The exit code is 0 when nothing was lost, nothing happened
twice, nothing hangs, and everything that was broken came back by itself.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from deploy.local.places import ROOT
from tests.faults.inside import enter, settle
from tests.faults.schedule import SMALL_DISKS

MODULE = "tests.faults"


def main(arguments: Sequence[str]) -> int:
    """One run."""
    given = _parser().parse_args(arguments)
    code = enter(MODULE, arguments)
    return _run(given) if code is None else code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--cases", type=int, help="authors with a case each; by default enough for the time")
    parser.add_argument("--threads", type=int, default=8, help="authors at work at the same time")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two visits, of each thread")
    parser.add_argument("--var", default="var/faults", help="the stack's folder; it is emptied first")
    parser.add_argument("--results", type=Path, default=Path("build/faults"), help="where table and timeline go")
    return parser


def _run(given: argparse.Namespace) -> int:
    var = ROOT / given.var
    shutil.rmtree(var, ignore_errors=True)
    settle({var / "data" / name: megabytes for name, megabytes in SMALL_DISKS.items()})
    from tests.faults.run import Run  # the stack and its clients, once we are inside

    run = Run(folder=given.var, results=given.results / f"seed-{given.seed}", seed=given.seed)
    try:
        cases = given.cases or _enough(given.minutes)
        clean = run.whole(minutes=given.minutes, cases=cases, threads=given.threads, pause=given.pause)
        return 0 if clean else 1
    except Exception:
        traceback.print_exc()
        run.keep_logs()
        return 2
    finally:
        run.close()


def _enough(minutes: float) -> int:
    """A case takes forty versions; at six receipts a second each of these comes to half as many."""
    return max(24, round(minutes * 60 * 6 / 30))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
