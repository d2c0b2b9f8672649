"""The hear loop: each record has its effect, is passed over, waits parked, or is dead; then the offset moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum

import structlog

from shared.clock import Clock, system_clock
from shared.events.base import Event
from shared.events.wire import Heard, from_message, type_of
from shared.messaging.parking import DeadRows, ParkedRows
from shared.messaging.port import Bus, Listener, Place, Received
from shared.records.database import Database, mongo_or_away
from shared.telemetry.correlation import following
from shared.telemetry.metrics import BREAKER_OPEN, EVENTS_HEARD, HEARING_AGE_SECONDS, PAUSES, REFUSALS
from shared.trouble import Away, Conflict, NotThere, Refused, Unreadable

log = structlog.get_logger()

Reaction = Callable[[Heard], None]


class Fate(StrEnum):
    """What became of a record."""

    DONE = "done"
    REFUSED = "refused"
    PASSED_OVER = "passed_over"
    PARKED = "parked"
    WAITING = "waiting"  # parked until what it is about, told on another topic, has come too
    QUEUED = "queued"  # parked behind an earlier record of its key: no failure of its own
    DEAD = "dead"


class HearLoop:
    """Hears for one service. ``reactions`` maps an event class to what the service does on it."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        reactions: Mapping[type[Event], Reaction],
        *,
        clock: Clock = system_clock,
        group: str | None = None,
        breaker_limit: int = 20,
        parked_every: float = 2.0,
    ) -> None:
        self._database = database
        self._bus = bus
        self._group = group or database.service
        self._reactions = {event.type(): reaction for event, reaction in reactions.items()}
        self.topics = tuple(sorted({event.topic for event in reactions}))
        self._parked = ParkedRows(database, self._group, clock=clock)
        self._dead = DeadRows(database)
        self._clock = clock
        self._breaker_limit = breaker_limit
        self._failures_in_a_row = 0
        self._parked_every = parked_every
        self._parked_looked_at = 0.0
        self._listener: Listener | None = None

    def step(self, *, wait: float = 0.5, most: int = 100) -> int:
        """Hear the next records: how many had their fate. Raises Away with every untouched record still to come."""
        if self._breaker_is_open():
            return 0
        if self._listener is None:
            self._listener = self._bus.listener(self._group, self.topics)
        self._try_parked(self._listener)
        batch = self._listener.poll(wait=wait, most=most)
        positions: dict[Place, int] = {}
        for at, received in enumerate(batch):
            try:
                fate = self._hear(received)
            except (Away, Conflict) as error:
                self._rewind(self._listener, batch[at:], positions)
                dependency = error.dependency if isinstance(error, Away) else "another writer"
                PAUSES.labels(self._database.service, dependency).inc()
                raise Away(dependency, str(error)) from error
            positions[received.place] = received.offset + 1
            EVENTS_HEARD.labels(self._database.service, received.message.topic, fate.value).inc()
            if self._count_failure(fate):
                self._rewind(self._listener, batch[at + 1 :], positions)
                return at + 1
        if positions:
            self._listener.commit(positions)
        return len(batch)

    def close(self) -> None:
        """Leave the group; what is done stays committed, the rest comes again."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def resume(self) -> None:
        """Close the breaker again, after a person has looked."""
        with mongo_or_away():
            self._database.db["breaker"].delete_one({"_id": self._group})
        self._failures_in_a_row = 0
        BREAKER_OPEN.labels(self._database.service).set(0)

    # One record

    def _hear(self, received: Received) -> Fate:
        try:
            type_ = type_of(received.message)
        except Unreadable as error:
            return self._unreadable(received, error)
        if type_ not in self._reactions:
            return Fate.PASSED_OVER
        if self._parked.is_waiting(received):
            self._parked.park(received, error="waits behind an earlier record of its key", tries=0)
            return Fate.QUEUED
        return self._react(received, type_)

    def _react(self, received: Received, type_: str) -> Fate:
        try:
            self._take(received, type_)
        except NotThere as missing:  # order holds within a topic only: a campaign may come after a form for it
            log.warning("event_came_early", type=type_, topic=received.message.topic, offset=received.offset)
            self._parked.park(received, error=repr(missing), tries=0)
            return Fate.WAITING
        except Refused as refusal:
            REFUSALS.labels(self._database.service, refusal.code).inc()
            log.warning("event_refused", type=type_, code=refusal.code, offset=received.offset)
            return Fate.REFUSED
        except (Away, Conflict):
            raise
        except Unreadable as error:
            return self._unreadable(received, error)
        except Exception as error:  # a bug: this key waits, the others go on
            log.exception("reaction_failed", type=type_, topic=received.message.topic, offset=received.offset)
            self._parked.park(received, error=repr(error)[:2000], tries=1)
            return Fate.PARKED
        return Fate.DONE

    def _take(self, received: Received, type_: str) -> None:
        heard = from_message(received.message)
        with following(heard.correlation, cause=heard.id, traceparent=heard.traceparent):
            self._reactions[type_](heard)
        age = (datetime.now(UTC) - heard.time).total_seconds()
        HEARING_AGE_SECONDS.labels(self._database.service, received.message.topic).observe(max(0.0, age))

    def _unreadable(self, received: Received, error: Unreadable) -> Fate:
        log.error("unreadable", topic=received.message.topic, offset=received.offset, error=str(error)[:500])
        if received.message.key:
            self._parked.park(received, error=str(error)[:2000], tries=1)
            return Fate.PARKED
        self._dead.keep(received, group=self._group, error=str(error)[:2000], at=self._clock())
        return Fate.DEAD

    @staticmethod
    def _rewind(listener: Listener, untouched: list[Received], positions: dict[Place, int]) -> None:
        """Go back to the first untouched record of each partition, and keep what is done."""
        first: dict[Place, int] = {}
        for received in untouched:
            first.setdefault(received.place, received.offset)
        listener.rewind(first)
        if positions:
            listener.commit(positions)

    # Parked records

    def _try_parked(self, listener: Listener) -> None:
        now = time.monotonic()
        if now - self._parked_looked_at < self._parked_every:
            return
        self._parked_looked_at = now
        self.drain_parked(listener.places())

    def drain_parked(self, places: frozenset[Place]) -> int:
        """Try the parked records whose time has come, key by key in order: how many had their effect."""
        drained = 0
        while True:
            progress = False
            for id_, received, tries in list(self._parked.heads_due(places)):
                if self._try_one_parked(id_, received, tries):
                    drained += 1
                    progress = True
            if not progress:
                return drained

    def _try_one_parked(self, id_: str, received: Received, tries: int) -> bool:
        try:
            self._take(received, type_of(received.message))
        except NotThere as missing:
            self._parked.failed_again(id_, error=repr(missing), tries=tries + 1)
            return False
        except Refused as refusal:
            log.warning("event_refused", parked=id_, code=refusal.code)
        except (Away, Conflict):
            raise
        except Exception as error:  # still the same bug, or another one
            self._parked.failed_again(id_, error=repr(error)[:2000], tries=tries + 1)
            return False
        self._parked.drained(received, id_)
        return True

    # The breaker

    def _count_failure(self, fate: Fate) -> bool:
        if fate in (Fate.PARKED, Fate.DEAD):
            self._failures_in_a_row += 1
        elif fate in (Fate.DONE, Fate.REFUSED):
            self._failures_in_a_row = 0
        if self._failures_in_a_row < self._breaker_limit:
            return False
        log.error("breaker_opened", failures=self._failures_in_a_row, group=self._group)
        with mongo_or_away():
            self._database.db["breaker"].update_one(
                {"_id": self._group}, {"$set": {"failures": self._failures_in_a_row}}, upsert=True
            )
        BREAKER_OPEN.labels(self._database.service).set(1)
        self._failures_in_a_row = 0
        return True

    def _breaker_is_open(self) -> bool:
        with mongo_or_away():
            is_open = self._database.db["breaker"].find_one({"_id": self._group}) is not None
        BREAKER_OPEN.labels(self._database.service).set(1 if is_open else 0)
        return is_open
