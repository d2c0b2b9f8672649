"""What follows from what: news in awkward orders, on real MongoDB."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.review.app import App
from services.review.domain.account import Conflict
from services.review.domain.shortlist import shortlist_id
from services.review.domain.values import Mark
from services.review.handlers.assignment import plan_assignment, publish_round
from services.review.handlers.campaign import extend_window, load_campaign_draft, publish_campaign
from services.review.handlers.eligibility import check_eligibility, confirm_many
from services.review.handlers.reviews import recuse, submit_review
from services.review.handlers.shortlists import decline_case, recommend_cases
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.certificate import CertificateIssued, CertificateReplaced, CertificateRevoked
from shared.events.intake import CaseWithdrawn, SheetAuthor
from shared.events.review import CaseState, CaseStateCleared, ExpertsAssigned, ShortlistSealed
from shared.trouble import NotThere, Refused
from tests.review.conftest import staff_account
from tests.review.turning import Turning, a_case

JIANGSU = "320000"


@pytest.fixture
def turning(app: App) -> Turning:
    """The worker."""
    return Turning(app)


@pytest.fixture
def clerk(app: App) -> str:
    """The contact of 江苏."""
    return staff_account(app, "province", province=JIANGSU).id


def recommended(app: App, turning: Turning, campaign: Campaign, clock: FixedClock, numbers: range) -> None:
    """Cases of 江苏 whose shortlist was sealed."""
    for number in numbers:
        turning.submit(a_case(number, campaign=campaign, at=clock()))
    turning.turn()
    ids = [f"case-{number:04d}" for number in numbers]
    recommend_cases(app, province=JIANGSU, case_ids=ids, by="province", received=clock())
    clock.at = campaign.windows.recommendation.closes + timedelta(minutes=2)
    turning.turn()


def experts(app: App, *provinces: str) -> list[str]:
    """Experts who have signed the statement."""
    return [
        staff_account(
            app,
            "expert",
            id=f"expert-{at}",
            mobile=f"137{at:08d}",
            province=province,
            unit=f"第{at}大学",
            statement_at=app.clock(),
        ).id
        for at, province in enumerate(provinces)
    ]


def test_a_withdrawn_case_frees_its_place(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    turning.submit(a_case(1, campaign=campaign, at=clock()))
    turning.turn()
    recommend_cases(app, province=JIANGSU, case_ids=["case-0001"], by=clerk, received=clock())
    turning.turn()
    gone = CaseWithdrawn(campaign_id=campaign.id, case_id="case-0001", case_version=1, at=clock())
    turning.say(gone, subject="case-0001")
    turning.turn()
    assert app.shortlists.get(shortlist_id(campaign.id, JIANGSU)).case_ids == ()
    assert len(turning.told(CaseStateCleared)) == 1
    with pytest.raises(Refused, match="case-gone"):
        recommend_cases(app, province=JIANGSU, case_ids=["case-0001"], by=clerk, received=clock())


def test_a_withdrawal_that_overtakes_the_submission(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock
) -> None:
    gone = CaseWithdrawn(campaign_id=campaign.id, case_id="case-0001", case_version=1, at=clock())
    turning.say(gone, subject="case-0001")
    turning.turn()
    turning.submit(a_case(1, campaign=campaign, at=clock()))
    turning.turn()
    assert not app.cases.get("case-0001").is_live
    assert turning.told(CaseState) == []
    turning.submit(a_case(1, campaign=campaign, at=clock(), case_version=2))
    turning.turn()
    assert app.cases.get("case-0001").is_live


def test_not_recommended_takes_it_off_the_list_with_the_reason(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    turning.submit(a_case(1, campaign=campaign, at=clock()))
    turning.turn()
    recommend_cases(app, province=JIANGSU, case_ids=["case-0001"], by=clerk, received=clock())
    decline_case(app, province=JIANGSU, case_id="case-0001", reason="材料不全", by=clerk, received=clock())
    turning.turn()
    case = app.cases.get("case-0001")
    assert (case.mark, case.mark_reason) == (Mark.DECLINED, "材料不全")


def test_nobody_is_recommended_in_two_categories(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    author = SheetAuthor(name="李明", unit="一中", title="教师", person="li")
    for number, category in ((1, "region"), (2, "school"), (3, "region")):
        turning.submit(a_case(number, campaign=campaign, category=category, at=clock(), authors=[author]))
    turning.turn()

    def recommend(*case_ids: str) -> int:
        return recommend_cases(app, province=JIANGSU, case_ids=case_ids, by=clerk, received=clock())

    with pytest.raises(Refused, match="two-categories"):
        recommend("case-0001", "case-0002")
    assert recommend("case-0001", "case-0003") == 2
    turning.turn()
    with pytest.raises(Refused) as refused:
        recommend("case-0002")
    assert refused.value.message.startswith("作者李明同时是另一类案例（编号32-000")


def test_a_case_that_moves_to_another_province_leaves_the_old_shortlist(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    turning.submit(a_case(1, campaign=campaign, at=clock()))
    turning.turn()
    recommend_cases(app, province=JIANGSU, case_ids=["case-0001"], by=clerk, received=clock())
    turning.turn()
    turning.submit(a_case(1, campaign=campaign, at=clock(), province="510000", case_version=2))
    turning.turn()
    assert app.shortlists.get(shortlist_id(campaign.id, JIANGSU)).case_ids == ()
    assert app.cases.get("case-0001").mark is Mark.NONE


def test_another_province_s_case_is_not_there(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    turning.submit(a_case(1, campaign=campaign, province="510000", at=clock()))
    turning.turn()
    with pytest.raises(NotThere):
        recommend_cases(app, province=JIANGSU, case_ids=["case-0001"], by=clerk, received=clock())


def test_an_extension_heard_after_sealing_unseals(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    load_campaign_draft(app, campaign)
    publish_campaign(app, campaign_id=campaign.id, by="head")
    turning.turn()
    recommended(app, turning, campaign, clock, range(1, 3))
    assert len(turning.told(ShortlistSealed)) == 32
    closes = clock() + timedelta(days=1)
    extend_window(app, campaign_id=campaign.id, window="recommendation", closes=closes, reason="系统维护", by="head")
    turning.turn()
    assert app.shortlists.count({"sealed_at": None}) == 32
    decline_case(app, province=JIANGSU, case_id="case-0002", reason="重复", by=clerk, received=clock())
    turning.turn()
    assert app.cases.get("case-0002").recommended_at is None
    clock.at = closes + timedelta(minutes=2)
    turning.turn()
    assert app.shortlists.get(shortlist_id(campaign.id, JIANGSU)).case_ids == ("case-0001",)
    assert app.cases.count({"recommended_at": {"$ne": None}}) == 1


def test_the_bulk_check_says_which_it_could_not_confirm(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    recommended(app, turning, campaign, clock, range(1, 4))
    turning.submit(a_case(9, campaign=campaign, at=clock()))
    turning.turn()
    job = confirm_many(app, case_ids=["case-0001", "case-0009", "nothing"], by="officer", command="bulk")
    assert confirm_many(app, case_ids=["case-0001"], by="officer", command="bulk") == job
    turning.turn()
    row = app.work.find(job)
    assert row is not None
    assert row["result"] == {
        "confirmed": 1,
        "refused": {
            "case-0009": "该案例不在省级推荐的案例中，不能进行资格审定。",
            "nothing": "没有找到这一内容，请核对网址或返回上一页。",
        },
    }


def test_a_round_that_cannot_be_is_refused_with_the_cases(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    recommended(app, turning, campaign, clock, range(1, 3))
    confirm_many(app, case_ids=["case-0001", "case-0002"], by="officer", command="bulk")
    experts(app, "110000", JIANGSU, "510000")
    turning.turn()
    round_id = plan_assignment(app, experts_per_case=3, by="officer", command="plan")
    turning.turn()
    planned = app.rounds.get(round_id)
    assert (planned.assigned, [short.reason for short in planned.shortages]) == (
        (),
        ["需要3位专家，可分配2位（同省1人）"] * 2,
    )
    with pytest.raises(Refused) as refused:
        publish_round(app, round_id=round_id, by="officer")
    assert refused.value.message == "还有2件案例分不到足够的专家，请先增加专家或减少每件人数。"


@pytest.fixture
def in_review(app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str) -> list[str]:
    """One case with two of four experts; gives the experts' ids."""
    recommended(app, turning, campaign, clock, range(1, 2))
    check_eligibility(app, case_id="case-0001", eligible=True, by="officer")
    ids = experts(app, "110000", "510000", "440000", "650000")
    round_id = plan_assignment(app, experts_per_case=2, by="officer", command="plan")
    turning.turn()
    publish_round(app, round_id=round_id, by="officer")
    turning.turn()
    return ids


def test_recusal_reassigns_at_once(
    app: App, turning: Turning, in_review: list[str], campaign: Campaign, clock: FixedClock
) -> None:
    leaving, staying = app.cases.get("case-0001").expert_ids
    others = [expert for expert in in_review if expert not in {leaving, staying}]
    app.accounts.change(
        others[0], lambda account: account.accept_statement(at=clock(), conflicts=[Conflict(unit="第1实验学校")])
    )
    with pytest.raises(Refused, match="reason-missing"):
        recuse(app, expert_id=leaving, case_id="case-0001", reason=" ")
    recuse(app, expert_id=leaving, case_id="case-0001", reason="曾指导该校")
    turning.turn()
    assert app.cases.get("case-0001").expert_ids == (staying, others[1])
    assert [event.expert_ids for event in turning.told(ExpertsAssigned)][-1] == (staying, others[1])
    assert app.reviews.get(f"case-0001:{others[1]}").state == "open"
    with pytest.raises(NotThere):
        submit_review(app, expert_id=leaving, case_id="case-0001", marks={})


def test_experts_score_only_what_is_theirs_and_only_after_the_statement(app: App, in_review: list[str]) -> None:
    mine = app.cases.get("case-0001").expert_ids
    stranger = next(expert for expert in in_review if expert not in mine)
    with pytest.raises(NotThere):
        submit_review(app, expert_id=stranger, case_id="case-0001", marks={})
    newcomer = staff_account(app, "expert", id="newcomer", mobile="13699999999")
    with pytest.raises(Refused) as refused:
        submit_review(app, expert_id=newcomer.id, case_id="case-0001", marks={})
    assert refused.value.message == "请先阅读并接受保密与回避承诺。"


def test_certificates_reach_the_public_state(app: App, turning: Turning, campaign: Campaign, clock: FixedClock) -> None:
    turning.submit(a_case(1, campaign=campaign, at=clock()))
    turning.turn()

    def facts(at: datetime) -> dict[str, Any]:
        return {"campaign_id": campaign.id, "case_id": "case-0001", "certificate_id": "x", "author": 0, "at": at}

    at = clock()
    for event in (
        CertificateIssued(**facts(at), number="N1", outcome="showcase"),
        CertificateIssued(**facts(at), number="N2", outcome="showcase"),
        CertificateReplaced(**facts(at), number="N3", replaces="N1"),
        CertificateRevoked(**facts(at), number="N2", reason="fraud"),
    ):
        turning.say(event, subject="certificates")
    turning.turn()
    assert app.cases.get("case-0001").certificates == ("N3",)


def test_the_record_names_who_did_what(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, clerk: str
) -> None:
    turning.submit(a_case(1, campaign=campaign, at=clock()))
    turning.turn()
    recommend_cases(app, province=JIANGSU, case_ids=["case-0001"], reason="可推广", by=clerk, received=clock())
    turning.turn()
    (entry,) = app.record.entries(about="case-0001")
    assert {name: entry[name] for name in ("by", "what", "about", "why", "at")} == {
        "by": clerk,
        "what": "推荐",
        "about": "case-0001",
        "why": "可推广",
        "at": clock(),
    }
