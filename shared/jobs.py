"""Long work as documents: claimed with a lease, tried again with backoff, its result and events kept in one write."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
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
    """The jobs of one kind in one service. States: waiting, running, done, failed."""

    def __init__(
        self,
        database: Database,
        kind: str,
        *,
        lease: timedelta = timedelta(seconds=120),
        most_tries: int = 5,
        clock: Clock = system_clock,
    ) -> None:
        self._database = database
        self.kind = kind
        self._lease = lease
        self._most_tries = most_tries
        self._clock = clock
        self._rows = database.tells_from(f"jobs_{kind}")

    def ensure_indexes(self) -> None:
        """Create what claiming needs; safe to repeat."""
        self._rows.create_index([("state", 1), ("not_before", 1), ("created", 1)])
        self._rows.create_index([("state", 1), ("lease_until", 1)])

    def add(self, job_id: str, payload: dict[str, Any], *, delay: timedelta = timedelta(0)) -> bool:
        """Put a job in the queue; False when one of that id was there before, done or not."""
        now = self._clock()
        row = {
            "_id": job_id,
            "version": 1,
            "state": "waiting",
            "payload": payload,
            "created": now,
            "not_before": now + delay,
            "tries": 0,
            "correlation": correlation_id(),
            "outbox": [],
            "told": {},
        }
        try:
            with mongo_or_away():
                self._rows.insert_one(row)
        except DuplicateKeyError:
            return False
        return True

    def claim(self) -> Claimed | None:
        """Take the oldest job that is due, or one whose worker is past its lease; None when there is none."""
        now = self._clock()
        token = uuid.uuid4().hex
        waiting = {"state": "waiting", "not_before": {"$lte": now}}
        abandoned = {"state": "running", "lease_until": {"$lt": now}}
        taken = {
            "$set": {"state": "running", "token": token, "lease_until": now + self._lease, "started": now},
            "$inc": {"tries": 1, "version": 1},
        }
        with mongo_or_away():
            row = self._rows.find_one_and_update(
                {"$or": [waiting, abandoned]},
                taken,
                sort=[("created", 1)],
                projection={"outbox": 0},
                return_document=ReturnDocument.AFTER,
            )
        if row is None:
            return None
        return Claimed(row["_id"], row["payload"], row["tries"], token, row.get("correlation", ""))

    def finish(self, claimed: Claimed, *, result: dict[str, Any] | None = None, events: Sequence[Event] = ()) -> None:
        """Keep result and events together. Raises LeaseLost when the job is in other hands."""
        self._end(claimed, state="done", fields={"result": result or {}, "done": self._clock()}, events=events)
        JOBS_ENDED.labels(self._database.service, self.kind, "done").inc()

    def give_up(self, claimed: Claimed, error: str, *, events: Sequence[Event] = ()) -> None:
        """End it visibly as failed, with events that say so."""
        self._end(claimed, state="failed", fields={"error": error[:2000], "done": self._clock()}, events=events)
        JOBS_ENDED.labels(self._database.service, self.kind, "failed").inc()
        log.error("job_failed", kind=self.kind, job=claimed.id, tries=claimed.tries, error=error[:500])

    def retry(self, claimed: Claimed, error: str) -> bool:
        """Queue it again after a pause; False when it has had its tries and the caller must give it up."""
        if claimed.tries >= self._most_tries:
            return False
        pause = min(LONGEST_WAIT, FIRST_WAIT * (1 << min(claimed.tries, 10)))
        self._requeue(claimed, {"error": error[:2000], "not_before": self._clock() + pause})
        JOBS_ENDED.labels(self._database.service, self.kind, "retried").inc()
        return True

    def release(self, claimed: Claimed, *, delay: timedelta = timedelta(seconds=5)) -> None:
        """Put it back because a dependency is away: the try does not count."""
        self._requeue(claimed, {"not_before": self._clock() + delay, "tries": claimed.tries - 1})
        JOBS_ENDED.labels(self._database.service, self.kind, "released").inc()

    def renew(self, claimed: Claimed) -> None:
        """Hold it for one more lease. Raises LeaseLost."""
        self._write(claimed, {"$set": {"lease_until": self._clock() + self._lease}})

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
            return self._rows.count_documents({"state": "waiting", "created": {"$lt": row["created"]}})

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
        self._write(
            claimed,
            {
                "$set": {"state": state, "told": told, **fields},
                "$unset": {"lease_until": "", "token": ""},
                "$push": {"outbox": {"$each": entries}},
                "$inc": {"version": 1},
            },
        )

    def _requeue(self, claimed: Claimed, fields: Row) -> None:
        freed = {"lease_until": "", "token": ""}
        self._write(claimed, {"$set": {"state": "waiting", **fields}, "$unset": freed, "$inc": {"version": 1}})

    def _write(self, claimed: Claimed, change: Row) -> None:
        fits = {"_id": claimed.id, "state": "running", "token": claimed.token}
        with mongo_or_away():
            matched = self._rows.update_one(fits, change).matched_count
        if not matched:
            raise LeaseLost(f"{self.kind}/{claimed.id} is in other hands")


@dataclass(frozen=True)
class Worked:
    """What one try of a job came to."""

    result: dict[str, Any]
    events: tuple[Event, ...] = ()


def work_one(
    jobs: Jobs, work: Callable[[Claimed], Worked], *, when_given_up: Callable[[Claimed, str], tuple[Event, ...]]
) -> bool:
    """Claim one job and do it: False when there was none. Away puts it back and rises; a bug costs it one try."""
    claimed = jobs.claim()
    if claimed is None:
        return False
    began = time.monotonic()
    with following(claimed.correlation, cause=claimed.id):
        try:
            worked = work(claimed)
            jobs.finish(claimed, result=worked.result, events=worked.events)
        except LeaseLost:
            JOBS_ENDED.labels(jobs._database.service, jobs.kind, "lease_lost").inc()
            log.warning("lease_lost", kind=jobs.kind, job=claimed.id)
        except Away:
            jobs.release(claimed)
            raise
        except Exception as error:  # a bug, or input nobody foresaw: the job ends visibly after its tries
            log.exception("job_try_failed", kind=jobs.kind, job=claimed.id, tries=claimed.tries)
            if not jobs.retry(claimed, repr(error)):
                jobs.give_up(claimed, repr(error), events=when_given_up(claimed, repr(error)))
    JOB_SECONDS.labels(jobs._database.service, jobs.kind).observe(time.monotonic() - began)
    return True
