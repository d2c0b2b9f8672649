"""What the small world holds, as the checker takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from shared.events.intake import CaseSubmitted, CaseWithdrawn
from shared.events.review import DecisionRecorded
from tests.faults.observed import Again, Case, Effect, Need, Observed, OnTopic, Told, Version
from tests.faults.observing import documents, letters, quotas, stuck, told_on
from tests.faults.small_parts import CAMPAIGN, sha256
from tests.faults.small_world import SmallWorld

TOPICS = ("intake.open", "review.internal", "notify.internal")
Read = Callable[[str], Iterable[OnTopic]]


def observe_small(world: SmallWorld, read: Read) -> Observed:
    """``read`` gives the records of a topic."""
    return Observed(
        topics=TOPICS,
        records=read,
        told=partial(told_on, world.databases),
        needs=_needs,
        documents=Again(partial(documents, world.databases)),
        effects=Again(partial(_effects, world)),
        cases=Again(partial(_cases, world)),
        letters=Again(partial(letters, world.hearing.db)),
        mails=lambda address: world.mailboxes[address],
        quotas=Again(partial(quotas, world.hearing.db, CAMPAIGN)),
        stuck=Again(partial(stuck, world.databases | {"notify": world.hearing.db})),
        broken_chains=[f"entry {broken}"] if (broken := world.trail.verify()) else [],
        submission_type=CaseSubmitted.type(),
    )


def _needs(told: Told) -> Iterator[Need]:
    if told.type in (CaseSubmitted.type(), CaseWithdrawn.type()):
        yield Need(service="review", marked=told.key, made=True)
        yield Need(service="review", what="taken", of=f"{told.key}/{told.id}")
    if told.type == CaseSubmitted.type():
        yield Need(service="review", what="letter receipt")
    if told.type == DecisionRecorded.type():
        yield Need(service="review", what="entry on the record")


def _effects(world: SmallWorld) -> Iterator[Effect]:
    for row in world.hearing.db["shelves"].find():
        for id_ in row["taken"]:
            yield Effect(service="review", what="taken", of=f"{row['_id']}/{id_}", cause=id_)
    for row in world.hearing.db["record"].find():
        yield Effect(service="review", what="entry on the record", of=row["cause"], cause=row["cause"])
    for row in world.hearing.db["letters"].find():
        yield Effect(service="review", what="letter receipt", of=row["_id"], cause=row["event_id"])


def _cases(world: SmallWorld) -> Iterator[Case]:
    taken = {row["_id"]: set(row["taken"]) for row in world.hearing.db["shelves"].find()}
    told = {
        each.id: each for each in told_on(world.databases, CaseSubmitted.topic) if each.type == CaseSubmitted.type()
    }
    for row in world.speaking.db["cases"].find({"files.0": {"$exists": True}}):
        reported = taken.get(row["_id"], set()) & told.keys()
        yield Case(
            id=row["_id"],
            number=f"N-{row['_id']}",
            versions=tuple(
                Version(
                    version=each["version"],
                    withdrawn=False,
                    files={each["name"]: (each["sha256"], sha256(each["content"]))},
                )
                for each in row["files"]
            ),
            reported=frozenset(int(told[id_].data["case_version"]) for id_ in reported),
        )
