"""The one versioned write: state, news, what was heard and which commands are done change together or not at all."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

import structlog
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from shared.aggregates import Aggregate
from shared.clock import Clock, system_clock
from shared.events.wire import Heard, Told, outbox_entry
from shared.records.database import Database, Row, mongo_or_away
from shared.records.mapping import from_row, plain, to_row
from shared.records.record import Record
from shared.telemetry.correlation import cause, correlation_id, traceparent
from shared.telemetry.metrics import REFUSALS, WRITE_CONFLICTS
from shared.trouble import Away, Conflict, NotThere, Refused

A = TypeVar("A", bound=Aggregate)
R = TypeVar("R")

TRIES = 30
MAX_UNTOLD = 1000
COMMANDS_KEPT = 500
LINEARIZABLE_MS = 10_000
"""How long a read that a majority must confirm may take."""
COMMANDS_LAST = timedelta(hours=24)
EVENT_IDS = uuid.UUID("6f0d6cf0-3c1f-5b58-9d06-0f6d5d0f6b5e")
_OURS = frozenset({"_id", "version", "outbox", "told", "heard", "commands"})

log = structlog.get_logger()


@dataclass
class Opened(Generic[A]):
    """An aggregate together with the bookkeeping of its document."""

    aggregate: A
    version: int = 0
    told: Row = field(default_factory=dict)
    heard: Row = field(default_factory=dict)
    commands: list[Row] = field(default_factory=list)
    before: Row = field(default_factory=dict)


def event_id(collection: str, subject: str, topic: str, seq: int) -> str:
    """An id that a repeated attempt at the same cause gives again; random where nothing caused it."""
    because = cause()
    if not because:
        return str(uuid.uuid4())
    return str(uuid.uuid5(EVENT_IDS, f"{because}/{collection}/{subject}/{topic}/{seq}"))


def derived_id(*parts: object) -> str:
    """An id that the same parts (an event id, a reaction's name, a number) always give."""
    return str(uuid.uuid5(EVENT_IDS, "/".join(str(part) for part in parts)))


def _escaped(name: str) -> str:
    return name.replace(".", ":")


class Records(Generic[A]):
    """The documents of one aggregate in one collection.

    ``unique`` names the Refused for each unique index but ``_id``.
    """

    def __init__(
        self,
        database: Database,
        *,
        document: type[Record],
        aggregate: type[A],
        unique: Mapping[str, Refused] | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._database = database
        self._document = document
        self._needed = [name for name, field in document._fields.items() if field.required and name != "id"]
        self._kind = aggregate
        self._unique = dict(unique or {})
        self._clock = clock
        self.name: str = document._get_collection_name()
        self._rows = database.tells_from(self.name)
        self._surely = self._rows.with_options(read_concern=ReadConcern("linearizable"))

    # Reading

    def find(self, id: str) -> A | None:
        """The aggregate, or None."""
        opened = self._open(id)
        return opened.aggregate if opened else None

    def get(self, id: str) -> A:
        """The aggregate; NotThere where there is none."""
        return self._must_open(id).aggregate

    def newest(self, id: str) -> A:
        """The aggregate as a majority holds it now; NotThere where there is none.

        A plain read may be answered by a server that was primary and has not noticed yet that another one is: what
        was acknowledged a moment ago is not in it. This one asks a majority, and takes a round trip more.
        """
        opened = self._opened(self._of_a_majority(id))
        if opened is None:
            raise NotThere()
        return opened.aggregate

    def answer_of(self, id: str, command: str) -> Any:
        """What a command that was already done answered; None where it is not known."""
        opened = self._open(id)
        return _known(opened, command)[1] if opened else None

    def rows(
        self, query: Row, *, only: tuple[str, ...] = (), sort: str = "_id", limit: int = 0, skip: int = 0
    ) -> Iterator[Row]:
        """Plain rows for pages and reports, without outbox and bookkeeping."""
        projection: Row = dict.fromkeys(only, 1) if only else {"outbox": 0, "commands": 0, "heard": 0, "told": 0}
        direction = -1 if sort.startswith("-") else 1
        with mongo_or_away():
            yield from self._rows.find(query, projection).sort(sort.lstrip("-"), direction).skip(skip).limit(limit)

    def tally(self, query: Row, by: Row) -> list[tuple[Row, int]]:
        """How many documents have the same values of these expressions; the database counts."""
        steps = [{"$match": query}, {"$group": {"_id": by, "count": {"$sum": 1}}}]
        with mongo_or_away():
            return [(row["_id"], row["count"]) for row in self._rows.aggregate(steps)]

    def find_by(self, query: Row) -> A | None:
        """The first aggregate that fits a query; unique indexes make it the only one."""
        with mongo_or_away():
            row = self._rows.find_one(query, {"_id": 1})
        return self.find(row["_id"]) if row else None

    def count(self, query: Row) -> int:
        """How many documents fit a query."""
        with mongo_or_away():
            return self._rows.count_documents(query)

    # Writing

    def create(self, aggregate: A, *, command: str | None = None, answer: Any = None) -> Any:
        """Keep a new aggregate. An existing ``_id`` is Conflict, unless this very command made it: then its answer."""
        opened = Opened(aggregate)
        try:
            self._insert(opened, command=command, answer=answer)
        except Conflict:
            if command is None:
                raise
            done, earlier = _known(self._must_open(aggregate.id), command)
            if not done:
                raise
            return earlier
        return answer

    def ensure(self, aggregate: A) -> bool:
        """Keep a new aggregate unless one of that ``_id`` exists, which means it was done before."""
        try:
            self._insert(Opened(aggregate))
        except Conflict:
            return False
        return True

    def change(
        self, id: str, act: Callable[[A], R], *, command: str | None = None, create: Callable[[], A] | None = None
    ) -> R:
        """Open, let ``act`` decide, keep; again on Conflict. A known command gets its first answer again.

        ``act`` may run several times on fresh state and must touch nothing but the aggregate. Its answer is kept with
        the command and must be something MongoDB can hold. Where there is no aggregate yet, ``create`` makes the one
        that ``act`` begins with. Raises NotThere without it, Refused (nothing is kept), Conflict, Away.
        """
        for attempt in range(TRIES):
            opened = self._must_open(id, create)
            if command is not None:
                done, earlier = _known(opened, command)
                if done:
                    return earlier  # type: ignore[no-any-return]  # the answer of the same act
            answer = act(opened.aggregate)
            try:
                self._keep(opened, command=command, answer=answer)
            except Conflict:
                self._wait(attempt)
                continue
            return answer
        raise Conflict(f"{self.name}/{id} changed under each of {TRIES} tries")

    def hear(self, heard: Heard, id: str, act: Callable[[A], object], *, create: Callable[[], A] | None = None) -> bool:
        """Let an event change one document, once. False: it was a repeat, or there is nothing to change.

        Refused by the rules, the event still counts as heard.
        """
        for attempt in range(TRIES):
            opened = self._open(id, create) or self._opened(self._of_a_majority(id))
            if opened is None:
                log.info("nothing_to_change", kept_in=self.name, id=id, heard=heard.id, type=heard.type)
                return False
            slot = f"{_escaped(heard.topic)}/{_escaped(heard.subject)}"
            if tuple(opened.heard.get(slot, (0, 0))) >= (heard.epoch, heard.seq):
                return False
            try:
                act(opened.aggregate)
            except Refused as refusal:
                REFUSALS.labels(self._database.service, refusal.code).inc()
                log.warning("event_refused", heard=heard.id, type=heard.type, code=refusal.code, id=id)
                opened = self._open(id, create) or Opened(opened.aggregate)
            opened.heard[slot] = [heard.epoch, heard.seq]
            try:
                self._keep(opened, heard_slot=slot)
            except Conflict:
                self._wait(attempt)
                continue
            return True
        raise Conflict(f"{self.name}/{id} changed under each of {TRIES} tries")

    # The one write

    def _open(self, id: str, create: Callable[[], A] | None = None) -> Opened[A] | None:
        with mongo_or_away():
            row = self._rows.find_one({"_id": id}, {"outbox": 0})
        return self._opened(row) or (Opened(create()) if create else None)

    def _of_a_majority(self, id: str) -> Row | None:
        with mongo_or_away():
            return self._surely.find_one({"_id": id}, {"outbox": 0}, max_time_ms=LINEARIZABLE_MS)

    def _opened(self, row: Row | None) -> Opened[A] | None:
        """What a row holds; None where there is none, or it was erased."""
        if row is None or row.get("erased"):
            return None
        state = {key: value for key, value in row.items() if key not in _OURS or key == "_id"}
        return Opened(
            aggregate=from_row(self._kind, state),
            version=row["version"],
            told=row.get("told", {}),
            heard=row.get("heard", {}),
            commands=row.get("commands", []),
            before=state,
        )

    def _must_open(self, id: str, create: Callable[[], A] | None = None) -> Opened[A]:
        opened = self._open(id, create)
        if opened is None:
            raise NotThere()
        return opened

    def _keep(
        self, opened: Opened[A], *, command: str | None = None, answer: Any = None, heard_slot: str | None = None
    ) -> None:
        """Write what was opened; Conflict when somebody else was first."""
        if opened.version:
            self._replace(opened, command=command, answer=answer, heard_slot=heard_slot)
        else:
            self._insert(opened, command=command, answer=answer)

    def _state(self, aggregate: A, before: Row | None = None) -> Row:
        """The fields of the aggregate that differ from ``before``, validated; None for one that is no longer there."""
        known = before or {}
        row = to_row(aggregate)
        changed = [key for key, value in row.items() if key not in _OURS and value != known.get(key)]
        document = self._document._from_son({key: row[key] for key in {"_id", *self._needed, *changed} if key in row})
        document.validate()
        kept = document.to_mongo()
        return {key: kept.get(key) for key in changed}

    def _insert(self, opened: Opened[A], *, command: str | None = None, answer: Any = None) -> None:
        outbox = self._entries(opened)
        row = {
            "_id": opened.aggregate.id,
            "version": 1,
            **self._state(opened.aggregate),
            "outbox": outbox,
            "told": opened.told,
            "heard": opened.heard,
            "commands": self._commands([], command, answer),
        }
        try:
            with mongo_or_away():
                self._rows.insert_one(row)
        except DuplicateKeyError as error:
            raise self._duplicate(error) from error
        opened.aggregate.news.clear()

    def _replace(
        self, opened: Opened[A], *, command: str | None = None, answer: Any = None, heard_slot: str | None = None
    ) -> None:
        changed = self._state(opened.aggregate, opened.before)
        entries = self._entries(opened)
        if not changed and not entries and command is None and heard_slot is None:
            self._confirm(opened)
            return
        change: Row = {"$inc": {"version": 1}}
        change["$set"] = {key: value for key, value in changed.items() if value is not None}
        if gone := [key for key, value in changed.items() if value is None]:
            change["$unset"] = dict.fromkeys(gone, "")
        if entries:
            change["$push"] = {"outbox": {"$each": entries}}
            change["$set"] |= {f"told.{_escaped(entry['topic'])}": entry["seq"] for entry in entries}
        if heard_slot is not None:
            change["$set"][f"heard.{heard_slot}"] = opened.heard[heard_slot]
        if command is not None:
            change["$set"]["commands"] = self._commands(opened.commands, command, answer)
        if not change["$set"]:
            del change["$set"]
        fits: Row = {"_id": opened.aggregate.id, "version": opened.version}
        if entries:
            fits[f"outbox.{MAX_UNTOLD - 1}"] = {"$exists": False}
        try:
            with mongo_or_away():
                matched = self._rows.update_one(fits, change).matched_count
        except DuplicateKeyError as error:
            raise self._duplicate(error) from error
        if not matched:
            self._explain(opened.aggregate.id, opened.version)
        opened.aggregate.news.clear()

    def _confirm(self, opened: Opened[A]) -> None:
        """Nothing is to be done: that must be true of the newest state, for no write will tell; else Conflict."""
        fits = {"_id": opened.aggregate.id, "version": opened.version}
        with mongo_or_away():
            row = self._surely.find_one(fits, {"_id": 1}, max_time_ms=LINEARIZABLE_MS)
        if row is None:
            raise Conflict(f"{self.name}/{opened.aggregate.id} is no longer at version {opened.version}")

    def _explain(self, id: str, version: int) -> None:
        with mongo_or_away():
            row = self._rows.find_one({"_id": id, "version": version}, {"_id": 1})
        if row is not None:
            raise Away("kafka", f"{self.name}/{id} holds {MAX_UNTOLD} untold events")
        WRITE_CONFLICTS.labels(self._database.service, self.name).inc()
        raise Conflict(f"{self.name}/{id} is no longer at version {version}")

    def _entries(self, opened: Opened[A]) -> list[Row]:
        entries = []
        for event in opened.aggregate.news:
            slot = _escaped(event.topic)
            seq = opened.told[slot] = int(opened.told.get(slot, 0)) + 1
            told = Told(
                id=event_id(self.name, opened.aggregate.id, event.topic, seq),
                event=event,
                subject=opened.aggregate.id,
                seq=seq,
                epoch=self._database.epoch,
                time=self._clock(),
                correlation=correlation_id(),
                traceparent=traceparent(),
            )
            entries.append(outbox_entry(told))
        return entries

    def _commands(self, kept: list[Row], command: str | None, answer: Any) -> list[Row]:
        if command is None:
            return kept
        now = self._clock()
        young = [row for row in kept if row["at"] > now - COMMANDS_LAST]
        return [*young[-(COMMANDS_KEPT - 1) :], {"id": command, "answer": plain(answer), "at": now}]

    def _duplicate(self, error: DuplicateKeyError) -> Exception:
        text = str(error)
        for index, refusal in self._unique.items():
            if index in text:
                return refusal
        return Conflict(f"{self.name}: {(error.details or {}).get('keyValue')} exists already")

    @staticmethod
    def _wait(attempt: int) -> None:
        time.sleep(random.uniform(0, min(0.2, 0.002 * 2**attempt)))  # noqa: S311  # jitter, not a secret


def _known(opened: Opened[Any], command: str) -> tuple[bool, Any]:
    for row in opened.commands:
        if row["id"] == command:
            return True, row["answer"]
    return False, None
