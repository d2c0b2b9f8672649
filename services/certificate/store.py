"""The documents of this service, and the only code that touches them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import mongoengine

from services.certificate.domain.case import Case
from services.certificate.domain.certificate import Certificate
from shared.clock import Clock, system_clock
from shared.jobs import Jobs
from shared.records import Database, Record, Records, Row, mongo_or_away
from shared.trouble import Refused

NUMBER_TAKEN = "number-taken"


class CaseRecord(Record):
    """A case as this service knows it."""

    meta: ClassVar[dict[str, Any]] = {"collection": "cases", "db_alias": "certificate"}

    campaign_id = mongoengine.StringField()
    title = mongoengine.StringField()
    category = mongoengine.StringField()
    province = mongoengine.StringField()
    sheet_version = mongoengine.IntField()
    authors = mongoengine.ListField(mongoengine.DictField())
    outcome = mongoengine.StringField()
    result_version = mongoengine.IntField()
    published_at = mongoengine.DateTimeField()
    disqualified_at = mongoengine.DateTimeField()
    lookups = mongoengine.ListField(mongoengine.DictField())
    unwilling = mongoengine.ListField(mongoengine.DictField())


class CertificateRecord(Record):
    """One author's certificate with all its issues."""

    meta: ClassVar[dict[str, Any]] = {"collection": "certificates", "db_alias": "certificate"}

    campaign_id = mongoengine.StringField(required=True)
    case_id = mongoengine.StringField(required=True)
    author = mongoengine.IntField(required=True)
    outcome = mongoengine.StringField(required=True)
    issues = mongoengine.ListField(mongoengine.DictField())
    numbers = mongoengine.ListField(mongoengine.StringField())
    revocation = mongoengine.DictField(null=True)


class Store:
    """The collections of this service, opened on its database."""

    def __init__(
        self, database: Database, *, clock: Clock = system_clock, job_lease: timedelta = timedelta(seconds=120)
    ) -> None:
        self._database = database
        self.cases = Records(database, document=CaseRecord, aggregate=Case, clock=clock)
        self.certificates = Records(
            database,
            document=CertificateRecord,
            aggregate=Certificate,
            unique={"one_number": Refused(NUMBER_TAKEN, "证书编号重复，请重试。", status=409)},
            clock=clock,
        )
        self.jobs = Jobs(database, "certificates", lease=job_lease, clock=clock)

    def ensure_indexes(self) -> None:
        """Create what lookups and uniqueness need; safe to repeat."""
        with mongo_or_away():
            self._database.collection("certificates").create_index(
                "numbers", unique=True, name="one_number", partialFilterExpression={"numbers.0": {"$exists": True}}
            )
            self._database.collection("certificates").create_index("issues.sha256")
            self._database.collection("certificates").create_index([("case_id", 1), ("author", 1)])
            self._database.collection("cases").create_index("lookups.key")
            self._database.collection("cases").create_index([("campaign_id", 1), ("published_at", 1)])
            self._database.collection("jobs_certificates").create_index([("payload.campaign_id", 1), ("state", 1)])
            self.jobs.ensure_indexes()

    def certificate_numbered(self, number: str) -> Certificate | None:
        """The certificate one of whose issues bears this number."""
        return self.certificates.find_by({"numbers": number})

    def certificate_of_file(self, sha256: str) -> Certificate | None:
        """The certificate one of whose signed PDFs has this hash (hex)."""
        return self.certificates.find_by({"issues.sha256": sha256})

    def certificates_of_case(self, case_id: str) -> list[Certificate]:
        """All certificates of a case, by author."""
        ids = [row["_id"] for row in self.certificates.rows({"case_id": case_id}, only=("_id",), sort="author")]
        return [found for found in map(self.certificates.find, ids) if found is not None]

    def cases_found_by(self, key: str) -> list[Case]:
        """The cases one of whose lookups this is."""
        ids = [row["_id"] for row in self.cases.rows({"lookups.key": key}, only=("_id",))]
        return [found for found in map(self.cases.find, ids) if found is not None]

    def due_cases(self, campaign_id: str) -> Iterator[Row]:
        """Published cases that were not disqualified, as plain rows."""
        query = {"campaign_id": campaign_id, "published_at": {"$ne": None}, "disqualified_at": None}
        return self.cases.rows(query, only=("title", "province", "outcome", "sheet_version", "authors", "unwilling"))

    def certificate_rows(self, campaign_id: str, *, limit: int = 0) -> Iterator[Row]:
        """Certificates of a campaign as plain rows."""
        return self.certificates.rows(
            {"campaign_id": campaign_id},
            only=("case_id", "author", "outcome", "numbers", "issues", "revocation"),
            limit=limit,
        )

    def open_jobs(self, campaign_id: str) -> int:
        """How many jobs of a campaign wait or are being worked on."""
        query = {"payload.campaign_id": campaign_id, "state": {"$in": ["waiting", "running"]}}
        with mongo_or_away():
            return self._database.collection("jobs_certificates").count_documents(query)

    def stopped_jobs(self, campaign_id: str) -> list[Row]:
        """Jobs of a campaign that ended without a certificate, oldest first."""
        stopped = [{"state": "failed"}, {"result.refused": {"$exists": True}}]
        query = {"payload.campaign_id": campaign_id, "$or": stopped}
        with mongo_or_away():
            return list(
                self._database.collection("jobs_certificates").find(query, {"outbox": 0}).sort("created", 1).limit(500)
            )
