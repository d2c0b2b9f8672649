"""The part of the checker that goes through the topics: order, gaps, repeats, ghosts, and what every listener owes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.faults.observed import NOWHERE, Need, Observed, OnTopic, Spot, Told

SHORTLIST_CHANGED = "zhengji.review.ShortlistChanged.v1"


class Name(StrEnum):
    """What can be wrong."""

    LOST = "lost"  # acknowledged, and not there
    UNSEEN = "unseen"  # told, and without its effect at a listener that has a reaction for it
    INVERSION = "inversion"  # of one subject on one topic, a later event came first
    GAP = "gap"  # of one subject on one topic, an event is missing
    GHOST = "ghost"  # there, and nothing that was kept tells of it
    DOUBLE = "double"  # there twice
    STALE = "stale"  # a compacted topic ends with an older value
    OVER_QUOTA = "over_quota"
    BROKEN_CHAIN = "broken_chain"
    STUCK = "stuck"
    WRONG = "wrong"  # what the accounting of a campaign finds besides


@dataclass(frozen=True)
class Anomaly:
    """Something that is wrong, and by what one sees it."""

    name: Name
    what: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Telling:
    """What the topics and the bookkeeping gave."""

    anomalies: list[Anomaly] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    told_by_topic: Counter[str] = field(default_factory=Counter)
    records_by_topic: Counter[str] = field(default_factory=Counter)
    submissions: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Events on the topic for each case and version handed in."""
    listings: Counter[str] = field(default_factory=Counter)
    """How often each case was put on a shortlist."""
    things: set[tuple[str, str]] = field(default_factory=set)
    """Which effects there are, by sort and identity, whoever holds them."""


def check_events(observed: Observed) -> Telling:
    """Go through bookkeeping, effects and topics."""
    telling = Telling()
    ledger = _Ledger()
    ledger.read(observed, telling)
    for topic in observed.topics:
        _Topic(topic, observed, ledger, telling).check()
    return telling


def slot(topic: str, subject: str) -> str:
    """How documents spell what they heard of a subject."""
    return f"{topic}/{subject}".replace(".", ":")


class _Ledger:
    """How far each subject told, what each document heard, and which effects there are."""

    def __init__(self) -> None:
        self.committed: dict[tuple[str, str], int] = {}
        self._marks: dict[tuple[str, str, str], Spot] = {}
        self._documents: set[tuple[str, str]] = set()
        self._effects: set[tuple[str, str, str]] = set()
        self._causes: set[tuple[str, str, str]] = set()

    def read(self, observed: Observed, telling: Telling) -> None:
        for document in observed.documents:
            self._documents.add((document.service, document.id))
            for topic, seq in document.told.items():
                place = (topic, document.id)
                self.committed[place] = max(seq, self.committed.get(place, 0))
            for name, spot in document.heard.items():
                mark = (document.service, document.id, name)
                self._marks[mark] = max(spot, self._marks.get(mark, NOWHERE))
        for effect in observed.effects:
            what = (effect.service, effect.what, effect.of)
            if what in self._effects:
                evidence = {"service": effect.service, "of": effect.of, "cause": effect.cause}
                telling.anomalies.append(Anomaly(Name.DOUBLE, f"a second {effect.what}", evidence))
            self._effects.add(what)
            self._causes.add((effect.service, effect.what, effect.cause))
            telling.things.add((effect.what, effect.of))

    def meets(self, need: Need, told: Told) -> bool:
        """Whether what a listener owes is there."""
        if need.marked:
            if (need.service, need.marked) not in self._documents:
                return not need.made
            mark = self._marks.get((need.service, need.marked, slot(told.topic, told.subject)), NOWHERE)
            return mark >= told.spot
        if need.of:
            return (need.service, need.what, need.of) in self._effects
        return (need.service, need.what, told.id) in self._causes


class _Topic:
    """One topic: what should be there, and what is."""

    def __init__(self, topic: str, observed: Observed, ledger: _Ledger, telling: Telling) -> None:
        self._topic = topic
        self._observed = observed
        self._ledger = ledger
        self._telling = telling
        self._compacted = topic in observed.compacted
        self._missing: dict[str, tuple[str, Spot]] = {}
        """What was told and not met on the topic yet."""
        self._known: dict[str, tuple[str, Spot]] = {}
        self._waiting: dict[str, set[int]] = defaultdict(set)
        self._submissions: dict[str, tuple[str, int]] = {}
        self._newest: dict[str, Spot] = {}

    def check(self) -> None:
        self._read_told()
        self._read_records()
        if not self._compacted:
            for id_, (subject, spot) in self._missing.items():
                self._wrong(Name.LOST, "told, and not on the topic", id=id_, subject=subject, spot=spot)

    def _wrong(self, name: Name, what: str, **evidence: Any) -> None:
        self._telling.anomalies.append(Anomaly(name, what, {"topic": self._topic, **evidence}))

    # What the services believe

    def _read_told(self) -> None:
        places: dict[tuple[str, Spot], str] = {}
        for told in self._observed.told(self._topic):
            if told.id in self._known:
                continue  # told, and its mark not yet seen: it lies in the outbox as well
            self._known[told.id] = (told.subject, told.spot)
            other = places.setdefault((told.subject, told.spot), told.id)
            if other != told.id:
                ids = (other, told.id)
                self._wrong(Name.DOUBLE, "two events in one place", subject=told.subject, spot=told.spot, ids=ids)
            if told.spot.seq > self._ledger.committed.get((self._topic, told.subject), 0):
                self._wrong(Name.GHOST, "told, and no document says so", subject=told.subject, spot=told.spot)
            if told.waits:
                self._waiting[told.subject].add(told.spot.seq)
            else:
                self._missing[told.id] = (told.subject, told.spot)
                self._newest[told.subject] = max(told.spot, self._newest.get(told.subject, NOWHERE))
                self._follow(told)

    def _follow(self, told: Told) -> None:
        self._telling.told_by_topic[self._topic] += 1
        if told.type == self._observed.submission_type:
            self._submissions[told.id] = (str(told.data["case_id"]), int(told.data["case_version"]))
        if told.type == SHORTLIST_CHANGED and told.data["listed"]:
            self._telling.listings[str(told.data["case_id"])] += 1
        for need in self._observed.needs(told):
            self._telling.figures["effects owed"] += 1
            if self._ledger.meets(need, told):
                self._telling.figures["effects seen"] += 1
            else:
                here = {"service": need.service, "type": told.type, "subject": told.subject, "spot": told.spot}
                self._wrong(Name.UNSEEN, need.what or f"no mark in {need.marked}", **here)

    # What the topic holds

    def _read_records(self) -> None:
        delivered: dict[str, set[Spot]] = defaultdict(set)
        ids: dict[tuple[str, Spot], str] = {}
        highest: dict[tuple[str, int], Spot] = {}
        last: dict[str, OnTopic] = {}
        for record in self._observed.records(self._topic):
            self._telling.records_by_topic[self._topic] += 1
            if not record.id:
                self._wrong(Name.GHOST, "a record that carries no event", partition=record.partition, at=record.offset)
                continue
            last[record.key] = record
            place = (record.subject, record.spot)
            if ids.setdefault(place, record.id) != record.id:
                self._wrong(Name.DOUBLE, "two ids in one place", subject=record.subject, ids=(ids[place], record.id))
            if record.spot in delivered[record.subject]:
                self._telling.figures["repeats"] += 1
                continue
            delivered[record.subject].add(record.spot)
            self._first_delivery(record, highest)
        if self._compacted:
            self._newest_is_last(last.values())
        else:
            self._gaps(delivered)

    def _first_delivery(self, record: OnTopic, highest: dict[tuple[str, int], Spot]) -> None:
        if self._known.get(record.id) != (record.subject, record.spot):
            self._wrong(Name.GHOST, "on the topic, and kept nowhere", id=record.id, subject=record.subject)
        self._missing.pop(record.id, None)
        if submission := self._submissions.get(record.id):
            self._telling.submissions[submission] += 1
        # Different keys of one subject lie in different partitions: between these there is no order to keep.
        line = (record.subject, record.partition)
        before = highest.get(line, NOWHERE)
        if record.spot < before:
            here = {"subject": record.subject, "partition": record.partition, "offset": record.offset}
            self._wrong(Name.INVERSION, f"{record.spot} came after {before}", **here)
        highest[line] = max(before, record.spot)

    def _gaps(self, delivered: Mapping[str, set[Spot]]) -> None:
        for (topic, subject), count in self._ledger.committed.items():
            if topic != self._topic:
                continue
            there = {spot.seq for spot in delivered.get(subject, ())} | self._waiting[subject]
            if missing := sorted(set(range(1, count + 1)) - there):
                self._wrong(Name.GAP, f"{len(missing)} of {count} never came", subject=subject, seqs=missing[:20])

    def _newest_is_last(self, last: Iterable[OnTopic]) -> None:
        ends: dict[str, Spot] = {}
        for record in last:
            ends[record.subject] = max(record.spot, ends.get(record.subject, NOWHERE))
        for subject, newest in self._newest.items():
            if ends.get(subject, NOWHERE) < newest:
                here = {"subject": subject, "ends": ends.get(subject), "told": newest}
                self._wrong(Name.STALE, "the topic ends with an older value", **here)
