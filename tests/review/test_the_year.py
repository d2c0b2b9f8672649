"""The whole of review's year through its handlers, on real MongoDB: from the draft to a disqualification."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pyotp
import pytest

from services.review.app import App
from services.review.domain.account import StaffAccount
from services.review.domain.decision import Sizes
from services.review.domain.expert_rows import ExpertRow
from services.review.domain.shortlist import shortlist_id
from services.review.handlers import accounts as account_commands
from services.review.handlers.assignment import plan_assignment, publish_round
from services.review.handlers.campaign import load_campaign_draft, publish_campaign
from services.review.handlers.contacts import ContactDetails, approve_contact, enter_contact
from services.review.handlers.decision import fix_sizes, publish_decision
from services.review.handlers.disqualification import confirm_disqualification, propose_disqualification
from services.review.handlers.eligibility import confirm_many
from services.review.handlers.experts import accept_statement, import_experts
from services.review.handlers.record import verify_record
from services.review.handlers.reviews import submit_review
from services.review.handlers.shortlists import confirm_shortlist, recommend_cases
from services.review.queries.public import results
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.review import (
    ActivationCodeIssued,
    AssignmentFinished,
    CaseDisqualified,
    CaseRecommended,
    CaseState,
    DisqualificationRecorded,
    ListPublished,
    ResultPublished,
    ResultToldToAuthors,
    ReviewCompleted,
    ShortlistSealed,
)
from shared.identity import read_token
from shared.identity.secrets import unseal
from shared.trouble import Refused
from tests.review.turning import Turning, a_case

PROVINCES = ("320000", "510000", "440000")
PASSWORD = "correct horse battery"


@pytest.fixture
def turning(app: App) -> Turning:
    """The worker."""
    return Turning(app)


def code_of(turning: Turning, account_id: str, letter_key: str) -> str:
    """The code in the last letter to an account."""
    issued = [event for event in turning.told(ActivationCodeIssued) if event.account_id == account_id]
    return unseal(issued[-1].sealed_code, letter_key)


def let_in(app: App, turning: Turning, account: StaffAccount, letter_key: str) -> None:
    """Spend the code, set the second factor."""
    code = code_of(turning, account.id, letter_key)
    account_commands.activate(app, mobile=account.mobile, code=code, password=PASSWORD)
    if account.role == "expert":
        accept_statement(app, account_id=account.id, accepted=True)
        return
    offered = account_commands.offer_second_factor(app, account_id=account.id)
    number = pyotp.TOTP(offered.secret).at(app.clock())
    account_commands.confirm_second_factor(app, account_id=account.id, number=number)


def test_the_year(app: App, turning: Turning, campaign: Campaign, clock: FixedClock, letter_key: str) -> None:
    windows = campaign.windows

    # The operator makes the first administrator, who publishes the campaign.
    clock.at = windows.registration.opens
    code = account_commands.create_first_administrator(app, "赵主任", "13900000001", "head@example.com").code
    turning.turn()
    head = account_commands.activate(app, mobile="13900000001", code=code, password=PASSWORD)
    assert not account_commands.may_enter(app, head)
    offered = account_commands.offer_second_factor(app, account_id=head.id)
    head = account_commands.confirm_second_factor(
        app, account_id=head.id, number=pyotp.TOTP(offered.secret).at(clock())
    )
    token = account_commands.session_token(app, head)
    principal = read_token(token, kind="staff", keys=app.settings.staff_public_keys, now=clock())
    assert (principal.id, principal.roles) == (head.id, frozenset({"administrator"}))
    load_campaign_draft(app, campaign)
    assert publish_campaign(app, campaign_id=campaign.id, by=head.id, command="publish") == 1
    turning.turn()
    assert app.shortlists.count({}) == 32

    # A colleague, and one contact for each province.
    deputy_id = account_commands.invite_staff(
        app, role="officer", name="钱老师", mobile="13900000002", email="deputy@example.com", by=head.id, command="d"
    )
    contacts = {}
    for at, province in enumerate(PROVINCES):
        details = ContactDetails(
            province=province,
            name=f"联系人{at}",
            unit=f"{province}教育厅",
            mobile=f"1380000000{at}",
            email=f"p{at}@example.com",
        )
        form = enter_contact(app, details=details, received=clock(), by=head.id, command=f"contact-{at}")
        contacts[province] = approve_contact(app, contact_id=form, details=details, by=head.id)
    turning.turn()
    for account_id in (deputy_id, *contacts.values()):
        let_in(app, turning, app.accounts.get(account_id), letter_key)

    # Thirty cases come in; a report may come before its case.
    clock.at = windows.submission.opens + timedelta(days=3)
    categories = [category.code for category in campaign.categories]
    for number in range(30):
        case = a_case(
            number, campaign=campaign, province=PROVINCES[number % 3], category=categories[number // 3 % 3], at=clock()
        )
        turning.submit(case)
    turning.turn()
    assert app.cases.count({"case_version": 1, "report.outcome": "passed"}) == 30
    assert Counter(event.stage for event in turning.told(CaseState)) == {"submitted": 30}

    # Provinces recommend eight each, two of them confirm; the clock seals.
    clock.at = windows.recommendation.opens + timedelta(days=1)
    for province, account_id in contacts.items():
        own = [f"case-{number:04d}" for number in range(30) if PROVINCES[number % 3] == province]
        recommend_cases(app, province=province, case_ids=own[:8], by=account_id, received=clock(), command="r")
        if province != PROVINCES[2]:
            assert confirm_shortlist(app, province=province, by=account_id, received=clock()) == 8
    turning.turn()
    assert app.cases.count({"mark": "recommended"}) == 24
    assert turning.told(CaseRecommended) == []
    clock.at = windows.recommendation.closes + timedelta(seconds=campaign.seal_delay_seconds)
    turning.turn()
    assert len(turning.told(CaseRecommended)) == 24
    sealed = {event.province: event for event in turning.told(ShortlistSealed)}
    assert len(sealed) == 32
    assert [sealed[province].confirmed for province in PROVINCES] == [True, True, False]

    # The centre confirms eligibility and invites experts, who promise avoidance.
    recommended = [row["_id"] for row in app.cases.rows({"recommended_at": {"$ne": None}}, only=("_id",))]
    confirm_many(app, case_ids=recommended, by=head.id, command="eligible")
    rows = [
        ExpertRow(
            line=at + 2,
            name=f"专家{at}",
            mobile=f"1370000{at:04d}",
            email=f"e{at}@example.com",
            province=("110000", "320000", "510000", "440000", "310000")[at % 5],
            unit=f"第{at}大学",
        )
        for at in range(10)
    ]
    import_experts(app, rows=rows, by=head.id, command="experts")
    turning.turn()
    assert app.cases.count({"eligibility.eligible": True}) == 24
    experts = [app.accounts.get(row["_id"]) for row in app.accounts.rows({"role": "expert"}, only=("_id",))]
    for expert in experts:
        let_in(app, turning, expert, letter_key)

    # Three experts a case, none of its own province.
    round_id = plan_assignment(app, experts_per_case=3, by=head.id, command="plan")
    turning.turn()
    publish_round(app, round_id=round_id, by=head.id)
    turning.turn()
    assert app.reviews.count({"state": "open"}) == 72
    provinces = {expert.id: expert.province for expert in experts}
    for row in app.cases.rows({"expert_ids.0": {"$exists": True}}, only=("province", "expert_ids")):
        assert len(set(row["expert_ids"])) == 3
        assert row["province"] not in {provinces[expert_id] for expert_id in row["expert_ids"]}
    (finished,) = turning.told(AssignmentFinished)
    assert sum(finished.loads.values()) == 72
    assert max(finished.loads.values()) - min(finished.loads.values()) <= 1

    # Sizes are fixed, experts score, the list is published in one write.
    fix_sizes(app, sizes=[Sizes(category=code, exemplary=1, showcase=2) for code in categories], by=head.id)
    for review in list(app.reviews.rows({}, only=("case_id", "expert_id"))):
        scored = app.cases.get(review["case_id"])
        share = (40 + int(scored.id[-2:])) / 100
        rubric = campaign.category(scored.category).rubric
        marks = {criterion.code: round(criterion.weight * share, 1) for criterion in rubric}
        submit_review(app, expert_id=review["expert_id"], case_id=scored.id, marks=marks)
    with pytest.raises(Refused, match="unscored"):
        publish_decision(app, by=head.id)
    turning.turn()
    assert len(turning.told(ReviewCompleted)) == 24
    assert results(app, campaign).lines == ()
    clock.at = windows.publication.opens
    assert publish_decision(app, by=head.id, command="publish") == 9
    shown = results(app, campaign)
    assert (shown.total, shown.exemplary, shown.showcase) == (9, 3, 6)
    turning.turn()
    assert Counter(event.outcome for event in turning.told(ResultPublished)) == {"exemplary": 3, "showcase": 6}
    assert len(turning.told(ResultToldToAuthors)) == 24
    (listed,) = turning.told(ListPublished)
    assert listed.count == 9

    # Two people of the centre take a published case out.
    out = shown.lines[0].case_id
    proposal = propose_disqualification(
        app, case_id=out, reason="fraud", statement="数据不实", evidence="核查报告", by=head.id, command="out"
    )
    with pytest.raises(Refused, match="same-person"):
        confirm_disqualification(app, proposal_id=proposal, by=head.id)
    confirm_disqualification(app, proposal_id=proposal, by=deputy_id)
    turning.turn()
    assert [event.case_id for event in turning.told(CaseDisqualified)] == [out]
    assert [event.case_id for event in turning.told(DisqualificationRecorded)] == [out]
    assert out not in {line.case_id for line in results(app, campaign).lines}
    gone = app.cases.get(out)
    assert out not in app.shortlists.get(shortlist_id(campaign.id, gone.province)).case_ids
    assert [event.stage for event in turning.told(CaseState) if event.case_id == out] == [
        "submitted",
        "published",
        "disqualified",
    ]

    # Every decision is on the record, and the record holds.
    assert verify_record(app) is None
    said = Counter(entry["what"].split("：")[0] for entry in app.record.entries())
    assert (said["推荐"], said["资格审定通过"], said["提请取消资格"], said["确认取消资格"]) == (24, 24, 1, 1)
    app.database.collection("record").update_one({"_id": 7}, {"$set": {"why": "另一个理由"}})
    assert verify_record(app) == 7
