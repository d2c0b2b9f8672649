"""A small platform in one process, of the product's own parts, in which everything that breaks is drawn from a seed.

Processes die at named points by an exception that nothing may catch; a dead one is forgotten, another takes its place.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from services.notify.store import Letters
from services.review.domain.shortlist import Shortlist
from services.review.store import shortlists
from shared.clock import system_clock
from shared.events.base import Event
from shared.events.intake import CaseSubmitted, CaseWithdrawn
from shared.events.review import DecisionRecorded
from shared.events.wire import Heard, Message
from shared.messaging.hearing import HearLoop
from shared.messaging.port import Bus, Listener, Place, Received, Speaker
from shared.messaging.relay import Relay
from shared.records import Database
from shared.records.audit import AuditTrail, Decided
from shared.trouble import Away, Refused
from tests.faults.history import Breaking, History, Kind
from tests.faults.small_parts import (
    CAMPAIGN,
    LONG_AGO,
    PLACES,
    PROVINCES,
    Paper,
    PaperRecord,
    Parts,
    Shelf,
    ShelfRecord,
    receipt_letter,
)

OUTAGE_EVERY, OUTAGE_FROM = 33, 18
"""In how many steps the broker is away once, and from which of them."""


class Killed(BaseException):
    """The process is gone: nothing below may catch it."""


class SmallWorld:
    """Two services with a relay each, a hear loop, a sender of letters; and people who want something of them."""

    def __init__(
        self, seed: int, parts: Parts, *, bus: Bus, speaking: Database, hearing: Database, history: History
    ) -> None:
        # What people do does not depend on how often a fault was thought of, nor the other way round.
        self.random, self.chance = random.Random(f"people {seed}"), random.Random(f"faults {seed}")
        self.parts = parts
        self.history = history
        self.mark = uuid.uuid4().hex[:8]
        self.bus = DiesAndPauses(parts.bus(bus), self)
        self.speaking, self.hearing = speaking, hearing
        self.databases = {"intake": self.speaking.db, "review": self.hearing.db}
        self.papers = parts.papers(self.speaking, document=PaperRecord, aggregate=Paper)
        self.shelves = parts.shelves(self.hearing, document=ShelfRecord, aggregate=Shelf)
        self.letters = Letters(self.hearing, clock=system_clock)
        self.shortlists = shortlists(self.hearing, clock=system_clock)
        self.trail = AuditTrail(self.hearing)
        self.mailboxes: dict[str, list[str]] = defaultdict(list)
        self.faulty = False
        self._armed = ""
        self._nested = False
        self._outage: Breaking | None = None
        self.returning = False
        """Whether the broker was away until now: its first answers are lost."""
        self._relays: dict[str, Relay] = {}
        self._loop: HearLoop | None = None
        self.case_ids = [f"{self.mark}-{number}" for number in range(3)]
        self._prepare()

    def _prepare(self) -> None:
        for database in (self.speaking, self.hearing):
            database.client.drop_database(database.db.name)
            database.ensure_outbox_indexes()
        self.trail.ensure_indexes()
        for case_id in self.case_ids:
            self.papers.create(Paper(id=case_id, case_id=case_id))
            self.papers.create(Paper(id=f"{case_id}-annex", case_id=case_id))
        for province in PROVINCES:
            id_ = self.shortlist_id(province)
            self.shortlists.create(Shortlist(id=id_, campaign_id=CAMPAIGN, province=province, limit=PLACES))

    def shortlist_id(self, province: str) -> str:
        return f"{self.mark}:{province}"

    # What happens

    def live(self, steps: int) -> None:
        """Let so many things happen, and break what the seed says."""
        self.faulty = True
        acts: dict[Callable[[], object], int] = {
            self._somebody_hands_in: 30,
            self._somebody_signs: 10,
            self._somebody_recommends: 12,
            partial(self.tell, "intake"): 20,
            partial(self.tell, "review"): 6,
            self.hear: 18,
            self.send_letters: 12,
        }
        for step in range(steps):
            if step % OUTAGE_EVERY == OUTAGE_FROM:
                self._outage = self.history.fault("outage", "broker")
            if step % OUTAGE_EVERY == 0:
                self._end_of_outage()
            act = self.random.choices(list(acts), list(acts.values()))[0]
            act()
        self.faulty = False
        self._end_of_outage()

    def rest(self, *, quiet: int = 2, most: int = 400) -> None:
        """Let everything be told, heard and sent, or as much of it as ever will: until ``quiet`` turns move nothing."""
        self._expire()
        idle = 0
        for _ in range(most):
            self.hearing.db["letters"].update_many({"state": "waiting"}, {"$set": {"due": LONG_AGO}})  # pauses pass
            moved = self.tell("intake") + self.tell("review") + self.hear() + self.send_letters()
            idle = 0 if moved else idle + 1
            if idle == quiet:
                return

    def close(self) -> None:
        """Let go of everything."""
        for relay in self._relays.values():
            relay.close()
        if self._loop:
            self._loop.close()

    # People

    def _somebody_hands_in(self, *, of: str = "") -> None:
        case_id = of or self.random.choice(self.case_ids)
        content, command = f"{self.random.random()}", uuid.uuid4().hex
        with self.history.asking("author", Kind.SUBMIT, about=case_id) as asked:
            for _ in range(2):  # whoever gets no answer may press the button once more
                with self._dying("intake-web", *_WEB):
                    self.parts.hand_in(self, case_id, content, command, asked.holds)
                if asked.operation.got or self.random.random() < 0.5:
                    return

    def _somebody_signs(self) -> None:
        annex = f"{self.random.choice(self.case_ids)}-annex"
        with self._dying("intake-web", *_WEB):
            self.papers.change(annex, Paper.sign)

    def _somebody_recommends(self, *, by: str = "") -> None:
        case_id, province = f"case-{self.random.randrange(12)}", by or self.random.choice(PROVINCES)
        with self.history.asking("province", Kind.RECOMMEND, about=f"{case_id}:{province}") as asked:
            try:
                asked.ok(listed=self.parts.recommend(self, f"{case_id}:{province}", province))
            except Refused as refused:
                asked.refused(refused.code)
        for row in self.shortlists.rows({}):
            self.history.sample("places", row["province"], len(row["case_ids"]), row["limit"])

    def meanwhile(self, act: Callable[[], object]) -> None:
        """Now and then something else happens in the middle of something."""
        if self.faulty and not self._nested and self.chance.random() < 0.4:
            self._nested = True
            armed, self._armed = self._armed, ""
            try:
                act()
            finally:
                self._nested, self._armed = False, armed

    def somebody_else_hands_in(self, case_id: str) -> Callable[[], None]:
        return partial(self._somebody_hands_in, of=case_id)

    def somebody_else_recommends(self, province: str) -> Callable[[], None]:
        return partial(self._somebody_recommends, by=province)

    # Processes

    def tell(self, service: str) -> int:
        """One step of a relay."""
        database = self.speaking if service == "intake" else self.hearing
        told = 0
        with self._dying(f"{service}-relay", *_RELAY) as died:
            relay = self._relays.get(service) or self._new_relay(service, database)
            try:
                told = relay.step()
            except Away:
                told = 1  # there is something to tell, once it is not away
        if died:
            self._relays.pop(service)
            self._expire()
        return told

    def _new_relay(self, service: str, database: Database) -> Relay:
        relay = self._relays[service] = self.parts.relay(database, self.bus, patience=10, settle=0)
        mark = relay._mark

        def dies_before_the_mark(*args: Any) -> None:
            self.at("before mark")
            mark(*args)

        vars(relay)["_mark"] = dies_before_the_mark
        return relay

    def hear(self) -> int:
        """One step of the listener."""
        heard = 0
        with self._dying("review-worker", "before effect", "between effects", "before commit") as died:
            reactions: dict[type[Event], Callable[[Heard], None]] = {
                CaseSubmitted: self._react,
                CaseWithdrawn: self._react,
                DecisionRecorded: self._note_decision,
            }
            if self._loop is None:
                group = f"review-{self.mark}"
                self._loop = HearLoop(self.hearing, self.bus, reactions, group=group, parked_every=0)
            with suppress(Away):
                heard = self._loop.step(wait=0.1)
        if died and self._loop:
            self._loop.close()  # the group misses it; nothing is committed
            self._loop = None
        return heard

    def _react(self, heard: Heard) -> None:
        self.at("before effect")

        def take(shelf: Shelf) -> None:
            shelf.taken = (*shelf.taken, heard.id)

        self.shelves.hear(heard, heard.key, take, create=lambda: Shelf(id=heard.key))
        self.at("between effects")
        if isinstance(heard.event, CaseSubmitted):
            self.letters.ensure(receipt_letter(heard, heard.event, self.mark))

    def _note_decision(self, heard: Heard) -> None:
        self.at("before effect")
        event = heard.event
        assert isinstance(event, DecisionRecorded)
        self.trail.append(
            Decided(cause=heard.id, by=event.by, what=event.what, about=event.about, why=event.why, at=event.at)
        )

    def send_letters(self) -> int:
        """Send what is due."""
        due = self.letters.due_to_send(at=system_clock(), without=(), most=5)
        with self._dying("notify-sender", "before answer", "after answer"):
            for row in due:
                self.parts.send(self, row["_id"])
        return len(due)

    # Breaking

    def is_there(self) -> None:
        """Raise Away while the broker is away."""
        if self._outage:
            raise Away("kafka", "an outage")

    def _end_of_outage(self) -> None:
        if self._outage:
            self._outage.saw("events wait, and some answers are lost at its end")
            self._outage.recovered()
            self._outage, self.returning = None, True

    def at(self, point: str) -> None:
        """The process dies here if that is what the seed said."""
        if self._armed == point:
            self._armed = ""
            raise Killed

    def fails_at(self, point: str) -> bool:
        """Whether something else than death happens here."""
        failing = self._armed == point
        if failing:
            self._armed = ""
        return failing

    @contextmanager
    def _dying(self, process: str, *points: str) -> Iterator[list[str]]:
        """Inside the block the process may die, at one of these points; the list then says so."""
        died: list[str] = []
        if self.faulty and not self._nested and self.chance.random() < 0.4:
            self._armed = point = self.chance.choice(points)
        try:
            yield died
        except Killed:
            fault = self.history.fault("kill", process)
            fault.saw(f"died {point}")
            fault.recovered()
            died.append(point)
        finally:
            if not self._nested:
                self._armed = ""

    def another_relay_takes_over(self, service: str) -> None:
        """While a relay stands still past its lease, another tells everything there is; then the first goes on."""
        fault = self.history.fault("pause", f"{service}-relay")
        self._expire()
        database = self.speaking if service == "intake" else self.hearing
        other = self.parts.relay(database, self.bus, patience=10, settle=0)
        fault.saw(f"another relay told {other.step()} events")
        other.close()
        fault.recovered()

    def _expire(self) -> None:
        for database in (self.speaking, self.hearing):
            database.db["leases"].update_many({}, {"$set": {"until": LONG_AGO}})


_WEB = ("before write", "after write")
_RELAY = ("before send", "after send", "before mark", "no answer", "no answer", "pause")


class DiesAndPauses:
    """A bus whose speakers and listeners die, fail and stand still where the seed says."""

    def __init__(self, inner: Bus, world: SmallWorld) -> None:
        self.inner = inner
        self.world = world

    def speaker(self, name: str) -> Speaker:
        """One that may die."""
        return _Speaker(self.inner.speaker(name), self.world, name.partition("-")[0])

    def listener(self, group: str, topics: Sequence[str]) -> Listener:
        """One that may die before it commits."""
        return _Listener(self.inner.listener(group, topics), self.world)

    def records(self, topic: str) -> Iterable[Received]:
        """As they are."""
        return self.inner.records(topic)


class _Speaker:
    def __init__(self, inner: Speaker, world: SmallWorld, service: str) -> None:
        self._inner = inner
        self._world = world
        self._service = service

    def tell(self, messages: Sequence[Message], *, patience: float) -> list[bool]:
        """Tell, unless something happens."""
        world = self._world
        world.is_there()
        world.at("before send")
        if world.fails_at("pause"):
            world.another_relay_takes_over(self._service)
        if world.fails_at("no answer") or world.returning:
            world.returning = False
            return self._tell_some(messages, patience)
        acknowledged = self._inner.tell(messages, patience=patience)
        world.at("after send")
        world.meanwhile(world.somebody_else_hands_in(world.chance.choice(world.case_ids)))
        return acknowledged

    def _tell_some(self, messages: Sequence[Message], patience: float) -> list[bool]:
        """Some are never sent; of others only the answer is lost."""
        fates = [self._world.chance.choice(("told", "never sent", "no answer")) for _ in messages]
        self._inner.tell(
            [each for each, fate in zip(messages, fates, strict=True) if fate != "never sent"], patience=patience
        )
        return [fate == "told" for fate in fates]

    def close(self) -> None:
        """Let go."""
        self._inner.close()


class _Listener:
    def __init__(self, inner: Listener, world: SmallWorld) -> None:
        self._inner = inner
        self._world = world

    def poll(self, *, wait: float, most: int) -> list[Received]:
        """The next records."""
        self._world.is_there()
        return self._inner.poll(wait=wait, most=most)

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Commit, unless it dies just now."""
        self._world.at("before commit")
        self._inner.commit(positions)

    def rewind(self, positions: Mapping[Place, int]) -> None:
        """Read on from there."""
        self._inner.rewind(positions)

    def places(self) -> frozenset[Place]:
        """Its partitions."""
        return self._inner.places()

    def close(self) -> None:
        """Leave the group."""
        self._inner.close()
