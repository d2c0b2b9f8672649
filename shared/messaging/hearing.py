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
from shared.messaging.breaker import Breaker
from shared.messaging.failures import Failure
from shared.messaging.parking import Dead, DeadRows, Parked, ParkedRows, Queue, key_of
from shared.messaging.port import Bus, Listener, Place, Received
from shared.records.database import Database
from shared.telemetry.correlation import following
from shared.telemetry.metrics import EVENTS_HEARD, HEARING_AGE_SECONDS, PARKED_ENDED, PAUSES, REFUSALS
from shared.trouble import Away, Conflict, NotThere, Refused, Unreadable

log = structlog.get_logger()

Reaction = Callable[[Heard], None]

LONGEST_BATCH = 5.0
"""So many seconds a batch may take before the rest is left to the next step: who does not poll is soon out."""
DRAIN_SECONDS = 5.0
"""So long parked records may keep the topics waiting in one step."""
DRAIN_OF_ONE_KEY = 100
COUNT_EVERY = 30.0
MANY_PARKED = 1000
"""From so many on the log says each time they are counted that somebody has to look."""
TOO_LARGE = Failure("TooLarge", "the record was too large to be kept whole and cannot be taken from here")


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
        parked_limit: int = 100_000,
    ) -> None:
        self._database = database
        self._bus = bus
        self._group = group or database.service
        self._reactions = {event.type(): reaction for event, reaction in reactions.items()}
        self.topics = tuple(sorted({event.topic for event in reactions}))
        self._parked = ParkedRows(database, self._group, clock=clock)
        self._dead = DeadRows(database, clock=clock)
        self._breaker = Breaker(database, self._group, limit=breaker_limit, clock=clock)
        self._parked_every = parked_every
        self._parked_limit = parked_limit
        self._looked_at = self._counted_at = float("-inf")
        self._waiting: set[Queue] = set()
        self._listener: Listener | None = None
        self._hurries = False

    def step(self, *, wait: float = 0.5, most: int = 100) -> int:
        """Hear the next records: how many had their fate. Raises Away with every untouched record still to come."""
        if self._breaker.is_open():
            return self._stand_still()
        listener = self._listening()
        heard = self._hear_all(listener, listener.poll(wait=wait, most=most))
        if self._breaker.tripped:
            self._breaker.open()
            return heard
        return heard + self._look_after(listener)

    def hurry(self) -> None:
        """End the step after the record it is at: what is done is committed, the rest is left for others."""
        self._hurries = True

    def close(self) -> None:
        """Leave the group; what is done stays committed, the rest comes again."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def give_back(self) -> None:
        """Nothing is held: what a listener that is left behind has not committed comes again, and is passed over."""

    def resume(self) -> None:
        """Close the breaker again, after a person has looked."""
        self._breaker.resume()

    def _listening(self) -> Listener:
        if self._listener is None:
            self._listener = self._bus.listener(self._group, self.topics)
        return self._listener

    # What comes

    def _hear_all(self, listener: Listener, batch: list[Received]) -> int:
        """Give each record its fate until the breaker trips; the rest of the batch comes again."""
        positions: dict[Place, int] = {}
        heard = 0
        began = time.monotonic()
        try:
            self._waiting = self._parked.waiting(batch)
            for received in batch:
                late = heard and time.monotonic() - began > LONGEST_BATCH
                if late or self._hurries or self._breaker.tripped:
                    break
                fate = self._hear(received)
                positions[received.place] = received.offset + 1
                heard += 1
                EVENTS_HEARD.labels(self._database.service, received.message.topic, fate.value).inc()
        except (Away, Conflict) as error:
            self._rewind(listener, batch[heard:], positions)
            dependency = error.dependency if isinstance(error, Away) else "another writer"
            PAUSES.labels(self._database.service, dependency).inc()
            raise Away(dependency, str(error)) from error
        self._rewind(listener, batch[heard:], positions)
        return heard

    @staticmethod
    def _rewind(listener: Listener, untouched: list[Received], positions: dict[Place, int]) -> None:
        """Go back to the first untouched record of each partition, and keep what is done."""
        first: dict[Place, int] = {}
        for received in untouched:
            first.setdefault(received.place, received.offset)
        if first:
            listener.rewind(first)
        if positions:
            listener.commit(positions)

    def _hear(self, received: Received) -> Fate:
        key = key_of(received.message)
        if key and (received.message.topic, key) in self._waiting and not self._is_passed_over(received):
            self._park(received, key, failure=None)
            return Fate.QUEUED
        fate, failure = self._attempt(received)
        if failure is None:
            if fate is not Fate.PASSED_OVER:
                self._breaker.succeeded()
            return fate
        if fate is Fate.PARKED:
            self._breaker.failed(failure)
        if key is None:
            self._dead.keep(received, group=self._group, failure=failure)
            return Fate.DEAD
        self._park(received, key, failure=failure, tries=1 if fate is Fate.PARKED else 0)
        return fate

    def _is_passed_over(self, received: Received) -> bool:
        try:
            return type_of(received.message) not in self._reactions
        except Unreadable:
            return False

    def _park(self, received: Received, key: bytes, *, failure: Failure | None, tries: int = 0) -> None:
        self._parked.park(received, key=key, failure=failure, tries=tries)
        self._waiting.add((received.message.topic, key))
        if self._parked.size >= self._parked_limit:
            self._breaker.full(self._parked.size)

    def _attempt(self, received: Received) -> tuple[Fate, Failure | None]:
        """One try of a record: what became of it, and why it could not be taken where that is so."""
        place = {"topic": received.message.topic, "partition": received.partition, "offset": received.offset}
        try:
            type_ = type_of(received.message)
            if type_ not in self._reactions:
                return Fate.PASSED_OVER, None
            self._take(received, type_)
        except NotThere as missing:  # order holds within a topic only: a campaign may come after a form for it
            log.warning("event_came_early", **place)
            return Fate.WAITING, Failure.of(missing)
        except Refused as refusal:
            REFUSALS.labels(self._database.service, refusal.code).inc()
            log.warning("event_refused", code=refusal.code, **place)
            return Fate.REFUSED, None
        except (Away, Conflict):
            raise
        except Unreadable as error:
            log.error("unreadable", error=str(error)[:500], **place)
            return Fate.PARKED, Failure.of(error)
        except Exception as error:  # a bug: this key waits, the others go on
            log.exception("reaction_failed", **place)
            return Fate.PARKED, Failure.of(error)
        return Fate.DONE, None

    def _take(self, received: Received, type_: str) -> None:
        heard = from_message(received.message)
        with following(heard.correlation, cause=heard.id, traceparent=heard.traceparent):
            self._reactions[type_](heard)
        age = (datetime.now(UTC) - heard.time).total_seconds()
        HEARING_AGE_SECONDS.labels(self._database.service, received.message.topic).observe(max(0.0, age))

    # What waits

    def _stand_still(self) -> int:
        """While the breaker is open: stay a member of the group, and try only what a person asks for."""
        if time.monotonic() - self._looked_at < self._parked_every:
            return 0
        listener = self._listening()
        self._rewind(listener, listener.poll(wait=0.2, most=1), {})
        return self._look_after(listener, asked_only=True)

    def _look_after(self, listener: Listener, *, asked_only: bool = False) -> int:
        now = time.monotonic()
        if self._hurries or now - self._looked_at < self._parked_every:
            return 0
        self._looked_at = now
        if now - self._counted_at > COUNT_EVERY:
            self._counted_at = now
            self._count()
        places = listener.places()
        return self.drain_parked(places, asked_only=asked_only) + self._try_dead(places)

    def _count(self) -> None:
        waiting = self._parked.count()
        if waiting >= MANY_PARKED:
            log.error("many_parked", waiting=waiting, group=self._group)

    def drain_parked(self, places: frozenset[Place], *, asked_only: bool = False) -> int:
        """Try the parked records whose time has come, key by key in order: how many needed no further try.

        After a few seconds the topics have their turn again.
        """
        until = time.monotonic() + DRAIN_SECONDS
        drained = 0
        while True:
            before = drained
            for first in self._parked.heads_due(places, asked_only=asked_only):
                drained += self._drain_key(first, until)
                if self._hurries or time.monotonic() > until:
                    self._looked_at = float("-inf")
                    return drained
            if drained == before:
                return drained

    def _drain_key(self, first: Parked, until: float) -> int:
        parked: Parked | None = first
        for drained in range(DRAIN_OF_ONE_KEY):
            in_time = not self._hurries and (drained == 0 or time.monotonic() < until)
            if parked is None or not in_time or not self._try_again(parked):
                return drained
            parked = self._parked.ended(parked)
        return DRAIN_OF_ONE_KEY

    def _try_again(self, parked: Parked) -> bool:
        """Whether the record needs no further try."""
        if parked.drop:
            end, failure = "dropped", None
        elif parked.cut:
            end, failure = "", TOO_LARGE
        else:
            end, failure = self._attempt(parked.received)
        if failure is not None:
            self._parked.failed_again(parked, failure)
            return False
        PARKED_ENDED.labels(self._database.service, str(end)).inc()
        log.info("parked_ended", parked=parked.id, end=str(end))
        return True

    def _try_dead(self, places: frozenset[Place]) -> int:
        """Try what a person asked for among the dead, once each."""
        taken = 0
        for dead in self._dead.asked(places, group=self._group):
            taken += self._try_one_dead(dead)
        return taken

    def _try_one_dead(self, dead: Dead) -> bool:
        fate, failure = self._attempt(dead.received)
        if failure is not None:
            self._dead.failed_again(dead, failure)
            return False
        self._dead.ended(dead)
        log.info("dead_ended", dead=dead.id, end=fate.value)
        return True
