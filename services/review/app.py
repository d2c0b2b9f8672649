"""What commands, reactions and queries of review have at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.review.domain.account import StaffAccount
from services.review.domain.assignment import Assigned, AssignmentRound, Expert, Judged
from services.review.domain.campaign_file import CampaignFile
from services.review.domain.case import Case
from services.review.domain.contact import Contact
from services.review.domain.decision import Decision
from services.review.domain.disqualification import Disqualification
from services.review.domain.scoring import Review
from services.review.domain.shortlist import Shortlist
from services.review.settings import ReviewSettings
from shared.campaign.copy import Campaigns
from shared.clock import Clock
from shared.identity.revocations import Revocations
from shared.identity.secrets import person_of
from shared.jobs import Jobs
from shared.objects import Objects
from shared.records import Database, Records
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
    work: Jobs
    campaigns: Campaigns
    revocations: Revocations
    record: AuditTrail
    objects: Objects
    plan: Plan

    def person(self, mobile: str) -> str:
        """The pseudonym of a mobile."""
        return person_of(mobile, secret=self.settings.person_secret)
