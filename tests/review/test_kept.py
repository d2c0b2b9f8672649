"""Every aggregate of review comes back from MongoDB as it went in: no field is lost in the mapping."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from services.review.app import App
from services.review.domain.account import AccountState, Activation, Conflict, StaffAccount
from services.review.domain.assignment import Assigned, AssignmentRound, RoundState, Shortage
from services.review.domain.campaign_file import CampaignFile, Change
from services.review.domain.case import Case
from services.review.domain.contact import Contact, ContactState
from services.review.domain.decision import ByHand, Decision, Listed, Sizes
from services.review.domain.disqualification import Disqualification, ProposalState
from services.review.domain.scoring import Review, ReviewState
from services.review.domain.shortlist import Grant, Shortlist
from services.review.domain.transfer import Transfer, TransferState
from services.review.domain.values import (
    CaseAuthor,
    CaseFile,
    Disqualified,
    Eligibility,
    Finding,
    Mark,
    Outcome,
    Report,
    Score,
    Studio,
    Unwilling,
)

AT = datetime(2024, 10, 20, 4, 0, 0, 123000, tzinfo=UTC)

FULL: dict[str, Any] = {
    "campaign_files": CampaignFile(
        id="a",
        revision=2,
        draft="{}",
        published='{"a.b": 1}',
        published_at=AT,
        changes=(Change(at=AT, by="me", what="延长", reason="台风"),),
    ),
    "contacts": Contact(
        id="a",
        campaign_id="c",
        source="mail",
        province="320000",
        unit="江苏省电化教育馆",
        department="师训部",
        name="周敏",
        post="主任",
        address="南京市",
        postcode="210000",
        phone="025-1",
        mobile="13800000000",
        wechat="w",
        qq="1",
        email="a@example.com",
        sender="b@example.com",
        missing=("手机",),
        late=True,
        received=AT,
        state=ContactState.REFUSED,
        decided_at=AT,
        decided_by="me",
        reason="重复",
        account_id="x",
    ),
    "accounts": StaffAccount(
        id="a",
        campaign_id="c",
        role="expert",
        name="周敏",
        mobile="13800000000",
        email="a@example.com",
        login="13800000000",
        person="p",
        province="320000",
        unit="甲大学",
        post="教授",
        categories=("region",),
        state=AccountState.ACTIVE,
        activation=Activation(code_hash="h", expires=AT, used_at=AT),
        password_hash="p",
        totp_sealed="s",
        totp_confirmed=True,
        totp_step=5,
        statement_at=AT,
        conflicts=(Conflict(unit="乙大学", reason="曾任职"),),
        invited_at=AT,
        closed_at=AT,
    ),
    "shortlists": Shortlist(
        id="a",
        campaign_id="c",
        province="320000",
        limit=200,
        case_ids=("x", "y"),
        grants=(Grant(places=5, reason="县多", by="me", at=AT),),
        confirmed_at=AT,
        confirmed_by="me",
        declared_none=True,
        sealed_at=AT,
    ),
    "cases": Case(
        id="a",
        campaign_id="c",
        case_version=3,
        withdrawn_version=1,
        number="32-1",
        province="320000",
        city="南京市",
        unit="一中",
        unit_type="school",
        account_id="x",
        title="案例",
        category="studio",
        summary="概述",
        sources="无",
        authors=(CaseAuthor(name="李明", unit="一中", title="教师", person="p", host=True),),
        studio=Studio(address="https://x", contribution=120, live_sessions=2),
        files=(CaseFile(file_id="f", role="document", name="a.docx", kind="", size=1, sha256="0", object_key="k"),),
        unsigned=("王芳",),
        submitted_at=AT,
        report=Report(
            case_version=3,
            outcome="failed",
            findings=(Finding(code="TOO_LONG", severity="failed", message="超字数", place="第3段"),),
            words_low=3100,
            words_high=3200,
            scanned=True,
        ),
        mark=Mark.RECOMMENDED,
        mark_reason="扎实",
        mark_by="me",
        recommended_at=AT,
        eligibility=Eligibility(eligible=True, reason="", by="me", at=AT),
        expert_ids=("e",),
        scores=(Score(expert_id="e", marks={"mechanism": 18.5}, total=88.5),),
        mean=88.5,
        outcome=Outcome.EXEMPLARY,
        published_at=AT,
        disqualified=Disqualified(reason="fraud", at=AT),
        certificates=("N1",),
        late_version=2,
        unwilling=(Unwilling(person="q", case_version=2),),
        withheld=("sharing",),
        placed_in="510000",
    ),
    "rounds": AssignmentRound(
        id="a",
        campaign_id="c",
        experts_per_case=3,
        planned_at=AT,
        planned_by="me",
        assigned=(Assigned(case_id="x", expert_ids=("e", "f")),),
        shortages=(Shortage(case_id="y", number="32-2", reason="同省"),),
        state=RoundState.PUBLISHED,
        published_at=AT,
    ),
    "reviews": Review(
        id="a",
        campaign_id="c",
        case_id="x",
        expert_id="e",
        marks={"mechanism": 18.5},
        comment="好",
        state=ReviewState.SUBMITTED,
        assigned_at=AT,
        saved_at=AT,
        submitted_at=AT,
        total=88.5,
        reason="回避",
    ),
    "decisions": Decision(
        id="a",
        campaign_id="c",
        sizes=(Sizes(category="region", exemplary=1, showcase=2),),
        sizes_fixed_at=AT,
        sizes_fixed_by="me",
        by_hand=(ByHand(case_id="x", outcome=Outcome.SHOWCASE, reason="会议", by="me", at=AT),),
        listed=(
            Listed(
                case_id="x",
                number="32-1",
                title="案例",
                authors=("李明",),
                units=("一中",),
                province="320000",
                category="region",
                outcome=Outcome.SHOWCASE,
            ),
        ),
        not_selected=("y",),
        removed=("z",),
        published_at=AT,
        published_by="me",
    ),
    "disqualifications": Disqualification(
        id="a",
        campaign_id="c",
        case_id="x",
        reason="fraud",
        statement="数据不实",
        evidence="核查报告",
        proposed_by="me",
        proposed_at=AT,
        state=ProposalState.REJECTED,
        decided_by="you",
        decided_at=AT,
        why="证据不足",
    ),
    "transfers": Transfer(
        id="a",
        campaign_id="c",
        case_id="x",
        source="320000",
        to="510000",
        reason="已调往四川",
        offered_by="me",
        offered_at=AT,
        state=TransferState.DECLINED,
        answered_by="you",
        answered_at=AT,
        answer="查无此人",
    ),
}


@pytest.mark.parametrize("kept_in", sorted(FULL))
def test_nothing_is_lost(app: App, kept_in: str) -> None:
    aggregate = FULL[kept_in]
    empty = [part.name for part in fields(aggregate) if part.name != "news" and not getattr(aggregate, part.name)]
    assert empty == []
    records = getattr(app, kept_in)
    records.create(aggregate)
    assert records.get("a") == aggregate
