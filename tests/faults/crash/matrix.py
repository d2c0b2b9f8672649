"""Many seeds, several side by side, and the table of what they came to."""

from __future__ import annotations

import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.crash.journal import Line
from tests.faults.crash.lane import lane
from tests.faults.crash.points import MEANING, POINTS, SERVICES, Point
from tests.faults.crash.running import Outcome, play

LANES = 3

# Kills at these points must be followed by at least one repeat each, or by none at all: so each is where it says it is.
TOLD_AGAIN = (Point.AFTER_ACK, Point.BEFORE_COPY, Point.AFTER_COPY, Point.BEFORE_MARK)
HEARD_AGAIN = (Point.AFTER_POLL, Point.BEFORE_EFFECT, Point.AFTER_EFFECT, Point.BEFORE_COMMIT)
WORKED_AGAIN = (Point.AFTER_CLAIM, Point.BEFORE_FINISH)


@dataclass
class Row:
    """What the kills at one point came to."""

    kills: Counter[str] = field(default_factory=Counter)
    told_again: int = 0
    heard_again: int = 0
    worked_again: int = 0
    anomalies: int = 0


@dataclass
class Matrix:
    """The outcomes of many runs."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def anomalies(self) -> dict[int, list[str]]:
        """What was wrong, by seed."""
        return {outcome.seed: outcome.anomalies for outcome in self.outcomes if outcome.anomalies}

    @property
    def rows(self) -> dict[Point, Row]:
        """A row for each point, met or not."""
        rows = {point: Row() for point in POINTS}
        for outcome in self.outcomes:
            _count(outcome, rows)
        return rows

    def misplaced(self) -> list[str]:
        """Points that are not where they say: what must follow a kill there did not, or what cannot follow did."""
        rows = self.rows
        must: list[tuple[Iterable[Point], Point, Callable[[Row], int], str]] = [
            (TOLD_AGAIN, Point.AFTER_MARK, lambda row: row.told_again, "told again"),
            (HEARD_AGAIN, Point.AFTER_COMMIT, lambda row: row.heard_again, "heard again"),
            (WORKED_AGAIN, Point.AFTER_FINISH, lambda row: row.worked_again, "worked again"),
        ]
        found = []
        for points, none, count, what in must:
            for point in points:
                if count(rows[point]) < rows[point].kills.total():
                    found.append(f"{rows[point].kills.total()} kills {point}, but only {count(rows[point])} {what}")
            if count(rows[none]):
                found.append(f"kills {none}, and {count(rows[none])} {what}")
        return found

    def table(self) -> str:
        """The table, in Markdown."""
        lines = [
            "| killed | which means | intake | review | told again | heard again | worked again | anomalies |",
            "|---|---|--:|--:|--:|--:|--:|--:|",
        ]
        for point, row in self.rows.items():
            kills = " | ".join(str(row.kills[service]) for service in SERVICES)
            lines.append(
                f"| {point} | {MEANING[point]} | {kills} "
                f"| {row.told_again} | {row.heard_again} | {row.worked_again} | {row.anomalies} |"
            )
        return "\n".join(lines)

    def summary(self) -> str:
        """The sums, in a sentence."""
        kills = sum(row.kills.total() for row in self.rows.values())
        events = sum(outcome.events for outcome in self.outcomes)
        copies = sum(outcome.copies for outcome in self.outcomes)
        never = sum(len(outcome.unreached) for outcome in self.outcomes)
        return (
            f"{len(self.outcomes)} seeded runs, {kills} kills ({never} planned ones were never reached), "
            f"{events} events committed, {copies} records on Kafka ({copies - events} repeats), "
            f"runs with an anomaly: {len(self.anomalies)}."
        )


def _count(outcome: Outcome, rows: dict[Point, Row]) -> None:
    fatal: dict[tuple[str, int], Row] = {}
    for kill in outcome.kills:
        row = fatal[(kill["service"], kill["life"])] = rows[Point(kill["point"])]
        row.kills[kill["service"]] += 1
    for point in {Point(kill["point"]) for kill in outcome.kills}:
        rows[point].anomalies += bool(outcome.anomalies)
    for row, what in _repeats(outcome.journal, fatal):
        setattr(row, what, getattr(row, what) + 1)


def _repeats(journal: Sequence[Line], fatal: dict[tuple[str, int], Row]) -> Iterable[tuple[Row, str]]:
    """What a process did again because its earlier life was ended: each repeat with the row of that kill."""
    last: dict[tuple[str, str, str], int] = defaultdict(lambda: -1)
    for line in journal:
        service, life = line["service"], line["life"]
        for what, thing in _things(line):
            earlier = last[(service, what, thing)]
            if 0 <= earlier < life:
                yield fatal[(service, earlier)], what
            last[(service, what, thing)] = life


def _things(line: Line) -> list[tuple[str, str]]:
    if line["what"] == "sent":
        return [("told_again", id_) for id_ in line["ids"]]
    if line["what"] == "polled":
        return [("heard_again", str(record)) for record in line["records"]]
    return [("worked_again", line["job"])] if line["what"] == "claimed" else []


def run_matrix(
    seeds: Iterable[int],
    *,
    mongo_uri: str,
    kafka_servers: str,
    folder: Path,
    lanes: int = LANES,
    said: Callable[[Outcome], None] = lambda outcome: None,
) -> Matrix:
    """Play every seed."""
    matrix = Matrix()
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for seed in seeds:
        left.put(seed)
    lock = threading.Lock()

    def work(number: int) -> None:
        with lane(mongo_uri, kafka_servers, folder / f"lane-{number}") as mine:
            while (seed := _next(left)) is not None:
                outcome = play(mine, seed)
                with lock:
                    matrix.outcomes.append(outcome)
                    said(outcome)

    with ThreadPoolExecutor(lanes) as pool:
        for done in [pool.submit(work, number) for number in range(lanes)]:
            done.result()
    matrix.outcomes.sort(key=lambda outcome: outcome.seed)
    return matrix


def _next(left: queue.SimpleQueue[int]) -> int | None:
    try:
        return left.get_nowait()
    except queue.Empty:
        return None
