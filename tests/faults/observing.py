"""Looks at what a system holds: at its databases, topics, store and mailboxes, for reading only."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Protocol

from pymongo.database import Database
from pymongo.errors import PyMongoError

from services.notify.domain.letter import message_id
from shared.events.catalogue import COMPACTED, TOPICS
from shared.events.wire import Message
from shared.records.database import OUTBOX_INDEX
from tests.faults.history import History
from tests.faults.leaves import needs
from tests.faults.observed import (
    Again,
    Behind,
    Case,
    Document,
    Effect,
    Letter,
    Observed,
    OnTopic,
    Quota,
    Spot,
    Told,
    Version,
)
from zhengji.play.accounting import STILL_GOING, Truth, left_over, take_public_account
from zhengji.play.listening import standing
from zhengji.play.world import RealWorld

Row = dict[str, Any]
Databases = Mapping[str, Database[Row]]
TOLD_TOPICS = tuple(topic for topic in TOPICS if not topic.startswith("dead."))
_BULKY = ("data.sheet", "data.campaign", "data.contacts", "data.sealed_code")


class Stack(Protocol):
    """The running platform, as far as one looks at it here."""

    @property
    def truth(self) -> Truth: ...

    @property
    def settings(self) -> Mapping[str, str]: ...

    @property
    def world(self) -> RealWorld: ...

    def unheard(self) -> dict[str, int]: ...


def observe(stack: Stack, campaign_id: str, *, secrets: Sequence[str] = ()) -> Observed:
    """Everything a running platform holds of a campaign. Large parts are read when the checker walks through them."""
    behind = [Behind(group=group, topic="*", partition=-1, records=left) for group, left in stack.unheard().items()]
    return replace(
        observe_platform(
            stack.truth,
            campaign_id,
            records=partial(records_on, stack.settings["ZHENGJI_KAFKA_SERVERS"]),
            mails=stack.world.post.message_ids,
            secrets=secrets,
        ),
        behind=behind,
    )


def observe_platform(
    truth: Truth,
    campaign_id: str,
    *,
    records: Callable[[str], Iterable[OnTopic]],
    mails: Callable[[str], Iterable[str]],
    secrets: Sequence[str] = (),
) -> Observed:
    """What the five services hold, whatever bus they speak on."""
    databases = truth.databases
    public = take_public_account(truth, campaign_id=campaign_id, secrets=secrets)
    return Observed(
        topics=TOLD_TOPICS,
        records=records,
        told=partial(told_on, databases),
        needs=needs,
        compacted=COMPACTED,
        documents=Again(partial(documents, databases)),
        effects=Again(partial(effects, databases)),
        cases=Again(partial(cases, databases, truth.read_object, campaign_id)),
        letters=Again(partial(letters, databases["notify"])),
        mails=mails,
        quotas=Again(partial(quotas, databases["review"], campaign_id)),
        stuck=Again(partial(stuck, databases)),
        broken_chains=Again(partial(broken_chains, truth)),
        wrong=(*public.lost, *public.double, *public.wrong),
    )


# Topics and bookkeeping: the same for every service


def records_on(servers: str, topic: str) -> Iterator[OnTopic]:
    """A topic as it lies on Kafka."""
    for each in standing(servers, topic):
        yield on_topic(Message(topic, each.key, each.value, each.headers), each.partition, each.offset)


def on_topic(message: Message, partition: int, offset: int) -> OnTopic:
    """What a record says of itself in its headers, so that no body has to be read."""
    at = message.header("ce_time")
    return OnTopic(
        topic=message.topic,
        partition=partition,
        offset=offset,
        key=(message.key or b"").decode(),
        id=message.header("ce_id") or "",
        type=message.header("ce_type") or "",
        subject=message.header("ce_subject") or "",
        spot=Spot(int(message.header("ce_epoch") or 0), int(message.header("ce_seq") or 0)),
        at=datetime.fromisoformat(at) if at else None,
    )


def told_on(databases: Databases, topic: str) -> Iterator[Told]:
    """What the services believe to have told on a topic, then what still waits in their outboxes."""
    for service, database in databases.items():
        for row in database["told_events"].find({"topic": topic}, dict.fromkeys(_BULKY, 0)):
            yield _told(service, row)
    for service, database in databases.items():
        for name in database.list_collection_names():
            for row in database[name].find({"outbox.topic": topic}, {"outbox": 1}):
                yield from (_told(service, entry, waits=True) for entry in row["outbox"] if entry["topic"] == topic)


def _told(service: str, row: Row, *, waits: bool = False) -> Told:
    return Told(
        service=service,
        id=row["id"],
        topic=row["topic"],
        type=row["type"],
        subject=row["subject"],
        key=row["key"],
        spot=Spot(row["epoch"], row["seq"]),
        at=row["time"],
        waits=waits,
        data=row["data"],
    )


def documents(databases: Databases) -> Iterator[Document]:
    """How far each document told, and what it heard."""
    kept: Row = {"$or": [{"told": {"$exists": True}}, {"heard": {"$exists": True}}]}
    for service, database in databases.items():
        for name in database.list_collection_names():
            for row in database[name].find(kept, {"told": 1, "heard": 1}):
                told, heard = row.get("told"), row.get("heard")
                yield Document(
                    service=service,
                    collection=name,
                    id=str(row["_id"]),
                    told={topic.replace(":", "."): seq for topic, seq in told.items()} if told else {},
                    heard={slot: Spot(*spot) for slot, spot in heard.items()} if heard else {},
                )


def stuck(databases: Databases) -> Iterator[str]:
    """What still waits, or was given up."""
    yield from left_over(databases)
    if "notify" in databases:
        for row in databases["notify"]["letters"].find({"state": {"$in": ["failed", *STILL_GOING]}}):
            yield f"letter {row['kind']} {row['_id']} is {row['state']}: {row.get('reason', '')}"


def broken_chains(truth: Truth) -> Iterator[str]:
    """Records of decisions that do not hold."""
    for service in truth.databases:
        if (entry := truth.broken_record(service)) is not None:
            yield f"{service}: entry {entry}"


# What these five services keep


def effects(databases: Databases) -> Iterator[Effect]:
    """Everything that may be there once."""
    for service, database in databases.items():
        for name in database.list_collection_names():
            if name.startswith("jobs_"):
                kind = name.removeprefix("jobs_")
                yield from _each(service, database, name, f"job {kind}", lambda row: [row["_id"]])
        yield from _each(service, database, "revocations", "revocation", lambda row: [row["_id"]])
        for row in database["record"].find({}, {"cause": 1}):
            yield Effect(service=service, what="entry on the record", of=row["cause"], cause=row["cause"])
    for service, name, what, ids_of, fields in _ONCE:
        if service in databases:
            yield from _each(service, databases[service], name, what, ids_of, *fields)
    if "notify" in databases:
        for row in databases["notify"]["letters"].find({}, {"kind": 1, "event_id": 1}):
            yield Effect(service="notify", what=f"letter {row['kind']}", of=row["_id"], cause=row.get("event_id", ""))


def _each(
    service: str, database: Database[Row], name: str, what: str, ids_of: Callable[[Row], Iterable[str]], *fields: str
) -> Iterator[Effect]:
    for row in database[name].find({}, dict.fromkeys(fields or ("_id",), 1)):
        yield from (Effect(service=service, what=what, of=of) for of in ids_of(row))


def _by_expert(row: Row) -> list[str]:
    return [f"{row['case_id']}:{row['expert_id']}"]


_ONCE: tuple[tuple[str, str, str, Callable[[Row], Iterable[str]], tuple[str, ...]], ...] = (
    ("intake", "accounts", "account", lambda row: filter(None, [row.get("mobile")]), ("mobile",)),
    ("intake", "cases", "case number", lambda row: filter(None, [row.get("number")]), ("number",)),
    ("review", "contacts", "contact", lambda row: [row["_id"]], ()),
    ("review", "reviews", "review", _by_expert, ("case_id", "expert_id")),
    (
        "review",
        "reviews",
        "mark",
        lambda row: _by_expert(row) if row.get("state") == "submitted" else (),
        ("case_id", "expert_id", "state"),
    ),
    (
        "review",
        "cases",
        "score of a case",
        lambda row: (f"{row['_id']}:{score['expert_id']}" for score in row.get("scores") or ()),
        ("scores.expert_id",),
    ),
    (
        "review",
        "cases",
        "assignment",
        lambda row: (f"{row['_id']}:{expert}" for expert in row.get("expert_ids") or ()),
        ("expert_ids",),
    ),
    (
        "certificate",
        "certificates",
        "certificate",
        lambda row: [f"{row['case_id']}/{row['author']}"],
        ("case_id", "author"),
    ),
    ("certificate", "certificates", "certificate number", lambda row: row["numbers"], ("numbers",)),
)


def cases(databases: Databases, read_object: Callable[[str], Iterator[bytes]], campaign_id: str) -> Iterator[Case]:
    """Every case that was handed in, with its files read through."""

    @cache
    def hash_of(key: str) -> str:  # every version of a case names its files again
        digest = hashlib.sha256()
        for chunk in read_object(key):
            digest.update(chunk)
        return digest.hexdigest()

    handed_in: Row = {"campaign_id": campaign_id, "number": {"$ne": None}}
    only = ("number", "versions.version", "versions.withdrawn_at", "versions.files")
    for row in databases["intake"]["cases"].find(handed_in, dict.fromkeys(only, 1)):
        report = databases["validation"]["reports"].find_one({"_id": row["_id"]}, {"versions": 1}) or {}
        yield Case(
            id=row["_id"],
            number=row["number"],
            versions=tuple(_version(each, hash_of) for each in row["versions"]),
            reported=frozenset(each["version"] for each in report.get("versions", ()) if each.get("conclusion")),
        )


def _version(row: Row, hash_of: Callable[[str], str]) -> Version:
    return Version(
        version=row["version"],
        withdrawn=row.get("withdrawn_at") is not None,
        files={
            f"{each['role']}:{each['name']}": (each["sha256"], hash_of(each["object_key"])) for each in row["files"]
        },
    )


def letters(notify: Database[Row]) -> Iterator[Letter]:
    """Every letter, without what stands in it."""
    without = dict.fromkeys(("outbox", "commands", "heard", "told", "sealed"), 0)
    for row in notify["letters"].find({}, without):
        to = row.get("to") or {}
        recipient = "|".join(str(to.get(name, "")) for name in ("whom", "account_id", "email", "case_id", "place"))
        values = row.get("values") or {}
        yield Letter(
            id=row["_id"],
            of=f"{row.get('event_id') or row['_id']}/{row['kind']}/{recipient}|{to.get('province', '')}",
            kind=row["kind"],
            event_id=row.get("event_id", ""),
            state=row["state"],
            to=row.get("email", ""),
            message_ids=_message_ids(row),
            possibly_twice=bool(row.get("possibly_twice")),
            created=row["created"],
            sent=row.get("sent_at"),
            case=row.get("case_id", ""),
            case_version=int(values.get("case_version", 0)),
        )


def _message_ids(row: Row) -> frozenset[str]:
    domain = row["message_id"].rpartition("@")[2].rstrip(">")
    earlier = (message_id(row["_id"], domain, sending=number) for number in range(row.get("resends") or 0))
    return frozenset({row["message_id"], *earlier})


def quotas(review: Database[Row], campaign_id: str) -> Iterator[Quota]:
    """The places of each province."""
    for row in review["shortlists"].find({"campaign_id": campaign_id}, {"outbox": 0}):
        granted = sum(each["places"] for each in row.get("grants") or ())
        yield Quota(province=row["province"], limit=row["limit"] + granted, case_ids=tuple(row.get("case_ids") or ()))


# While it runs


@contextmanager
def watching(history: History, databases: Databases, campaign_id: str, *, every: float = 0.2) -> Iterator[None]:
    """Inside the block places are looked at all the time, and once a second how long the oldest event waits."""
    enough = threading.Event()
    watch = _Watch(history, databases, campaign_id)
    thread = threading.Thread(target=watch.run, args=(enough, every), name="watching", daemon=True)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join(timeout=60)


class _Watch:
    def __init__(self, history: History, databases: Databases, campaign_id: str) -> None:
        self._history = history
        self._databases = databases
        self._campaign_id = campaign_id
        self._last: dict[tuple[str, str], tuple[float, float | None]] = {}

    def run(self, enough: threading.Event, every: float) -> None:
        looks = 0
        while not enough.wait(every):
            try:
                self._places()
                if looks % max(1, round(1 / every)) == 0:
                    self._outboxes()
            except PyMongoError:
                continue  # it is away, on purpose: nobody can look now
            looks += 1

    def _places(self) -> None:
        for quota in quotas(self._databases["review"], self._campaign_id):
            self._note("places", quota.province, len(quota.case_ids), quota.limit)

    def _outboxes(self) -> None:
        for service, database in self._databases.items():
            self._note("outbox_age", service, round(_oldest_untold(database), 1))

    def _note(self, what: str, of: str, value: float, limit: float | None = None) -> None:
        """Only what changed is written."""
        if self._last.get((what, of)) != (value, limit):
            self._last[(what, of)] = (value, limit)
            self._history.sample(what, of, value, limit)


def _oldest_untold(database: Database[Row]) -> float:
    """Seconds for which the oldest untold event of a service has waited; 0 where none waits."""
    oldest = 0.0
    for name in database.list_collection_names():
        rows = database[name]
        if OUTBOX_INDEX not in rows.index_information():
            continue
        waiting: Row = {"outbox.0": {"$exists": True}}
        row = rows.find_one(waiting, {"outbox": {"$slice": 1}}, hint=OUTBOX_INDEX, sort=[("outbox.0.time", 1)])
        if row:
            time = row["outbox"][0]["time"]
            waited = datetime.now(UTC) - (time if time.tzinfo else time.replace(tzinfo=UTC))
            oldest = max(oldest, waited.total_seconds())
    return oldest
