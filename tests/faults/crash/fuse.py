"""Kills its own process at a point, seen from outside the product: in MongoDB's commands, the producer and the bus."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pymongo import monitoring

from shared.telemetry.correlation import cause
from tests.faults.crash.journal import Journal
from tests.faults.crash.points import Kill, Point


class Fuse:
    """Burns at the nth time that the process comes to a point, once the process is a member of its group.

    (A member that dies while it joins holds its group up for a whole session, which costs time and shows nothing.)
    """

    def __init__(self, kill: Kill | None, journal: Journal, *, chance: random.Random) -> None:
        self.journal = journal
        self._kill = kill
        self._chance = chance
        self._left = kill.nth if kill else 0
        self._lock = threading.Lock()
        self._taking_part = threading.Event()

    def take_part(self) -> None:
        """The process has its partitions: from now on it may die."""
        if self._taking_part.is_set():
            return
        self._taking_part.set()
        self.journal.note("takes part")
        if self._kill and self._kill.point is Point.ANY_MOMENT:
            threading.Timer(self._chance.uniform(0, 0.6), self._burn).start()

    def at(self, point: Point) -> None:
        """The process is at a point."""
        if self._is_the_hit(point):
            self._burn()

    def soon_after(self, point: Point, *, most: float) -> None:
        """Something has just left the process: die within ``most`` seconds, while this thread goes on."""
        if self._is_the_hit(point):
            threading.Timer(self._chance.uniform(0, most), self._burn).start()

    def shortly_after(self, point: Point, *, most: float) -> None:
        """Something has just left the process: die within ``most`` seconds, before this thread goes on."""
        if self._is_the_hit(point):
            time.sleep(self._chance.uniform(0, most))
            self._burn()

    def _is_the_hit(self, point: Point) -> bool:
        if self._kill is None or self._kill.point is not point:
            return False
        self._taking_part.wait(20)
        with self._lock:
            self._left -= 1
            return self._left == 0

    def _burn(self) -> None:
        assert self._kill is not None
        self.journal.note("killed", point=self._kill.point.value)
        os.kill(os.getpid(), signal.SIGKILL)


class MongoPoints(monitoring.CommandListener):
    """Finds the points of the telling side and of jobs in the commands that go to MongoDB."""

    _PAIRS = {  # noqa: RUF012
        "write": (Point.BEFORE_WRITE, Point.AFTER_WRITE),
        "copy": (Point.BEFORE_COPY, Point.AFTER_COPY),
        "mark": (Point.BEFORE_MARK, Point.AFTER_MARK),
        "queue": (Point.BEFORE_QUEUE, Point.AFTER_QUEUE),
        "claim": (None, Point.AFTER_CLAIM),
        "finish": (Point.BEFORE_FINISH, Point.AFTER_FINISH),
    }

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse
        self._under_way: dict[int, str] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """The driver is about to send a command."""
        kind = _kind(event.command_name, event.command)
        if kind is None:
            return
        self._under_way[event.request_id] = kind
        if kind in ("write", "finish"):
            for entry in _entries(event.command):
                known = {name: entry[name] for name in ("id", "topic", "subject", "seq")}
                self._fuse.journal.note("attempt", cause=cause(), **known)
        before, _ = self._PAIRS[kind]
        if before:
            self._fuse.at(before)
        if kind == "write":
            self._fuse.soon_after(Point.DURING_WRITE, most=0.004)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """MongoDB has answered."""
        kind = self._under_way.pop(event.request_id, None)
        if kind is None or not _did_something(kind, event.reply):
            return
        if kind == "claim":
            self._fuse.journal.note("claimed", job=event.reply["value"]["_id"])
        self._fuse.at(self._PAIRS[kind][1])

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """The command did nothing."""
        self._under_way.pop(event.request_id, None)


def _kind(name: str, command: Any) -> str | None:
    """What a command is for, whatever form it has: an update with operators or one with a pipeline."""
    collection = command.get(name)
    of_jobs = isinstance(collection, str) and collection.startswith("jobs_")
    if name == "findAndModify":
        return "claim" if of_jobs else None
    if name == "insert" and collection == "told_events":
        return "copy"
    if name not in ("insert", "update"):
        return None
    if of_jobs and (name == "insert" or any(each.get("upsert") for each in command["updates"])):
        return "queue"
    if _entries(command):
        return "finish" if of_jobs else "write"
    touches_outbox = any("outbox" in key for each in command.get("updates", ()) for key, _ in _fields(each["u"]))
    return "mark" if touches_outbox else None


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _fields(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _fields(inner)


def _entries(command: Any) -> list[Any]:
    """The outbox entries in a command: what has an id, a subject and a seq."""
    told = [*command.get("updates", ()), *command.get("documents", ())]
    found = []
    for _, value in _fields(told):
        for each in value if isinstance(value, list) else ():
            if isinstance(each, Mapping) and {"id", "subject", "topic", "seq", "data"} <= each.keys():
                found.append(each)
    return found


def _did_something(kind: str, reply: Any) -> bool:
    return reply.get("value") is not None if kind == "claim" else reply.get("n", 0) > 0 or kind == "copy"
