"""What must hold when a run has become quiet, read from MongoDB and Kafka without the product's own code."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.crash.journal import Line
from tests.faults.crash.lane import Lane

Row = dict[str, Any]
Slot = tuple[str, str]
"""A topic and a subject: what order holds for."""


@dataclass(frozen=True)
class Seen:
    """How many events were told, and what was wrong."""

    events: int
    anomalies: list[str]


@dataclass(frozen=True)
class Kept:
    """What the two databases hold at the end."""

    ledgers: dict[str, Row]
    diaries: dict[str, Row]
    jobs: list[Row]
    told: dict[Slot, list[Row]]
    leftover: list[str]


def examine(lane: Lane, subjects: Sequence[str], wishes: int, journal: list[Line], records: list[Any]) -> Seen:
    """Everything that is wrong."""
    kept = _kept(lane)
    words = {
        subject: [f"word-{number}" for number in range(wishes) if subjects[number % len(subjects)] == subject]
        for subject in subjects
    }
    anomalies = [
        *kept.leftover,
        *_changes(kept, words),
        *_numbering(kept),
        *_on_kafka(kept, lane.prefix, records),
        *_effects(kept, words),
        *_ids(kept, journal),
    ]
    return Seen(sum(len(rows) for rows in kept.told.values()), anomalies)


def _kept(lane: Lane) -> Kept:
    told: dict[Slot, list[Row]] = defaultdict(list)
    leftover = []
    for service in ("intake", "review"):
        database = lane.database(service)
        for row in database["told_events"].find().sort("seq", 1):
            told[(row["topic"], row["subject"])].append(row)
        for name in ("parked", "dead", "breaker"):
            leftover += [f"{service} has {name} {row['_id']}: {row.get('error')}" for row in database[name].find()]
    review = lane.database("review")
    return Kept(
        ledgers={row["_id"]: row for row in lane.database("intake")["ledgers"].find()},
        diaries={row["_id"]: row for row in review["diaries"].find()},
        jobs=list(review["jobs_echoes"].find()),
        told=dict(told),
        leftover=leftover,
    )


def _changes(kept: Kept, words: dict[str, list[str]]) -> Iterator[str]:
    """Each committed change has exactly one event, and each event its committed change."""
    for subject, wished in words.items():
        ledger, diary = kept.ledgers[subject], kept.diaries.get(subject, {"lines": []})
        if ledger["words"] != wished:
            yield f"{subject} took {ledger['words']}, was asked for {wished}"
        told = [row["data"]["number"] for row in kept.told.get(("intake.open", subject), [])]
        if told != ledger["words"]:
            yield f"{subject} has events for {told}, its state is {ledger['words']}"
        signed = [row["data"]["unsigned"][0] for row in kept.told.get(("intake.internal", subject), [])]
        if signed != ledger["words"][1::2]:
            yield f"{subject} has events for {signed} on intake.internal, its state is {ledger['words']}"
        answered = [row["data"]["number"] for row in kept.told.get(("review.open", subject), [])]
        heard = [line.rsplit("/", 1)[1] for line in diary["lines"] if line.startswith("intake.open/")]
        if answered != heard:
            yield f"the diary of {subject} has events for {answered}, its state is {heard}"
    for job in kept.jobs:
        events = [row["data"]["expert_id"] for row in kept.told.get(("review.internal", job["_id"]), [])]
        if job["state"] != "done" or events != [job["payload"]["word"]]:
            yield f"job {job['_id']} is {job['state']} and has events for {events}"
    documents = {*kept.ledgers, *kept.diaries, *(job["_id"] for job in kept.jobs)}
    yield from (f"events for {subject}, which does not exist" for _, subject in kept.told if subject not in documents)


def _numbering(kept: Kept) -> Iterator[str]:
    """Each event has its own id; seq counts 1, 2, 3 … as the document does."""
    counted = {
        (slot.replace(":", "."), row["_id"]): seq
        for row in (*kept.ledgers.values(), *kept.diaries.values(), *kept.jobs)
        for slot, seq in row["told"].items()
    }
    for slot, rows in kept.told.items():
        seqs = [row["seq"] for row in rows]
        if seqs != list(range(1, counted.get(slot, 0) + 1)):
            yield f"{slot} has seq {seqs}, its document counts {counted.get(slot, 0)}"
    yield from (f"{slot} counts events that were never told" for slot in counted if slot not in kept.told)


def _on_kafka(kept: Kept, prefix: str, records: list[Any]) -> Iterator[str]:
    """Each event is there at least once and always the same; nothing else is; first copies are in order."""
    first: dict[str, Any] = {}
    order: dict[Slot, list[int]] = defaultdict(list)
    for record in records:
        body = json.loads(record.value)
        earlier = first.setdefault(body["id"], record)
        if earlier is record:
            order[(record.topic.removeprefix(prefix), body["subject"])].append(body["seq"])
        elif (record.topic, record.key, record.value, record.partition) != (
            earlier.topic, earlier.key, earlier.value, earlier.partition,
        ):  # fmt: skip
            yield f"event {body['id']} has two forms"
    committed = {row["_id"]: (slot, row["seq"]) for slot, rows in kept.told.items() for row in rows}
    yield from (f"{committed[id_]} never reached Kafka" for id_ in committed if id_ not in first)
    for id_, record in first.items():
        if id_ not in committed:
            yield f"{record.topic}/{record.partition}/{record.offset} holds an event that was never committed"
    for slot, seqs in order.items():
        if seqs != sorted(seqs):
            yield f"{slot} came in the order {seqs}"


def _effects(kept: Kept, words: dict[str, list[str]]) -> Iterator[str]:
    """Each event changed each listener exactly once, in order for each subject and topic."""
    for subject in words:
        lines = kept.diaries.get(subject, {"lines": []})["lines"]
        for topic, said in (("intake.open", "number"), ("intake.internal", "unsigned")):
            told = [_line(row, said) for row in kept.told.get((topic, subject), [])]
            yield from _differs(f"effect of {topic} on the diary of {subject}", told, _of(lines, topic))
        echoes = kept.ledgers[subject]["echoes"]
        told = [_line(row, "number") for row in kept.told.get(("review.open", subject), [])]
        yield from _differs(f"effect of review.open on the ledger of {subject}", told, _of(echoes, "review.open"))
        done = [
            _line(row, "expert_id")
            for (topic, _), rows in kept.told.items()
            for row in rows
            if topic == "review.internal" and row["data"]["case_id"] == subject
        ]
        heard = sorted(_of(echoes, "review.internal"))
        yield from _differs(f"effect of review.internal on the ledger of {subject}", sorted(done), heard)
    queued = sorted((job["payload"]["case_id"], job["payload"]["word"]) for job in kept.jobs)
    wished = sorted((subject, word) for subject, each in words.items() for word in each)
    yield from _differs("effect of intake.open on the jobs", wished, queued)


def _of(lines: list[str], topic: str) -> list[str]:
    return [line for line in lines if line.startswith(f"{topic}/")]


def _line(row: Row, said: str) -> str:
    word = row["data"][said]
    return f"{row['topic']}/{row['subject']}/{row['seq']}/{word if isinstance(word, str) else word[0]}"


def _differs(what: str, told: list[Any], had: list[Any]) -> Iterator[str]:
    if told != had:
        lost = [each for each in told if each not in had]
        double = sorted({each for each in had if had.count(each) > 1})
        yield f"{what}: lost {lost}, double {double}, in the order {had}"


def _ids(kept: Kept, journal: list[Line]) -> Iterator[str]:
    """An event that follows from another has the same id at each try to write it; the one kept is one of the tries."""
    tries: dict[tuple[str, ...], set[str]] = defaultdict(set)
    written = set()
    for line in journal:
        if line["what"] == "attempt":
            written.add(line["id"])
            if line["cause"]:
                tries[(line["cause"], line["topic"], line["subject"], str(line["seq"]))].add(line["id"])
    yield from (f"{what} was tried under another id: {sorted(ids)}" for what, ids in tries.items() if len(ids) > 1)
    committed = {row["_id"] for rows in kept.told.values() for row in rows}
    yield from (f"event {id_} was written by nobody" for id_ in committed - written)
