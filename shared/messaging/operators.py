"""What operators ask of one service by command: rows to be tried again or given up, a breaker to be closed.

A wish is an entry on the service's record first, and then a flag in its database; the worker that owns the partition
acts on it, so that commands and workers never get into each other's way.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from shared.clock import Clock, system_clock
from shared.messaging.breaker import Breaker
from shared.records.audit import AuditTrail, Decided
from shared.records.database import Database, Row
from shared.trouble import Away

CHUNK = 1000
IN_PLACE = [("topic", 1), ("partition", 1), ("epoch", 1), ("offset", 1)]
_WITHOUT_CONTENT = {"value": 0, "headers": 0, "trace": 0}
_NOT_DROPPED = {"dropped": {"$exists": False}}


@dataclass(frozen=True, kw_only=True)
class Which:
    """The rows meant: those named, or all that fit every filter given. ``before``: they wait since before then."""

    ids: tuple[str, ...] = ()
    topic: str = ""
    key: str = ""
    error: str = ""
    before: datetime | None = None

    def query(self, *, group: str, since: str) -> Row:
        """Finds them; ``since`` is the field that says how long a row has been there."""
        wanted: Row = {"group": group}
        if self.ids:
            wanted["_id"] = {"$in": list(self.ids)}
        if self.topic:
            wanted["topic"] = self.topic
        if self.key:
            wanted["key"] = self.key.encode()
        if self.error:
            text = {"$regex": re.escape(self.error), "$options": "i"}
            wanted["$or"] = [{"error": text}, {"error_class": text}]
        if self.before is not None:
            wanted[since] = {"$lt": self.before}
        return wanted

    def __str__(self) -> str:
        """What was chosen, for the record."""
        given = {
            "id": " ".join(self.ids[:20]) + (" …" if len(self.ids) > 20 else ""),
            "topic": self.topic,
            "key": self.key,
            "error": self.error,
            "before": self.before.isoformat() if self.before else "",
        }
        return ", ".join(f"{name}={value}" for name, value in given.items() if value) or "all"


@dataclass(frozen=True)
class Planned:
    """What a wish comes to: how many rows, of how many keys, over how many seconds."""

    rows: int
    keys: int
    seconds: float = 0.0


@contextmanager
def database_or_away() -> Iterator[None]:
    """Whatever MongoDB says no to, a refused password included, is one sentence to the person."""
    try:
        yield
    except PyMongoError as error:
        said = str(error).partition(", Timeout:")[0].partition(" (configured timeouts")[0]
        raise Away("mongodb", said[:300]) from error


class Operator:
    """One person's hand on one service."""

    def __init__(self, database: Database, *, by: str, group: str = "", clock: Clock = system_clock) -> None:
        self._parked = database.db["parked"]
        self._dead = database.db["dead"]
        self._record = AuditTrail(database)
        self._breaker = Breaker(database, group or database.service, clock=clock)
        self._group = group or database.service
        self._by = by
        self._clock = clock

    # Looking

    def parked(self, which: Which, *, limit: int = 0) -> Iterator[Row]:
        """Parked rows without their content, partition by partition in order."""
        with database_or_away():
            wanted = which.query(group=self._group, since="parked_at")
            yield from self._parked.find(wanted, _WITHOUT_CONTENT).sort(IN_PLACE).limit(limit)

    def dead(self, which: Which, *, limit: int = 0) -> Iterator[Row]:
        """Dead rows without their content; those that were dropped are not among them."""
        with database_or_away():
            yield from self._dead.find(self._dead_query(which), _WITHOUT_CONTENT).sort(IN_PLACE).limit(limit)

    def one_parked(self, id: str) -> Row | None:
        """A parked row, whole."""
        with database_or_away():
            return self._parked.find_one({"_id": id})

    def one_dead(self, id: str) -> Row | None:
        """A dead row, whole; one that was dropped has no content any more."""
        with database_or_away():
            return self._dead.find_one({"_id": id})

    def reveal(self, id: str, *, why: str) -> None:
        """Put on the record that the content of a restricted record was read."""
        with database_or_away():
            self._enter("查看受限内容", about=id, why=why)

    # Parked

    def replay_parked(
        self, which: Which, *, why: str = "", per_second: float = 0.0, dry_run: bool = False
    ) -> tuple[Planned, tuple[str, ...]]:
        """Have these rows tried again, and what waits behind them: what it comes to, and the first ids.

        A key's rows have their effect in order, so the first of each key goes first, whichever of its rows was meant.
        Rows that are asked for already are left alone.
        """
        with database_or_away():
            asked = self._to_be_asked(which)
            plan = Planned(len(asked), len({(row["topic"], row["key"]) for row, _ in asked}), _last(asked, per_second))
            ids = tuple(row["_id"] for row, _ in asked[:20])
            if dry_run or not asked:
                return plan, ids
            self._enter("重新处理暂存事件", about=_about(ids, plan.rows), why=f"{why} [{which}] {plan.rows}".strip())
            now = self._clock()
            self._write(
                self._parked,
                [
                    UpdateOne({"_id": row["_id"], "asked": {"$exists": False}}, _asked(now, number, first, per_second))
                    for number, (row, first) in enumerate(asked)
                ],
            )
            return plan, ids

    def _to_be_asked(self, which: Which) -> list[tuple[Row, bool]]:
        """Rows of the keys that are meant, each with whether it is its key's first."""
        wanted = which.query(group=self._group, since="parked_at")
        meant = {(row["topic"], row["key"]) for row in self._parked.find(wanted, {"topic": 1, "key": 1})}
        firsts: set[tuple[str, bytes]] = set()
        asked = []
        narrow = {"group": self._group, **({"topic": which.topic} if which.topic else {})}
        for row in self._parked.find(narrow, {"topic": 1, "key": 1, "asked": 1}).sort(IN_PLACE) if meant else ():
            queue = (row["topic"], row["key"])
            if queue not in meant:
                continue
            first = queue not in firsts
            firsts.add(queue)
            if "asked" not in row:
                asked.append((row, first))
        return asked

    def drop_parked(self, which: Which, *, why: str, dry_run: bool = False) -> tuple[Planned, tuple[str, ...]]:
        """Give these rows up; each is an entry on the record, because what it tells will never have its effect."""
        with database_or_away():
            wanted = which.query(group=self._group, since="parked_at")
            rows = list(self._parked.find({**wanted, "drop": {"$exists": False}}, _WITHOUT_CONTENT).sort(IN_PLACE))
            plan, ids = _plan(rows)
            if not dry_run:
                now = self._clock()
                for row in rows:
                    self._enter("放弃暂存事件", about=row["_id"], why=_because(why, row))
                drop = {"$set": {"drop": {"by": self._by, "at": now}, "next_try": now}}
                self._write(self._parked, [UpdateOne({"_id": row["_id"]}, drop) for row in rows])
            return plan, ids

    # Dead

    def replay_dead(
        self, which: Which, *, why: str = "", per_second: float = 0.0, dry_run: bool = False
    ) -> tuple[Planned, tuple[str, ...]]:
        """Have these records offered to the listener once more."""
        with database_or_away():
            wanted = {**self._dead_query(which), "asked": {"$exists": False}, "cut": {"$exists": False}}
            rows = list(self._dead.find(wanted, _WITHOUT_CONTENT).sort(IN_PLACE))
            plan, ids = _plan(rows, per_second)
            if dry_run or not rows:
                return plan, ids
            self._enter("重新处理死信", about=_about(ids, plan.rows), why=f"{why} [{which}] {plan.rows}".strip())
            now = self._clock()
            self._write(
                self._dead,
                [
                    UpdateOne({"_id": row["_id"]}, {"$set": {"asked": _when(now, number, per_second)}})
                    for number, row in enumerate(rows)
                ],
            )
            return plan, ids

    def drop_dead(self, which: Which, *, why: str, dry_run: bool = False) -> tuple[Planned, tuple[str, ...]]:
        """Empty these rows; that they were there stays, here and on the record."""
        with database_or_away():
            rows = list(self._dead.find(self._dead_query(which), _WITHOUT_CONTENT).sort(IN_PLACE))
            plan, ids = _plan(rows)
            if not dry_run:
                for row in rows:
                    self._enter("放弃死信", about=row["_id"], why=_because(why, row))
                dropped = {"dropped": {"by": self._by, "at": self._clock()}, "told_dead": True}
                empty = {"value": "", "key": "", "headers": "", "trace": "", "asked": ""}
                drop = {"$set": dropped, "$unset": empty}
                self._write(self._dead, [UpdateOne({"_id": row["_id"], **_NOT_DROPPED}, drop) for row in rows])
            return plan, ids

    def _dead_query(self, which: Which) -> Row:
        return {**which.query(group=self._group, since="first_failed"), **_NOT_DROPPED}

    # The breaker

    def breaker(self) -> Row | None:
        """Why and since when the listener stands still; None when it does not."""
        with database_or_away():
            return self._breaker.state()

    def resume(self, *, why: str = "") -> bool:
        """Let the listener go on; False when it was not standing still."""
        with database_or_away():
            state = self._breaker.state()
            if state is None:
                return False
            self._enter("恢复监听", about=f"breaker/{self._group}", why=f"{why} [{state.get('why', '')}]".strip())
            return self._breaker.resume()

    # Writing

    def _enter(self, what: str, *, about: str, why: str) -> None:
        """First the record, then the deed: what was done is never without its entry."""
        cause = f"command/{uuid.uuid4()}"
        by = f"运维：{self._by}"
        self._record.append(Decided(cause=cause, by=by, what=what, about=about, why=why, at=self._clock()))

    @staticmethod
    def _write(rows: Any, changes: list[UpdateOne]) -> None:
        for at in range(0, len(changes), CHUNK):
            rows.bulk_write(changes[at : at + CHUNK], ordered=False)


def _plan(rows: list[Row], per_second: float = 0.0) -> tuple[Planned, tuple[str, ...]]:
    seconds = (len(rows) - 1) / per_second if rows and per_second else 0.0
    plan = Planned(len(rows), len({(row["topic"], row["key"]) for row in rows}), seconds)
    return plan, tuple(row["_id"] for row in rows[:20])


def _last(asked: list[tuple[Row, bool]], per_second: float) -> float:
    return (len(asked) - 1) / per_second if asked and per_second else 0.0


def _when(now: datetime, number: int, per_second: float) -> datetime:
    return now + timedelta(seconds=number / per_second) if per_second else now


def _asked(now: datetime, number: int, first: bool, per_second: float) -> Row:
    """The flags of a row whose turn is the ``number``-th: the first of its key is made due, the others follow it."""
    when = _when(now, number, per_second)
    flags: Row = {"asked": now, "not_before": when}
    if first:
        flags["next_try"] = when
    return {"$set": flags}


def _about(ids: tuple[str, ...], rows: int) -> str:
    return ids[0] if rows == 1 else f"{ids[0]} +{rows - 1}"


def _because(why: str, row: Row) -> str:
    return f"{why} [{row['error_class']}: {row['error'][:200]}]"
