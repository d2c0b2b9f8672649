"""What commands, reactions and queries of review have at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.review.domain.account import StaffAccount
from services.review.domain.assignment import Assigned, AssignmentRound, Expert, Judged
from services.review.domain.campaign_file import CampaignFile
from services.review.domain.case import Case
from services.review.domain.contact import Contact
from services.review.domain.decision import Decision, Scored
from services.review.domain.disqualification import Disqualification
from services.review.domain.late import LatePermission
from services.review.domain.scoring import Review
from services.review.domain.shortlist import Shortlist
from services.review.domain.transfer import Transfer
from services.review.settings import ReviewSettings
from shared.campaign.copy import Campaigns
from shared.campaign.model import Campaign
from shared.clock import Clock
from shared.identity.guessing import Guessing
from shared.identity.revocations import Revocations
from shared.identity.secrets import person_of
from shared.jobs import Jobs
from shared.objects import Objects
from shared.records import Database, Records, Row
from shared.records.audit import AuditTrail

Plan = Callable[[Sequence[Judged], Sequence[Expert], int], list[Assigned]]
"""Gives each case its experts; the k it is asked for, or as many as there can be."""


@dataclass(frozen=True, kw_only=True)
class App:
    """The pieces of one review process. ``work`` are the jobs that reach many documents."""

    settings: ReviewSettings
    clock: Clock
    database: Database
    campaign_files: Records[CampaignFile]
    contacts: Records[Contact]
    accounts: Records[StaffAccount]
    shortlists: Records[Shortlist]
    cases: Records[Case]
    rounds: Records[AssignmentRound]
    reviews: Records[Review]
    decisions: Records[Decision]
    disqualifications: Records[Disqualification]
    permissions: Records[LatePermission]
    transfers: Records[Transfer]
    work: Jobs
    campaigns: Campaigns
    revocations: Revocations
    guessing: Guessing
    record: AuditTrail
    objects: Objects
    plan: Plan

    def person(self, mobile: str) -> str:
        """The pseudonym of a mobile."""
        return person_of(mobile, secret=self.settings.person_secret)

    def scored(self, campaign: Campaign) -> tuple[list[Scored], int]:
        """Every judged case whose experts are done, and how many judged cases still wait for one."""
        query = {"campaign_id": campaign.id, "eligibility.eligible": True, "disqualified": None, "published_at": None}
        found, waiting = [], 0
        for row in self.cases.rows(query, only=_SCORED):
            if row["case_version"] <= row["withdrawn_version"]:
                continue
            if row.get("mean") is None:
                waiting += 1
                continue
            found.append(_scored(row, campaign))
        return found, waiting


_SCORED = ("number", "category", "mean", "scores", "case_version", "withdrawn_version")


def _scored(row: Row, campaign: Campaign) -> Scored:
    scores = row["scores"]
    by_criterion = tuple(
        round(sum(score["marks"][criterion.code] for score in scores) / len(scores), 4)
        for criterion in campaign.category(row["category"]).rubric
    )
    return Scored(
        case_id=row["_id"],
        number=row["number"],
        category=row["category"],
        mean=row["mean"],
        by_criterion=by_criterion,
    )
