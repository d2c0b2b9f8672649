"""How review keeps its documents: the mongoengine mapping and the indexes."""

from __future__ import annotations

from typing import Any, ClassVar

import mongoengine

from services.review.domain.account import MOBILE_TAKEN, StaffAccount
from services.review.domain.assignment import AssignmentRound
from services.review.domain.campaign_file import CampaignFile
from services.review.domain.case import Case
from services.review.domain.contact import Contact
from services.review.domain.decision import Decision
from services.review.domain.disqualification import Disqualification
from services.review.domain.late import LatePermission
from services.review.domain.scoring import Review
from services.review.domain.shortlist import Shortlist
from services.review.domain.transfer import Transfer
from shared.clock import Clock
from shared.identity.guessing import Guessing, Tries
from shared.records import Database, Record, Records

ONE_LOGIN = "one_login_one_account"

Text = mongoengine.StringField
Number = mongoengine.IntField
Instant = mongoengine.DateTimeField


def _value() -> Any:
    """One nested value; absent stays absent."""
    return mongoengine.DictField(default=None)


def _values() -> Any:
    return mongoengine.ListField(mongoengine.DictField())


def _texts() -> Any:
    return mongoengine.ListField(Text())


class CampaignFileRecord(Record):
    """How the centre's campaign is kept; drafts and publications as JSON text."""

    meta: ClassVar[dict[str, Any]] = {"collection": "campaign_files"}

    revision = Number()
    draft = Text()
    published = Text()
    published_at = Instant()
    changes = _values()


class TriesRecord(Record):
    """How guesses at a password or a code are counted."""

    meta: ClassVar[dict[str, Any]] = {"collection": "sign_in_tries"}

    failures = Number()
    last_at = Instant()


class ContactRecord(Record):
    """How a contact form is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "contacts"}

    campaign_id = Text()
    source = Text()
    province = Text()
    unit = Text()
    department = Text()
    name = Text()
    post = Text()
    address = Text()
    postcode = Text()
    phone = Text()
    mobile = Text()
    wechat = Text()
    qq = Text()
    email = Text()
    sender = Text()
    missing = _texts()
    late = mongoengine.BooleanField()
    received = Instant()
    state = Text()
    decided_at = Instant()
    decided_by = Text()
    reason = Text()
    account_id = Text()


class StaffAccountRecord(Record):
    """How a staff account is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "accounts"}

    campaign_id = Text()
    role = Text()
    name = Text()
    mobile = Text()
    email = Text()
    login = Text()
    person = Text()
    province = Text()
    unit = Text()
    post = Text()
    categories = _texts()
    state = Text()
    activation = _value()
    password_hash = Text()
    totp_sealed = Text()
    totp_confirmed = mongoengine.BooleanField()
    totp_step = Number()
    statement_at = Instant()
    conflicts = _values()
    invited_at = Instant()
    closed_at = Instant()


class ShortlistRecord(Record):
    """How a shortlist is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "shortlists"}

    campaign_id = Text()
    province = Text()
    limit = Number()
    case_ids = _texts()
    grants = _values()
    confirmed_at = Instant()
    confirmed_by = Text()
    declared_none = mongoengine.BooleanField()
    sealed_at = Instant()


class CaseRecord(Record):
    """How a case is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "cases"}

    campaign_id = Text()
    case_version = Number()
    withdrawn_version = Number()
    number = Text()
    province = Text()
    city = Text()
    unit = Text()
    unit_type = Text()
    account_id = Text()
    title = Text()
    category = Text()
    summary = Text()
    sources = Text()
    authors = _values()
    studio = _value()
    files = _values()
    unsigned = _texts()
    submitted_at = Instant()
    report = _value()
    mark = Text()
    mark_reason = Text()
    mark_by = Text()
    recommended_at = Instant()
    eligibility = _value()
    expert_ids = _texts()
    scores = _values()
    mean = mongoengine.FloatField()
    outcome = Text()
    published_at = Instant()
    disqualified = _value()
    certificates = _texts()
    late_version = Number()
    unwilling = _values()
    withheld = _texts()
    placed_in = Text()


class AssignmentRoundRecord(Record):
    """How a round of assignment is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "rounds"}

    campaign_id = Text()
    experts_per_case = Number()
    planned_at = Instant()
    planned_by = Text()
    assigned = _values()
    shortages = _values()
    state = Text()
    published_at = Instant()


class ReviewRecord(Record):
    """How one expert's review of one case is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "reviews"}

    campaign_id = Text()
    case_id = Text()
    expert_id = Text()
    marks = mongoengine.DictField()
    comment = Text()
    state = Text()
    assigned_at = Instant()
    saved_at = Instant()
    submitted_at = Instant()
    total = mongoengine.FloatField()
    reason = Text()


class DecisionRecord(Record):
    """How a campaign's decision is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "decisions"}

    campaign_id = mongoengine.StringField()
    sizes = _values()
    sizes_fixed_at = Instant()
    sizes_fixed_by = Text()
    by_hand = _values()
    listed = _values()
    not_selected = _texts()
    removed = _texts()
    published_at = Instant()
    published_by = Text()


class DisqualificationRecord(Record):
    """How a proposal to disqualify is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "disqualifications"}

    campaign_id = Text()
    case_id = Text()
    reason = Text()
    statement = Text()
    evidence = Text()
    proposed_by = Text()
    proposed_at = Instant()
    state = Text()
    decided_by = Text()
    decided_at = Instant()
    why = Text()


class LatePermissionRecord(Record):
    """How a permission to hand in after the bell is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "late_permissions"}

    campaign_id = Text()
    case_id = Text()
    person = Text()
    whom = Text()
    reason = Text()
    expires_at = Instant()
    given_by = Text()
    given_at = Instant()
    used_at = Instant()
    used_for = Text()


class TransferRecord(Record):
    """How a case's way to another province is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "transfers"}

    campaign_id = Text()
    case_id = Text()
    source = Text()
    to = Text()
    reason = Text()
    offered_by = Text()
    offered_at = Instant()
    state = Text()
    answered_by = Text()
    answered_at = Instant()
    answer = Text()


def campaign_files(database: Database, *, clock: Clock) -> Records[CampaignFile]:
    """The campaigns as the centre works on them."""
    return Records(database, document=CampaignFileRecord, aggregate=CampaignFile, clock=clock)


def contacts(database: Database, *, clock: Clock) -> Records[Contact]:
    """Contact forms."""
    return Records(database, document=ContactRecord, aggregate=Contact, clock=clock)


def accounts(database: Database, *, clock: Clock) -> Records[StaffAccount]:
    """Staff accounts; a mobile in use is refused."""
    unique = {ONE_LOGIN: MOBILE_TAKEN}
    return Records(database, document=StaffAccountRecord, aggregate=StaffAccount, unique=unique, clock=clock)


def shortlists(database: Database, *, clock: Clock) -> Records[Shortlist]:
    """The provinces' shortlists."""
    return Records(database, document=ShortlistRecord, aggregate=Shortlist, clock=clock)


def cases(database: Database, *, clock: Clock) -> Records[Case]:
    """All cases."""
    return Records(database, document=CaseRecord, aggregate=Case, clock=clock)


def rounds(database: Database, *, clock: Clock) -> Records[AssignmentRound]:
    """Rounds of assignment."""
    return Records(database, document=AssignmentRoundRecord, aggregate=AssignmentRound, clock=clock)


def reviews(database: Database, *, clock: Clock) -> Records[Review]:
    """Experts' reviews."""
    return Records(database, document=ReviewRecord, aggregate=Review, clock=clock)


def decisions(database: Database, *, clock: Clock) -> Records[Decision]:
    """One decision for each campaign."""
    return Records(database, document=DecisionRecord, aggregate=Decision, clock=clock)


def disqualifications(database: Database, *, clock: Clock) -> Records[Disqualification]:
    """Proposals to disqualify."""
    return Records(database, document=DisqualificationRecord, aggregate=Disqualification, clock=clock)


def permissions(database: Database, *, clock: Clock) -> Records[LatePermission]:
    """Permissions to hand in after the bell."""
    return Records(database, document=LatePermissionRecord, aggregate=LatePermission, clock=clock)


def transfers(database: Database, *, clock: Clock) -> Records[Transfer]:
    """Cases on their way to another province."""
    return Records(database, document=TransferRecord, aggregate=Transfer, clock=clock)


def guessing(database: Database, *, clock: Clock) -> Guessing:
    """Counted guesses."""
    return Guessing(database, Records(database, document=TriesRecord, aggregate=Tries, clock=clock), clock=clock)


def ensure_indexes(database: Database) -> None:
    """Create the indexes of review's collections; safe to repeat."""
    accounts, cases = database.collection("accounts"), database.collection("cases")
    accounts.create_index("login", unique=True, name=ONE_LOGIN, partialFilterExpression={"login": {"$type": "string"}})
    accounts.create_index([("role", 1), ("province", 1)])
    cases.create_index([("campaign_id", 1), ("province", 1), ("submitted_at", -1)])
    cases.create_index([("campaign_id", 1), ("recommended_at", 1)], sparse=True)
    cases.create_index("authors.person")
    cases.create_index("number")
    cases.create_index([("campaign_id", 1), ("withheld", 1)])
    database.collection("late_permissions").create_index([("campaign_id", 1), ("given_at", -1)])
    transfers = database.collection("transfers")
    transfers.create_index([("campaign_id", 1), ("to", 1), ("state", 1)])
    transfers.create_index([("campaign_id", 1), ("source", 1)])
    transfers.create_index("case_id")
    database.collection("reviews").create_index([("expert_id", 1), ("state", 1)])
    database.collection("contacts").create_index([("state", 1), ("received", 1)])
    database.collection("disqualifications").create_index([("state", 1), ("proposed_at", 1)])
