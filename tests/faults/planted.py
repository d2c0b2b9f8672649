"""Bugs of the kinds that lose and double things, each in the place of one sound part of the small world."""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.review.domain.shortlist import Shortlist
from shared.clock import system_clock
from shared.events.wire import Heard
from shared.messaging.port import Bus, Listener, Place, Received, Speaker
from shared.messaging.relay import Relay
from shared.records import Records, Row
from shared.records.records import Opened
from shared.trouble import Refused
from tests.faults.checker import Name
from tests.faults.small_parts import LEASE, Asking, Parts, receipt
from tests.faults.small_world import SmallWorld
from zhengji.play.book import Receipt


@dataclass(frozen=True)
class Planted:
    """A bug, and by which of these names the checker has to call it."""

    parts: Parts
    named: frozenset[Name]


# Answered before it is kept


def shows_before_it_writes(world: SmallWorld, case_id: str, content: str, command: str, show: Asking) -> Receipt:
    """The receipt first: who dies in between has promised what nobody keeps."""
    version = len(world.papers.get(case_id).files) + 1
    shown = receipt(world, case_id, version, content)
    show(shown)
    world.at("before write")
    world.papers.change(case_id, lambda paper: paper.hand_in(content), command=command)
    world.at("after write")
    return shown


# The command is not remembered


def forgets_commands(world: SmallWorld, case_id: str, content: str, command: str, show: Asking) -> Receipt:
    """Whoever presses the button again hands in again."""
    version = world.papers.change(case_id, lambda paper: paper.hand_in(content))
    world.at("after write")
    shown = receipt(world, case_id, version, content)
    show(shown)
    return shown


# The offset moves before the effect


class CommitsWhatItPolls:
    """What client libraries do that commit by themselves."""

    def __init__(self, inner: Bus) -> None:
        self._inner = inner

    def speaker(self, name: str) -> Speaker:
        """As it was."""
        return self._inner.speaker(name)

    def listener(self, group: str, topics: Sequence[str]) -> Listener:
        """Commits each batch as it comes."""
        return _Commits(self._inner.listener(group, topics))

    def records(self, topic: str) -> Iterable[Received]:
        """As they are."""
        return self._inner.records(topic)


class _Commits:
    def __init__(self, inner: Listener) -> None:
        self._inner = inner

    def poll(self, *, wait: float, most: int) -> list[Received]:
        batch = self._inner.poll(wait=wait, most=most)
        self._inner.commit({each.place: each.offset + 1 for each in batch})
        return batch

    def commit(self, positions: Mapping[Place, int]) -> None:
        """It was done."""

    def rewind(self, positions: Mapping[Place, int]) -> None:
        self._inner.rewind(positions)

    def places(self) -> frozenset[Place]:
        return self._inner.places()

    def close(self) -> None:
        self._inner.close()


# The guard


class Unguarded(Records[Any]):
    """Takes each event as if nothing had been heard before."""

    def _open(self, id: str, create: Callable[[], Any] | None = None) -> Opened[Any] | None:
        opened = super()._open(id, create)
        return dataclasses.replace(opened, heard={}) if opened else None


class GuardedByKey(Records[Any]):
    """Takes what another subject of the same key told for a repeat."""

    def hear(self, heard: Heard, id: str, act: Callable[[Any], object], **more: Any) -> bool:
        return super().hear(dataclasses.replace(heard, subject=heard.key), id, act, **more)


# The relay


class GoesPastTheFailed(Relay):
    """Tells all that waits, one after the other; what failed comes next time."""

    def _tell_in_waves(self, documents: list[Row], acknowledged: list[tuple[Any, Row]]) -> None:
        entries = [(document["_id"], entry) for document in documents for entry in document["outbox"]]
        results = self._tell([entry for _, entry in entries])
        acknowledged += [each for each, result in zip(entries, results, strict=True) if result]


class DeletesWhatItRead(Relay):
    """Empties the outboxes it told, whatever has come in since, and keeps no copy."""

    def _mark(self, name: str, acknowledged: list[tuple[Any, Row]]) -> None:
        told = {"_id": {"$in": [id_ for id_, _ in acknowledged]}}
        self._database.db[name].update_many(told, {"$set": {"outbox": []}})


# The one write


class SavesTheWhole(Records[Any]):
    """As an object mapper saves: the document as it was read, outbox and all, whatever it is by now."""

    def _open(self, id: str, create: Callable[[], Any] | None = None) -> Opened[Any] | None:
        opened = super()._open(id, create)
        if opened and opened.version:
            row = self._rows.find_one({"_id": id}, {"outbox": 1}) or {}
            opened.before["outbox"] = row["outbox"]
        return opened

    def _replace(self, opened: Opened[Any], *, command: str | None = None, answer: Any = None, **_: Any) -> None:
        entries = self._entries(opened)
        row = {
            "version": opened.version + 1,
            **self._state(opened.aggregate),
            "outbox": [*opened.before["outbox"], *entries],
            "told": opened.told,
            "heard": opened.heard,
            "commands": self._commands(opened.commands, command, answer),
        }
        self._rows.replace_one({"_id": opened.aggregate.id}, row)
        opened.aggregate.news.clear()


class NumbersByKey(Records[Any]):
    """Counts the events of a key, not those of a subject."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counts: Counter[str] = Counter()

    def _entries(self, opened: Opened[Any]) -> list[Row]:
        entries = super()._entries(opened)
        for entry in entries:
            self._counts[entry["key"]] += 1
            entry["seq"] = self._counts[entry["key"]]
            opened.told[entry["topic"].replace(".", ":")] = entry["seq"]
        return entries


# Letters and places


def sends_under_a_new_name(world: SmallWorld, letter_id: str) -> None:
    """Each sending makes up a Message-ID, so that mail programs cannot tell a repeat."""
    token = uuid.uuid4().hex
    if not world.letters.change(letter_id, lambda each: each.take(token, at=system_clock(), lease=LEASE)):
        return

    def rename(letter: Any) -> None:
        letter.message_id = f"<{uuid.uuid4()}@zhengji.example>"

    world.letters.change(letter_id, rename)
    letter = world.letters.get(letter_id)
    world.at("before answer")
    world.mailboxes[letter.email].append(letter.message_id)
    world.at("after answer")
    world.letters.change(letter_id, lambda each: each.mark_sent(token, at=system_clock()))


def keeps_no_sending(world: SmallWorld, letter_id: str) -> None:
    """Hands over first and says afterwards that it goes: a repeat does not know that it is one."""
    letter = world.letters.get(letter_id)
    world.at("before answer")
    world.mailboxes[letter.email].append(letter.message_id)
    world.at("after answer")
    token = uuid.uuid4().hex
    world.letters.change(letter_id, lambda each: each.take(token, at=system_clock(), lease=LEASE))
    world.letters.change(letter_id, lambda each: each.mark_sent(token, at=system_clock()))


def counts_then_writes(world: SmallWorld, case_id: str, province: str) -> int:
    """Looks whether there is room, then takes it: two at a time both find room."""
    shortlist: Shortlist = world.shortlists.get(world.shortlist_id(province))
    if len(shortlist.case_ids) >= shortlist.places:
        raise Refused("shortlist-full", "本省推荐名额已用完。", status=409)
    world.meanwhile(world.somebody_else_recommends(province))
    rows = world.hearing.collection(world.shortlists.name)
    rows.update_one({"_id": shortlist.id}, {"$push": {"case_ids": case_id}, "$inc": {"version": 1}})
    return len(shortlist.case_ids) + 1


SOUND = Parts()

PLANTED: dict[str, Planted] = {
    "ack before write": Planted(replace(SOUND, hand_in=shows_before_it_writes), frozenset({Name.LOST})),
    "commit before effect": Planted(replace(SOUND, bus=CommitsWhatItPolls), frozenset({Name.UNSEEN})),
    "no guard": Planted(replace(SOUND, shelves=Unguarded), frozenset({Name.DOUBLE})),
    "guard by key instead of subject": Planted(replace(SOUND, shelves=GuardedByKey), frozenset({Name.UNSEEN})),
    "relay that goes past a failed event": Planted(
        replace(SOUND, relay=GoesPastTheFailed), frozenset({Name.INVERSION})
    ),
    ".save() in place of the one write": Planted(replace(SOUND, papers=SavesTheWhole), frozenset({Name.DOUBLE})),
    "seq by key instead of subject": Planted(replace(SOUND, papers=NumbersByKey), frozenset({Name.GAP})),
    "delete instead of mark": Planted(replace(SOUND, relay=DeletesWhatItRead), frozenset({Name.GHOST, Name.GAP})),
    "forgotten commands": Planted(replace(SOUND, hand_in=forgets_commands), frozenset({Name.DOUBLE})),
    "a new Message-ID for each sending": Planted(replace(SOUND, send=sends_under_a_new_name), frozenset({Name.GHOST})),
    "a letter that is not kept as sending": Planted(replace(SOUND, send=keeps_no_sending), frozenset({Name.DOUBLE})),
    "quota by read, then write": Planted(replace(SOUND, recommend=counts_then_writes), frozenset({Name.OVER_QUOTA})),
}
