"""One run from an empty stack to the verdict: ready, broken, at rest, checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.places import ROOT
from tests.faults.breakable import BreakableStack
from tests.faults.checker import check
from tests.faults.history import History
from tests.faults.injector import Injector
from tests.faults.load import FaultPlay, make_play
from tests.faults.observing import observe, watching
from tests.faults.schedule import Strike, plan
from tests.journeys.faulty import wait

QUIET = 120.0
"""Seconds after the last fault within which everything must come to rest by itself."""
CROWD_SHARE = 0.7
REST_OF_THE_YEAR_FROM = 8.0
"""Minutes from which on a run also plays the rest of the year; in shorter ones there are authors only."""


class Run:
    """A stack, its history, and the folder for the results."""

    def __init__(self, *, folder: str, results: Path, seed: int) -> None:
        self.stack = BreakableStack(folder)
        self.results = ROOT / results
        self.seed = seed
        self.results.mkdir(parents=True, exist_ok=True)
        file = self.results / "history.jsonl"
        file.unlink(missing_ok=True)
        self.history = History(file)
        self._failed: list[BaseException] = []
        self._began = time.monotonic()

    def whole(self, *, minutes: float, cases: int, threads: int, pause: float = 0.0) -> bool:
        """Everything; gives whether the verdict is clean."""
        seconds = minutes * 60
        with_the_rest = minutes >= REST_OF_THE_YEAR_FROM
        crowd_seconds = seconds * CROWD_SHARE if with_the_rest else seconds
        self.say("starting three brokers, three database members, and everything else")
        self.stack.start()
        with self.stack.alone():
            play = make_play(self.stack, self.history, crowd_seconds=crowd_seconds, cases=cases)
            self.say("the campaign is published; provinces, authors and experts get ready")
            play.get_ready()
            play.give_time_for_recommendations(crowd_seconds)
            with watching(self.history, self.stack.truth.databases, play.campaign.id, every=0.2):
                with self.breaking(seconds):
                    with play.crowd(seed=self.seed, threads=threads, pause=pause):
                        time.sleep(crowd_seconds)
                    if with_the_rest:
                        play.the_rest_of_the_year()
                rest = self.come_to_rest()
            return self.verdict(play, minutes=minutes, rest=rest)

    @contextmanager
    def breaking(self, seconds: float) -> Iterator[None]:
        """Inside the block both lanes of the plan are carried out, again from its start when it is through."""
        enough = threading.Event()
        planned, injector = plan(self.seed, seconds), Injector(self.stack, self.history)
        lanes = [
            threading.Thread(target=self._lane, args=(injector, lane, enough), name=name)
            for name, lane in (("servers", planned.servers), ("own", planned.own))
        ]
        for lane in lanes:
            lane.start()
        try:
            yield
        finally:
            enough.set()
            for lane in lanes:
                lane.join()
        if self._failed:
            raise self._failed[0]

    def _lane(self, injector: Injector, strikes: Sequence[Strike], enough: threading.Event) -> None:
        try:
            while True:
                for strike in strikes:
                    if enough.wait(strike.after):
                        return
                    self.say(str(strike))
                    injector.carry_out(strike)
        except BaseException as error:
            self._failed.append(error)

    def come_to_rest(self) -> float:
        """Seconds until every event is told and heard, every job done, every letter sent, without a person."""
        self.say("no more faults; waiting for rest")
        began = time.monotonic()
        wait("rest after the faults", self.stack.rests, seconds=QUIET, every=1)
        return time.monotonic() - began

    def verdict(self, play: FaultPlay, *, minutes: float, rest: float) -> bool:
        """Look at everything, check it, write it down."""
        self.say("looking at what the platform holds")
        findings = check(self.history, observe(self.stack, play.campaign.id))
        meta = {
            "seed": str(self.seed),
            "minutes": f"{minutes:g}",
            "commit": _commit(),
            "cores": str(os.cpu_count()),
            "seconds to rest": f"{rest:.0f}",
        }
        from tests.faults.results import write_results

        write_results(self.results, self.history, findings, meta)
        sys.stdout.write(f"{findings}\n")
        self.say(f"{'clean' if findings.clean else 'NOT CLEAN'}; table and timeline are in {self.results}")
        return findings.clean

    def say(self, words: str) -> None:
        """A line of progress."""
        sys.stdout.write(f"[{time.monotonic() - self._began:6.1f} s] {words}\n")
        sys.stdout.flush()

    def keep_logs(self) -> None:
        """What every program wrote, beside the history: for a run that could not be played to its end."""
        shutil.copytree(self.stack.places.log, self.results / "log", dirs_exist_ok=True)

    def close(self) -> None:
        """Stop what was started."""
        self.history.close()
        self.stack.close()


def _commit() -> str:
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"
