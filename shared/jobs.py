"""Long work as documents: claimed with a lease, tried again with backoff, its result and events kept in one write.

All times of a lease are the database server's: a worker whose clock is wrong neither steals a job nor holds one.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.clock import Clock, system_clock
from shared.events.base import Event
from shared.events.wire import Told, outbox_entry
from shared.records.database import Database, Row, mongo_or_away
from shared.records.records import event_id
from shared.telemetry.correlation import correlation_id, following, traceparent
from shared.telemetry.metrics import JOB_SECONDS, JOBS_ENDED, JOBS_WAITING
from shared.trouble import Away, Conflict

log = structlog.get_logger()

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
TURN = timedelta(seconds=2)
"""How far the next job of a lane stands behind the one before it."""


class LeaseLost(Conflict):
    """Another worker has the job by now: this one's result is thrown away."""


@dataclass(frozen=True)
class Claimed:
    """A job in this worker's hands until its lease ends."""

    id: str
    payload: dict[str, Any]
    tries: int
    token: str
    correlation: str


class Jobs:
    """The jobs of one kind in one service. States: waiting, running, done, failed.

    A worker that is gone or stopped loses its job after ``lease``; one that works keeps it, but for no longer than
    ``longest`` after it began or last called ``renew``. A ``clock`` other than the machine's takes the place of the
    server's: for tests.
    """

    def __init__(
        self,
        database: Database,
        kind: str,
        *,
        lease: timedelta = timedelta(seconds=60),
        longest: timedelta = timedelta(minutes=10),
        most_tries: int = 5,
        clock: Clock = system_clock,
    ) -> None:
        self._database = database
        self.kind = kind
        self.longest = longest
        self.most_tries = most_tries
        self._lease = lease
        self._clock = clock
        self._rows = database.tells_from(f"jobs_{kind}")
        self._in_hand: dict[str, Claimed] = {}
        self._owed: list[Claimed] = []

    def ensure_indexes(self) -> None:
        """Create what claiming needs; safe to repeat."""
        self._rows.create_index([("state", 1), ("turn", 1)])
        self._rows.create_index([("lane", 1), ("state", 1)])

    def add(
        self, job_id: str, payload: dict[str, Any], *, delay: timedelta = timedelta(0), lane: str | None = None
    ) -> bool:
        """Put a job in the queue; False when one of that id was there before, done or not.

        Jobs of one ``lane`` take turns with those of others: however many of them come at once, somebody else's job
        stands behind few of them.
        """
        before = 0
        if lane is not None:
            with mongo_or_away():
                before = self._rows.count_documents({"lane": lane, "state": "waiting"})
        row = {
            "version": 1,
            "state": "waiting",
            "payload": payload,
            "tries": 0,
            "correlation": correlation_id(),
            "outbox": [],
            "told": {},
            **({} if lane is None else {"lane": lane}),
        }
        times = {"created": self._now, "not_before": self._in(delay), "turn": self._in(before * TURN)}
        new = {"_id": job_id, "version": {"$exists": False}}  # one that is there does not match, and clashes by its id
        try:
            with mongo_or_away():
                self._rows.update_one(new, [{"$set": {**_literally(row), **times}}], upsert=True)
        except DuplicateKeyError:
            return False
        return True

    def claim(self) -> Claimed | None:
        """Take the job whose turn it is, or one whose worker is past its lease; None when there is none.

        What could not be put back because the database was away is put back first. The try counts from here, and its
        next turn is after everybody who waits now: a job that fells its worker has its end too, and holds nobody up.
        """
        self._put_back_owed()
        token = uuid.uuid4().hex
        waiting = {"state": "waiting", "$expr": {"$lte": ["$not_before", self._now]}}
        abandoned = {"state": "running", "$expr": {"$lt": ["$lease_until", self._now]}}
        taken = {
            "state": "running",
            "token": token,
            "started": self._now,
            "turn": self._now,
            "lease_until": self._in(self._lease),
            "limit": self._in(self.longest),
            "tries": {"$add": ["$tries", 1]},
            "version": {"$add": ["$version", 1]},
        }
        with mongo_or_away():
            row = self._rows.find_one_and_update(
                {"$or": [waiting, abandoned]},
                [{"$set": taken}],
                sort=[("turn", 1)],
                projection={"outbox": 0},
                return_document=ReturnDocument.AFTER,
            )
        if row is None:
            return None
        return Claimed(row["_id"], row["payload"], row["tries"], token, row.get("correlation", ""))

    def finish(self, claimed: Claimed, *, result: dict[str, Any] | None = None, events: Sequence[Event] = ()) -> None:
        """Keep result and events together. Raises LeaseLost when the job is in other hands."""
        self._end(claimed, state="done", fields={"result": result or {}}, events=events)
        JOBS_ENDED.labels(self._database.service, self.kind, "done").inc()

    def give_up(self, claimed: Claimed, error: str, *, events: Sequence[Event] = ()) -> None:
        """End it visibly as failed, with events that say so."""
        self._end(claimed, state="failed", fields={"error": error[:2000]}, events=events)
        JOBS_ENDED.labels(self._database.service, self.kind, "failed").inc()
        log.error("job_failed", kind=self.kind, job=claimed.id, tries=claimed.tries, error=error[:500])

    def retry(self, claimed: Claimed, error: str) -> bool:
        """Queue it again after a pause; False when it has had its tries and the caller must give it up."""
        if claimed.tries >= self.most_tries:
            return False
        pause = min(LONGEST_WAIT, FIRST_WAIT * (1 << min(claimed.tries, 10)))
        self._requeue(claimed, {"error": {"$literal": error[:2000]}, "not_before": self._in(pause)})
        JOBS_ENDED.labels(self._database.service, self.kind, "retried").inc()
        return True

    def release(self, claimed: Claimed, *, delay: timedelta = timedelta(seconds=5)) -> None:
        """Put it back because a dependency is away: the try does not count.

        Where it is the database that is away, the next ``claim`` of this process puts it back.
        """
        try:
            self._requeue(claimed, {"not_before": self._in(delay), "tries": claimed.tries - 1})
        except Away:
            self._owed.append(claimed)
            raise
        JOBS_ENDED.labels(self._database.service, self.kind, "released").inc()

    def _put_back_owed(self) -> None:
        owed, self._owed = self._owed, []
        while owed:
            claimed = owed.pop()
            try:
                self.release(claimed, delay=timedelta(0))
            except LeaseLost:
                log.info("nothing_to_put_back", kind=self.kind, job=claimed.id)
            except Away:
                self._owed += owed
                raise

    def renew(self, claimed: Claimed) -> None:
        """Say that the work makes progress: it is held for one more lease and may last ``longest`` from here.

        Raises LeaseLost: whoever works in steps learns here that the rest would be in vain.
        """
        self._write(claimed, {"lease_until": self._in(self._lease), "limit": self._in(self.longest)})

    @contextmanager
    def held(self, claimed: Claimed) -> Iterator[None]:
        """Inside the block a thread renews the lease, up to the limit; it stops with the process it lives in."""
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(claimed, over), name=f"lease of {claimed.id}", daemon=True)
        self._in_hand[claimed.token] = claimed
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
            self._in_hand.pop(claimed.token, None)

    def give_back(self) -> None:
        """Put back what this process is still at, because it must end: a result that comes after all is thrown away."""
        for claimed in list(self._in_hand.values()):
            try:
                self.release(claimed, delay=timedelta(0))
            except LeaseLost:
                log.info("nothing_to_give_back", kind=self.kind, job=claimed.id)

    def find(self, job_id: str) -> Row | None:
        """The row of a job, for pages."""
        with mongo_or_away():
            return self._rows.find_one({"_id": job_id}, {"outbox": 0})

    def ahead_of(self, job_id: str) -> int | None:
        """How many waiting jobs are before this one; None when it does not wait."""
        row = self.find(job_id)
        if row is None or row["state"] != "waiting":
            return None
        with mongo_or_away():
            return self._rows.count_documents({"state": "waiting", "turn": {"$lt": row["turn"]}})

    def count(self, state: str) -> int:
        """How many jobs are in a state."""
        with mongo_or_away():
            found = self._rows.count_documents({"state": state})
        if state == "waiting":
            JOBS_WAITING.labels(self._database.service, self.kind).set(found)
        return found

    def _end(self, claimed: Claimed, *, state: str, fields: Row, events: Sequence[Event]) -> None:
        with mongo_or_away():
            row = self._rows.find_one({"_id": claimed.id}, {"told": 1})
        told: dict[str, int] = dict(row["told"]) if row else {}
        entries = []
        for event in events:
            slot = event.topic.replace(".", ":")
            told[slot] = told.get(slot, 0) + 1
            entries.append(
                outbox_entry(
                    Told(
                        id=event_id(f"jobs_{self.kind}", claimed.id, event.topic, told[slot]),
                        event=event,
                        subject=claimed.id,
                        seq=told[slot],
                        epoch=self._database.epoch,
                        time=self._clock(),
                        correlation=claimed.correlation,
                        traceparent=traceparent(),
                    )
                )
            )
        kept = _literally({"state": state, "told": told, **fields})
        outbox = {"$concatArrays": ["$outbox", {"$literal": entries}]}
        self._write(claimed, {**kept, "done": self._now, "outbox": outbox, **_ONE_MORE}, without=_HOLD)

    def _requeue(self, claimed: Claimed, fields: Row) -> None:
        self._write(claimed, {"state": "waiting", **fields, **_ONE_MORE}, without=_HOLD)

    def _keep(self, claimed: Claimed, over: threading.Event) -> None:
        """Renew until it is over; what is past its limit, or in other hands, is let go."""
        until = {"lease_until": {"$min": [self._in(self._lease), "$limit"]}}
        while not over.wait(self._lease.total_seconds() / 3):
            try:
                self._write(claimed, until)
            except LeaseLost:
                return
            except Away as away:  # the lease may end meanwhile; whoever then has the job, the token decides
                log.warning("lease_not_renewed", kind=self.kind, job=claimed.id, reason=str(away)[:300])

    def _write(self, claimed: Claimed, change: Row, *, without: Sequence[str] = ()) -> None:
        fits = {"_id": claimed.id, "state": "running", "token": claimed.token}
        steps: list[Row] = [{"$set": change}, *([{"$unset": list(without)}] if without else [])]
        with mongo_or_away():
            matched = self._rows.update_one(fits, steps).matched_count
        if not matched:
            raise LeaseLost(f"{self.kind}/{claimed.id} is in other hands")

    @property
    def _now(self) -> datetime | str:
        return "$$NOW" if self._clock is system_clock else self._clock()

    def _in(self, wait: timedelta) -> Row:
        return {"$add": [self._now, int(wait.total_seconds() * 1000)]}


_HOLD = ("lease_until", "limit", "token")
_ONE_MORE: Row = {"version": {"$add": ["$version", 1]}}


def _literally(fields: Mapping[str, Any]) -> Row:
    """Values as they are: a text that begins with a dollar sign is no expression."""
    return {name: {"$literal": value} for name, value in fields.items()}


@dataclass(frozen=True)
class Worked:
    """What one try of a job came to."""

    result: dict[str, Any]
    events: tuple[Event, ...] = ()


GivenUp = Callable[[Claimed, str], tuple[Event, ...]]
"""Says what is told about a job that had all its tries."""


def work_one(jobs: Jobs, work: Callable[[Claimed], Worked], *, when_given_up: GivenUp) -> bool:
    """Claim one job and do it: False when there was none. Away puts it back and rises; a bug costs it one try."""
    claimed = jobs.claim()
    if claimed is None:
        return False
    began = time.monotonic()
    with following(claimed.correlation, cause=claimed.id):
        try:
            _try(jobs, claimed, work, when_given_up)
        except LeaseLost:  # whoever has it now keeps its result; what this try did elsewhere bears the job's own ids
            JOBS_ENDED.labels(jobs._database.service, jobs.kind, "lease_lost").inc()
            log.warning("lease_lost", kind=jobs.kind, job=claimed.id)
    JOB_SECONDS.labels(jobs._database.service, jobs.kind).observe(time.monotonic() - began)
    return True


def _try(jobs: Jobs, claimed: Claimed, work: Callable[[Claimed], Worked], when_given_up: GivenUp) -> None:
    if claimed.tries > jobs.most_tries:
        _give_up(jobs, claimed, f"no worker lived to its end in {jobs.most_tries} tries", when_given_up)
        return
    try:
        with jobs.held(claimed):
            worked = work(claimed)
        jobs.finish(claimed, result=worked.result, events=worked.events)
    except LeaseLost:
        raise
    except Away:
        jobs.release(claimed)
        raise
    except Exception as error:  # a bug, or input nobody foresaw: the job ends visibly after its tries
        log.exception("job_try_failed", kind=jobs.kind, job=claimed.id, tries=claimed.tries)
        if not jobs.retry(claimed, repr(error)):
            _give_up(jobs, claimed, repr(error), when_given_up)


def _give_up(jobs: Jobs, claimed: Claimed, error: str, when_given_up: GivenUp) -> None:
    """End it as failed, even where what is to be told of it cannot be said."""
    events: tuple[Event, ...] = ()
    try:
        events = when_given_up(claimed, error)
    except (Away, Conflict):
        raise
    except Exception as bug:  # it would fell every worker that takes the job
        log.exception("nothing_told_of_failed_job", kind=jobs.kind, job=claimed.id)
        error = f"{error}; nothing told of it: {bug!r}"
    jobs.give_up(claimed, error, events=events)
