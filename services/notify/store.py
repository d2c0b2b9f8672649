"""How notify keeps letters, addresses, mails and limits in MongoDB: the only code that touches documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import mongoengine
from pymongo.errors import BulkWriteError, DuplicateKeyError

from services.notify.domain.address_book import CaseContacts, StaffContact
from services.notify.domain.delivery import Bucket
from services.notify.domain.inbound import InboundMail
from services.notify.domain.letter import HELD_REASON, ON_ITS_WAY, Letter, LetterState
from shared.clock import Clock
from shared.records import Database, Record, Records, Row, mongo_or_away

_EXISTS_ALREADY = 11000


class LetterRecord(Record):
    """How a letter is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "letters"}

    kind = mongoengine.StringField(required=True)
    campaign_id = mongoengine.StringField()
    to = mongoengine.DictField()
    state = mongoengine.StringField(required=True)
    created = mongoengine.DateTimeField(required=True)
    message_id = mongoengine.StringField(required=True)
    correlation = mongoengine.StringField()
    event_id = mongoengine.StringField()
    name = mongoengine.StringField()
    email = mongoengine.StringField()
    domain = mongoengine.StringField()
    account_id = mongoengine.StringField()
    case_id = mongoengine.StringField()
    values = mongoengine.DictField()
    sealed = mongoengine.StringField()
    good_until = mongoengine.DateTimeField()
    answers = mongoengine.StringField()
    urgent = mongoengine.BooleanField()
    due = mongoengine.DateTimeField()
    tries = mongoengine.IntField()
    looked = mongoengine.IntField()
    cut = mongoengine.IntField()
    token = mongoengine.StringField()
    lease_until = mongoengine.DateTimeField()
    possibly_twice = mongoengine.BooleanField()
    sent_at = mongoengine.DateTimeField()
    reason = mongoengine.StringField()
    resends = mongoengine.IntField()


class CaseContactsRecord(Record):
    """How the contacts of a case are kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "case_contacts"}

    campaign_id = mongoengine.StringField()
    number = mongoengine.StringField()
    title = mongoengine.StringField()
    category = mongoengine.StringField()
    province = mongoengine.StringField()
    owner = mongoengine.StringField()
    contacts = mongoengine.ListField(mongoengine.DictField())
    case_version = mongoengine.IntField()
    placed_in = mongoengine.StringField()
    held_by = mongoengine.StringField()


class StaffContactRecord(Record):
    """How a staff account's address is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "staff_contacts"}

    role = mongoengine.StringField()
    name = mongoengine.StringField()
    email = mongoengine.StringField()
    province = mongoengine.StringField()
    since = mongoengine.DateTimeField()


class InboundMailRecord(Record):
    """How a mail that came in is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "mails"}

    state = mongoengine.StringField(required=True)
    campaign_id = mongoengine.StringField()
    message_id = mongoengine.StringField()
    sender = mongoengine.StringField()
    sender_name = mongoengine.StringField()
    subject = mongoengine.StringField()
    arrived = mongoengine.DateTimeField(required=True)
    object_key = mongoengine.StringField()
    size = mongoengine.IntField()
    text = mongoengine.StringField()
    enclosed = mongoengine.ListField(mongoengine.DictField())
    form = mongoengine.DictField(null=True)
    found_in = mongoengine.StringField()
    province = mongoengine.StringField()
    late = mongoengine.BooleanField()
    reason = mongoengine.StringField()
    settled_by = mongoengine.StringField()
    settled_at = mongoengine.DateTimeField()


class Letters(Records[Letter]):
    """The letters, and which of them are due."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        super().__init__(database, document=LetterRecord, aggregate=Letter, clock=clock)

    def due_to_send(self, *, at: datetime, without: Iterable[str], most: int) -> list[Row]:
        """Letters that may go now, urgent ones first; those cut down on the way before all. Id and domain."""
        only = {"domain": 1}
        elsewhere = {"$nin": list(without)}
        cut = {"state": "sending", "lease_until": {"$lt": at}, "domain": elsewhere}
        waiting = {"state": "waiting", "due": {"$lte": at}, "domain": elsewhere}
        with mongo_or_away():
            found = list(self._rows.find(cut, only).limit(most))
            if len(found) < most:
                order = [("urgent", -1), ("due", 1)]
                found += self._rows.find(waiting, only).sort(order).limit(most - len(found))
        return found

    def without_address(self, *, at: datetime, most: int) -> list[str]:
        """Letters whose address is to be looked for now."""
        with mongo_or_away():
            query = {"state": "waiting_for_address", "due": {"$lte": at}}
            return [row["_id"] for row in self._rows.find(query, {"_id": 1}).sort("due", 1).limit(most)]

    def waiting_for(self, place: Mapping[str, str]) -> list[str]:
        """Letters that wait for the address of this case, account or province."""
        with mongo_or_away():
            query = {"state": "waiting_for_address", **{f"to.{name}": value for name, value in place.items()}}
            return [row["_id"] for row in self._rows.find(query, {"_id": 1}).limit(500)]

    def held(self, *, kind: str = "") -> list[Row]:
        """Letters that a person has to decide on, oldest first: id, kind, when written, to whom."""
        query = {"state": LetterState.HELD.value, **({"kind": kind} if kind else {})}
        only = ("kind", "created", "name", "case_id", "account_id")
        return list(self.rows(query, only=only, sort="created"))

    def by_state(self) -> dict[str, int]:
        """How many letters stand where."""
        return self._counted([{"$group": {"_id": "$state", "count": {"$sum": 1}}}])

    def by_kind(self, state: str) -> dict[str, int]:
        """How many letters of each kind are in a state."""
        return self._counted([{"$match": {"state": state}}, {"$group": {"_id": "$kind", "count": {"$sum": 1}}}])

    def page(self, query: Row, *, skip: int, most: int) -> list[Row]:
        """Rows for a list, newest first, without what only the mail shows."""
        hidden = dict.fromkeys(("outbox", "commands", "heard", "told", "sealed", "values"), 0)
        with mongo_or_away():
            return list(self._rows.find(query, hidden).sort([("created", -1), ("_id", 1)]).skip(skip).limit(most))

    def _counted(self, pipeline: list[Row]) -> dict[str, int]:
        with mongo_or_away():
            return {row["_id"]: row["count"] for row in self._rows.aggregate(pipeline)}


class Mails(Records[InboundMail]):
    """The mails that came in."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        super().__init__(database, document=InboundMailRecord, aggregate=InboundMail, clock=clock)

    def page(self, query: Row, *, skip: int, most: int) -> list[Row]:
        """Rows for a list, newest first."""
        shown = dict.fromkeys(("state", "subject", "sender", "arrived"), 1)
        with mongo_or_away():
            return list(self._rows.find(query, shown).sort([("arrived", -1), ("_id", 1)]).skip(skip).limit(most))


class Earlier:
    """The correlation ids of everything that was told before the last restore.

    What follows from an act has its id: a check that is done again, the report on it, the letter about that.
    """

    def __init__(self, database: Database) -> None:
        self._rows = database.collection("before_restore")

    def keep(self, correlations: Iterable[str]) -> int:
        """Keep these; gives how many there were that were not known yet."""
        rows = [{"_id": each} for each in correlations if each]
        try:
            with mongo_or_away():
                return len(self._rows.insert_many(rows, ordered=False).inserted_ids) if rows else 0
        except BulkWriteError as error:
            if any(fault["code"] != _EXISTS_ALREADY for fault in error.details["writeErrors"]):
                raise
            return int(error.details["nInserted"])

    def knows(self, correlation: str) -> bool:
        """Whether this goes back to before a restore."""
        with mongo_or_away():
            return bool(correlation) and self._rows.find_one({"_id": correlation}, {"_id": 1}) is not None


class Buckets:
    """The token buckets all senders draw from."""

    def __init__(self, database: Database) -> None:
        self._rows = database.collection("buckets")

    def draw(self, name: str, *, at: datetime, per_minute: int, burst: int) -> bool:
        """Take one letter's token; False when there is none. Somebody faster counts as none for the moment."""
        with mongo_or_away():
            row = self._rows.find_one({"_id": name})
            bucket = Bucket(row["tokens"], row["filled"]) if row else Bucket.full(burst=burst, at=at)
            after = bucket.draw(at=at, per_minute=per_minute, burst=burst)
            if after is None:
                return False
            kept = {"tokens": after.tokens, "filled": after.filled}
            if row is None:
                return self._first(name, kept)
            fits = {"_id": name, "version": row["version"]}
            return self._rows.update_one(fits, {"$set": kept, "$inc": {"version": 1}}).matched_count == 1

    def _first(self, name: str, kept: Row) -> bool:
        try:
            self._rows.insert_one({"_id": name, "version": 1, **kept})
        except DuplicateKeyError:
            return False
        return True


def case_contacts(database: Database, *, clock: Clock) -> Records[CaseContacts]:
    """The address book by case."""
    return Records(database, document=CaseContactsRecord, aggregate=CaseContacts, clock=clock)


def staff_contacts(database: Database, *, clock: Clock) -> Records[StaffContact]:
    """The address book of staff."""
    return Records(database, document=StaffContactRecord, aggregate=StaffContact, clock=clock)


def as_restored(row: Row) -> Row:
    """A letter's row as a backup is put back: what was on its way may have gone out since, and is held."""
    if row["state"] not in ON_ITS_WAY:
        return row
    gone = ("due", "token", "lease_until")
    kept = {name: value for name, value in row.items() if name not in gone}
    held = {"state": LetterState.HELD.value, "reason": HELD_REASON, "possibly_twice": True}
    return {**kept, **held, "version": row["version"] + 1}


def ensure_indexes(database: Database) -> None:
    """Create what queries need; safe to repeat."""
    letters = database.collection("letters")
    letters.create_index([("state", 1), ("urgent", -1), ("due", 1)])
    letters.create_index([("state", 1), ("lease_until", 1)])
    letters.create_index([("state", 1), ("to.case_id", 1)])
    letters.create_index([("account_id", 1), ("created", -1)])
    letters.create_index([("created", -1)])
    letters.create_index([("kind", 1), ("email", 1), ("created", -1)])
    database.collection("staff_contacts").create_index([("province", 1), ("role", 1), ("since", -1)])
    mails_ = database.collection("mails")
    mails_.create_index([("state", 1), ("arrived", -1)])
    mails_.create_index([("arrived", -1)])
