"""How intake keeps its documents: the mongoengine mapping, the indexes, and reading for lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import mongoengine

from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.late import LateUse
from shared.clock import Clock
from shared.identity.guessing import Guessing, Tries
from shared.records import Database, Record, Records, Row
from shared.trouble import Refused

ONE_MOBILE = "one_mobile_one_account"
ONE_NUMBER = "one_number_one_case"
NUMBER_TAKEN = "number-taken"


def _value() -> Any:
    """One nested value; absent stays absent (the library's own default would be an empty value)."""
    return mongoengine.DictField(default=None)


def _values() -> Any:
    return mongoengine.ListField(mongoengine.DictField())


class AccountRecord(Record):
    """How an account is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "accounts"}

    mobile = mongoengine.StringField()
    person = mongoengine.StringField()
    password = mongoengine.StringField()
    profile = _value()
    privacy_revision = mongoengine.IntField()
    registered_at = mongoengine.DateTimeField()
    reset_code = mongoengine.StringField()
    reset_asked_at = mongoengine.DateTimeField()
    moves = _values()


class TriesRecord(Record):
    """How guesses at a password or a code are counted."""

    meta: ClassVar[dict[str, Any]] = {"collection": "sign_in_tries"}

    failures = mongoengine.IntField()
    last_at = mongoengine.DateTimeField()


class CaseRecord(Record):
    """How a case is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "cases"}

    campaign_id = mongoengine.StringField()
    account_id = mongoengine.StringField()
    opened_at = mongoengine.DateTimeField()
    edited_at = mongoengine.DateTimeField()
    saved_at = mongoengine.DateTimeField()
    about = _value()
    authors = _value()
    declaration = _value()
    confirmed = _values()
    files = _values()
    uploads = _values()
    checks = _values()
    number = mongoengine.StringField()
    versions = _values()
    reports = _values()
    ended = _value()
    late = _values()
    unsent = _value()
    reminded = mongoengine.ListField(mongoengine.StringField())
    invitations = _values()
    refusals = _values()
    moves = _values()
    handovers = _values()
    withheld = _values()


class LateUseRecord(Record):
    """How the use of a permission that several cases hold is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "late_uses"}

    case_id = mongoengine.StringField()


def accounts(database: Database, *, clock: Clock) -> Records[Account]:
    """Authors' accounts; a mobile that has one already is refused."""
    taken = Refused("mobile-taken", "这个手机号已注册，请直接登录；忘记密码可以重新设置。", field="mobile", status=409)
    unique = {ONE_MOBILE: taken}
    return Records(database, document=AccountRecord, aggregate=Account, unique=unique, clock=clock)


def cases(database: Database, *, clock: Clock) -> Records[Case]:
    """All cases. A number drawn twice is refused with ``NUMBER_TAKEN``, to be drawn again."""
    unique = {ONE_NUMBER: Refused(NUMBER_TAKEN, "编号重复，请重试。", status=409)}
    return Records(database, document=CaseRecord, aggregate=Case, unique=unique, clock=clock)


def late_uses(database: Database, *, clock: Clock) -> Records[LateUse]:
    """Permissions of an account that one of its cases has spent."""
    return Records(database, document=LateUseRecord, aggregate=LateUse, clock=clock)


def guessing(database: Database, *, clock: Clock) -> Guessing:
    """Counted guesses."""
    return Guessing(database, Records(database, document=TriesRecord, aggregate=Tries, clock=clock), clock=clock)


def ensure_indexes(database: Database) -> None:
    """Create the indexes of intake's collections; safe to repeat."""
    text = {"$type": "string"}
    accounts, cases = database.collection("accounts"), database.collection("cases")
    accounts.create_index("mobile", unique=True, name=ONE_MOBILE, partialFilterExpression={"mobile": text})
    cases.create_index("number", unique=True, name=ONE_NUMBER, partialFilterExpression={"number": text})
    cases.create_index([("account_id", 1), ("saved_at", -1)])
    cases.create_index("authors.people.person")
    cases.create_index("uploads.expires_at", sparse=True)
    cases.create_index("late.permission_id", sparse=True)
    accounts.create_index("person")


def account_of_person(accounts: Records[Account], person: str) -> Account | None:
    """The account with this mobile, by its pseudonym."""
    return accounts.find_by({"person": person})


def cases_of_person(accounts: Records[Account], cases: Records[Case], person: str, *, campaign_id: str) -> list[str]:
    """The ids of this person's own cases in a campaign."""
    owners = [str(row["_id"]) for row in accounts.rows({"person": person}, only=("_id",))]
    query = {"account_id": {"$in": owners}, "campaign_id": campaign_id}
    return [str(row["_id"]) for row in cases.rows(query, only=("_id",))]


def cases_handed_in(records: Records[Case], account_id: str, *, campaign_id: str = "") -> list[Row]:
    """The ids and campaigns of an account's cases that were handed in, of one campaign or of all."""
    query = {"account_id": account_id, "versions.0": {"$exists": True}}
    return list(records.rows({**query, "campaign_id": campaign_id} if campaign_id else query, only=("campaign_id",)))


def cases_holding(records: Records[Case], permission_id: str) -> list[str]:
    """The ids of the cases that hold a permission to be handed in late."""
    return [str(row["_id"]) for row in records.rows({"late.permission_id": permission_id}, only=("_id",))]


def cases_of(records: Records[Case], account_id: str) -> Iterator[Row]:
    """The cases of one account for its list, the last saved first."""
    only = ("campaign_id", "about", "number", "versions.version", "versions.withdrawn_at", "saved_at", "ended")
    return records.rows({"account_id": account_id}, only=only, sort="-saved_at")


def cases_with(records: Records[Case], person: str, *, without: str) -> Iterator[Row]:
    """The cases that list this person as an author, but for those of the account ``without``."""
    query = {"authors.people.person": person, "account_id": {"$ne": without}}
    only = ("campaign_id", "about", "number", "versions.version", "versions.withdrawn_at", "saved_at", "ended")
    return records.rows(query, only=only, sort="-saved_at")


def cases_not_handed_in(
    records: Records[Case], campaign_id: str, *, opened_before: datetime, reminder: str, after: str, most: int
) -> list[str]:
    """The ids, in order, of cases after one whose draft was saved since it was handed in, without this reminder."""
    last: Row = {"$last": "$versions"}
    stands = {"$let": {"vars": {"last": last}, "in": {"$lte": ["$saved_at", "$$last.received_at"]}}}
    withdrawn = {"$let": {"vars": {"last": last}, "in": {"$gt": ["$$last.withdrawn_at", None]}}}
    query: Row = {
        "_id": {"$gt": after},
        "campaign_id": campaign_id,
        "opened_at": {"$lt": opened_before},
        "reminded": {"$ne": reminder},
        "ended": None,
        "$or": [{"versions.0": {"$exists": False}}, {"$expr": {"$or": [{"$not": stands}, withdrawn]}}],
    }
    return [str(row["_id"]) for row in records.rows(query, only=("_id",), sort="_id", limit=most)]


def cases_with_stale_uploads(records: Records[Case], before: datetime, *, most: int) -> list[str]:
    """The ids of cases that hold room for uploads whose time was over."""
    rows = records.rows({"uploads.expires_at": {"$lte": before}}, only=("_id",), limit=most)
    return [str(row["_id"]) for row in rows]
