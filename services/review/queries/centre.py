"""What the centre's desk shows: counts, contacts, people, rounds, the decision, proposals, the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.review.app import App
from services.review.domain.account import AccountState
from services.review.domain.assignment import AssignmentRound
from services.review.domain.campaign_file import CampaignFile
from services.review.domain.contact import Contact
from services.review.domain.decision import Decision, Ranked, decision_id, ranking
from services.review.domain.disqualification import Disqualification
from services.review.queries.cases import LINE_FIELDS, TALLIED, CaseLine, line_of, stage_of
from services.review.queries.words import ACCOUNT_STATES, ROLES, category_name, province_name
from shared.campaign.model import Campaign
from shared.records import Row
from shared.trouble import NotThere


@dataclass(frozen=True, kw_only=True)
class Count:
    """A line of a table of counts; ``by_category`` in the campaign's order."""

    name: str
    total: int
    by_category: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """Counts with their zero rows, and what waits for somebody."""

    categories: tuple[str, ...]
    stages: tuple[Count, ...]
    provinces: tuple[Count, ...]
    contacts_waiting: int
    proposals_waiting: int
    experts_ready: int
    reviews_done: int
    reviews_total: int


STAGE_WORDS = (
    "已报送",
    "省级推荐",
    "资格审定通过",
    "资格审定未通过",
    "专家推荐中",
    "专家推荐已完成",
    "典型案例",
    "展示案例",
    "未入选",
    "已撤回",
    "已取消资格",
)


def dashboard(app: App, campaign: Campaign) -> Dashboard:
    """Where the campaign stands."""
    reviews = {
        row["state"]: count for row, count in app.reviews.tally({"campaign_id": campaign.id}, {"state": "$state"})
    }
    codes = [category.code for category in campaign.categories]
    by_stage: Counter[tuple[str, str]] = Counter()
    by_province: Counter[tuple[str, str]] = Counter()
    for row, count in app.cases.tally({"campaign_id": campaign.id, "case_version": {"$gt": 0}}, TALLIED):
        by_stage[stage_of(row), row["category"]] += count
        by_province[row["province"], row["category"]] += count
    return Dashboard(
        categories=tuple(category.name for category in campaign.categories),
        stages=tuple(_count(word, word, by_stage, codes) for word in STAGE_WORDS),
        provinces=tuple(_count(one.name, one.code, by_province, codes) for one in campaign.provinces),
        contacts_waiting=app.contacts.count({"state": "waiting"}),
        proposals_waiting=app.disqualifications.count({"state": "proposed"}),
        experts_ready=app.accounts.count(
            {
                "campaign_id": campaign.id,
                "role": "expert",
                "state": AccountState.ACTIVE.value,
                "statement_at": {"$ne": None},
            }
        ),
        reviews_done=reviews.get("submitted", 0),
        reviews_total=reviews.get("submitted", 0) + reviews.get("open", 0),
    )


def _count(name: str, key: str, counted: Counter[tuple[str, str]], codes: Sequence[str]) -> Count:
    numbers = tuple(counted[(key, code)] for code in codes)
    return Count(name=name, total=sum(numbers), by_category=numbers)


@dataclass(frozen=True, kw_only=True)
class ShortlistLine:
    """One province's shortlist."""

    code: str
    province: str
    used: int
    places: int
    state: str


def shortlists(app: App, campaign: Campaign) -> list[ShortlistLine]:
    """Every province's shortlist, the silent ones included."""
    rows = {row["province"]: row for row in app.shortlists.rows({"campaign_id": campaign.id})}
    return [
        _shortlist_line(province.code, province.name, rows.get(province.code), campaign)
        for province in campaign.provinces
    ]


def _shortlist_line(code: str, name: str, row: Row | None, campaign: Campaign) -> ShortlistLine:
    if row is None:
        limit = campaign.limits.recommendations_per_province
        return ShortlistLine(code=code, province=name, used=0, places=limit, state="未开始")
    confirmed = "已确认" if row.get("confirmed_at") else "未确认"
    state = f"已封存（{confirmed}）" if row.get("sealed_at") else confirmed
    if row.get("declared_none"):
        state = "本省不推荐案例"
    places = row["limit"] + sum(grant["places"] for grant in row.get("grants", ()))
    return ShortlistLine(code=code, province=name, used=len(row.get("case_ids", ())), places=places, state=state)


def contacts(app: App, *, state: str = "waiting") -> list[Contact]:
    """Contact forms in one state, the oldest first."""
    ids = [row["_id"] for row in app.contacts.rows({"state": state}, only=("_id",), sort="received")]
    return [app.contacts.get(id_) for id_ in ids]


@dataclass(frozen=True, kw_only=True)
class PersonLine:
    """A staff account in a list; the mobile is masked by the template's filter."""

    id: str
    name: str
    role: str
    province: str
    unit: str
    mobile: str
    email: str
    state: str
    categories: tuple[str, ...] = ()
    statement_at: datetime | None = None
    assigned: int = 0
    done: int = 0


def people(app: App, campaign: Campaign, *, roles: Sequence[str]) -> list[PersonLine]:
    """Accounts with one of the roles, closed ones last; experts are those of this campaign."""
    reviews = list(app.reviews.rows({"campaign_id": campaign.id}, only=("expert_id", "state")))
    assigned = Counter(row["expert_id"] for row in reviews if row["state"] != "recused")
    done = Counter(row["expert_id"] for row in reviews if row["state"] == "submitted")
    rows = sorted(
        app.accounts.rows(
            {"role": {"$in": list(roles)}, "$or": [{"role": {"$ne": "expert"}}, {"campaign_id": campaign.id}]}
        ),
        key=lambda row: (row["state"] == "closed", row.get("province") or "", row["name"]),
    )
    return [
        PersonLine(
            id=row["_id"],
            name=row["name"],
            role=ROLES[row["role"]],
            province=province_name(campaign, row.get("province") or ""),
            unit=row.get("unit", ""),
            mobile=row["mobile"],
            email=row["email"],
            state=ACCOUNT_STATES[row["state"]],
            categories=tuple(category_name(campaign, code) for code in row.get("categories", ())),
            statement_at=row.get("statement_at"),
            assigned=assigned[row["_id"]],
            done=done[row["_id"]],
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class JobLine:
    """How a job stands: waiting, running, done, failed."""

    state: str
    result: dict[str, object] = field(default_factory=dict)


def job(app: App, job_id: str) -> JobLine:
    """A job by id."""
    row = app.work.find(job_id)
    if row is None:
        raise NotThere()
    return JobLine(state=row["state"], result=row.get("result", {}))


def campaign_files(app: App) -> list[CampaignFile]:
    """Drafts and published campaigns, the last published first."""
    files = [app.campaign_files.get(row["_id"]) for row in app.campaign_files.rows({}, only=("_id",))]
    files.sort(key=lambda file: file.published_at.timestamp() if file.published_at else 0, reverse=True)
    return files


def rounds(app: App, campaign: Campaign) -> list[AssignmentRound]:
    """Rounds of assignment, the last first."""
    ids = [row["_id"] for row in app.rounds.rows({"campaign_id": campaign.id}, only=("_id",), sort="-planned_at")]
    return [app.rounds.get(id_) for id_ in ids]


@dataclass(frozen=True, kw_only=True)
class RankedLine:
    """A case in the ranking, with what it gets."""

    line: CaseLine
    ranked: Ranked
    outcome: str
    by_hand: str
    totals: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class DecisionPage:
    """``decision`` is None and ``lines`` are empty until the sizes are fixed: marks open with them."""

    decision: Decision | None
    suggested_sizes: tuple[tuple[str, str, int, int, int], ...]
    lines: tuple[RankedLine, ...]
    waiting: int
    ties: int


def decision_page(app: App, campaign: Campaign) -> DecisionPage:
    """The decision as it stands. Sizes suggested are (code, name, cases, exemplary, showcase)."""
    decision = app.decisions.find(decision_id(campaign.id))
    scored, waiting = app.scored(campaign)
    suggested = _suggested_sizes(app, campaign)
    if decision is None or decision.sizes_fixed_at is None:
        return DecisionPage(decision=None, suggested_sizes=suggested, lines=(), waiting=waiting, ties=0)
    ranked = ranking(scored, decision.sizes_by_category)
    outcomes = decision.outcomes(ranked)
    by_hand = {one.case_id: one.reason for one in decision.by_hand}
    rows = {row["_id"]: row for row in app.cases.rows({"_id": {"$in": list(outcomes)}}, only=LINE_FIELDS)}
    lines = tuple(
        RankedLine(
            line=line_of(rows[one.case_id], campaign),
            ranked=one,
            outcome=outcomes[one.case_id].value,
            by_hand=by_hand.get(one.case_id, ""),
            totals=tuple(score["total"] for score in rows[one.case_id].get("scores", ())),
        )
        for one in ranked
    )
    ties = len(decision.open_ties(ranked))
    return DecisionPage(decision=decision, suggested_sizes=suggested, lines=lines, waiting=waiting, ties=ties)


def is_published(app: App, campaign: Campaign) -> bool:
    """Whether the campaign's list is public."""
    decision = app.decisions.find(decision_id(campaign.id))
    return decision is not None and decision.published_at is not None


def _suggested_sizes(app: App, campaign: Campaign) -> tuple[tuple[str, str, int, int, int], ...]:
    query = {"campaign_id": campaign.id, "eligibility.eligible": True, "disqualified": None}
    tallied = app.cases.tally(query, {"category": "$category"})
    counted = Counter({row["category"]: count for row, count in tallied})
    return tuple(
        (
            one.code,
            one.name,
            counted[one.code],
            round(counted[one.code] * campaign.exemplary_share),
            round(counted[one.code] * campaign.showcase_share),
        )
        for one in campaign.categories
    )


@dataclass(frozen=True, kw_only=True)
class ProposalLine:
    """A proposal to disqualify, with its case."""

    proposal: Disqualification
    number: str
    title: str
    reason: str
    proposed_by: str


def proposals(app: App) -> list[ProposalLine]:
    """Proposals to disqualify of every campaign, those that wait first."""
    rows = app.disqualifications.rows({}, only=("_id",), sort="-proposed_at")
    found = [app.disqualifications.get(row["_id"]) for row in rows]
    found.sort(key=lambda one: one.state != "proposed")
    return [proposal_line(app, one) for one in found]


def proposal_line(app: App, proposal: Disqualification) -> ProposalLine:
    """One proposal in words."""
    case = app.cases.get(proposal.case_id)
    proposer = app.accounts.find(proposal.proposed_by)
    return ProposalLine(
        proposal=proposal,
        number=case.number,
        title=case.title,
        reason=app.campaigns.get(proposal.campaign_id).disqualification_reason(proposal.reason).name,
        proposed_by=proposer.name if proposer else proposal.proposed_by,
    )


def record_entries(app: App, *, about: str = "", most: int = 100) -> list[Row]:
    """The end of the record, or what concerns one document: by, what, about, why, at."""
    return list(app.record.entries(about=about, most=most))
