"""The rules of the shortlist and of the case, one by one, in plain Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.review.domain.case import Case
from services.review.domain.shortlist import Shortlist
from services.review.domain.values import Eligibility, Mark, Outcome, Score
from shared.campaign.model import Campaign
from shared.campaign.parts import Window
from shared.events.intake import SheetAuthor
from shared.events.review import (
    CaseDisqualified,
    CaseRecommended,
    CaseState,
    CaseStateCleared,
    DecisionRecorded,
    DisqualificationRecorded,
    RecommendationRefused,
    ResultPublished,
    ResultToldToAuthors,
    ReviewCompleted,
    ShortlistChanged,
    ShortlistSealed,
)
from shared.trouble import Refused
from tests.review.turning import a_case, a_report

AT = datetime(2024, 10, 20, 4, 0, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
WINDOW = Window(opens=datetime(2024, 10, 15, 16, tzinfo=UTC), closes=datetime(2024, 10, 31, 16, tzinfo=UTC))


def names(aggregate: object) -> list[str]:
    """The facts told, without the entries for the record."""
    news = aggregate.news  # type: ignore[attr-defined]  # every aggregate has it
    return [type(event).__name__ for event in news if not isinstance(event, DecisionRecorded)]


# The shortlist


def a_shortlist(**fields: object) -> Shortlist:
    known: dict[str, object] = {"id": "c:320000", "campaign_id": "c", "province": "320000", "limit": 2}
    return Shortlist(**{**known, **fields})  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize(
    ("received", "message"),
    [
        (WINDOW.opens - MOMENT, "省级推荐自2024年10月16日00:00开始，现在只能查看。"),
        (WINDOW.opens, None),
        (WINDOW.closes - MOMENT, None),
        (WINDOW.closes, "省级推荐已于2024年10月31日23:59:59截止，推荐名单不能再修改。"),
    ],
)
def test_recommendation_keeps_to_its_window(received: datetime, message: str | None) -> None:
    shortlist = a_shortlist()
    if message is None:
        assert shortlist.list_case("a", reason="", by="me", received=received, window=WINDOW) == 1
        return
    for act in (
        lambda: shortlist.list_case("a", reason="", by="me", received=received, window=WINDOW),
        lambda: shortlist.decline_case("a", reason="弱", by="me", received=received, window=WINDOW),
        lambda: shortlist.confirm(by="me", received=received, window=WINDOW),
        lambda: shortlist.declare_none(by="me", received=received, window=WINDOW),
        lambda: shortlist.reorder((), received=received, window=WINDOW),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.message == message
    assert (shortlist.case_ids, shortlist.news) == ((), [])


def test_a_full_shortlist_takes_no_more() -> None:
    shortlist = a_shortlist(case_ids=("a", "b"))
    with pytest.raises(Refused, match="shortlist-full"):
        shortlist.list_case("c", reason="", by="me", received=AT, window=WINDOW)
    assert shortlist.list_case("b", reason="", by="me", received=AT, window=WINDOW) == 2
    assert shortlist.news == []


def test_a_change_asks_for_another_confirmation() -> None:
    shortlist = a_shortlist(case_ids=("a",))
    shortlist.confirm(by="me", received=AT, window=WINDOW)
    shortlist.decline_case("a", reason="材料不实", by="me", received=AT, window=WINDOW)
    assert (shortlist.case_ids, shortlist.confirmed_at) == ((), None)
    assert names(shortlist) == ["ShortlistConfirmed", "ShortlistChanged"]


def test_sealing_happens_once_and_an_extension_unseals() -> None:
    shortlist = a_shortlist(case_ids=("a",))
    after = WINDOW.closes + timedelta(minutes=1)
    assert (shortlist.seal(at=after), shortlist.seal(at=after)) == (True, False)
    sealed = next(event for event in shortlist.news if isinstance(event, ShortlistSealed))
    assert (sealed.case_ids, sealed.confirmed) == (("a",), False)
    shortlist.unseal(at=after, window=WINDOW)
    assert shortlist.sealed_at == after
    shortlist.unseal(at=after, window=WINDOW.model_copy(update={"closes": after + timedelta(days=1)}))
    assert shortlist.sealed_at is None


def test_a_grant_needs_a_reason() -> None:
    shortlist = a_shortlist()
    with pytest.raises(Refused, match="reason-missing"):
        shortlist.grant(5, reason=" ", by="me", at=AT)
    assert shortlist.grant(5, reason="县多", by="me", at=AT) == 7


# The case


def submitted(campaign: Campaign, **fields: object) -> Case:
    """A case that was handed in, with a report."""
    event = a_case(1, campaign=campaign, at=AT, **fields)  # type: ignore[arg-type]  # a table of fields
    case = Case(id=event.case_id, campaign_id=campaign.id)
    case.take_submission(event)
    case.take_report(a_report(event, "passed"))
    case.news.clear()
    return case


def test_report_and_case_meet_in_either_order(campaign: Campaign) -> None:
    event = a_case(1, campaign=campaign, at=AT)
    one, other = Case(id="x", campaign_id=campaign.id), Case(id="x", campaign_id=campaign.id)
    one.take_submission(event)
    one.take_report(a_report(event, "remarks"))
    other.take_report(a_report(event, "remarks"))
    other.take_submission(event)
    assert one == other
    assert one.report_in_force is not None


def test_a_report_on_an_older_version_is_not_in_force(campaign: Campaign) -> None:
    case = submitted(campaign)
    case.take_submission(a_case(1, campaign=campaign, at=AT, case_version=2))
    assert case.report_in_force is None


def test_before_publication_the_world_learns_no_title(campaign: Campaign) -> None:
    case = Case(id="x", campaign_id=campaign.id)
    case.take_submission(a_case(1, campaign=campaign, at=AT))
    (told,) = case.news
    assert isinstance(told, CaseState)
    assert (told.stage, told.title, told.outcome, told.certificates) == ("submitted", "", "", ())


@pytest.mark.parametrize(
    ("change", "reason", "clerk", "message"),
    [
        ({"unsigned": ("李明",)}, "", "", "李明尚未在作者声明上签名，签名补齐后才能推荐。"),
        ({}, "", "person-1", "您是本案例的作者，请由本省其他工作人员处理。"),
        ({"report": "failed"}, " ", "", "该案例检查结果为“不合格”，推荐时请填写理由。"),
        ({"withdrawn": 1}, "", "", "该案例已撤回或已取消资格，不能推荐。"),
    ],
)
def test_what_bars_a_recommendation(
    campaign: Campaign, change: dict[str, object], reason: str, clerk: str, message: str
) -> None:
    event = a_case(1, campaign=campaign, at=AT, unsigned=change.get("unsigned", ()))  # type: ignore[arg-type]
    case = Case(id="x", campaign_id=campaign.id)
    case.take_submission(event)
    case.take_report(a_report(event, change.get("report", "passed")))  # type: ignore[arg-type]  # a table of fields
    if "withdrawn" in change:
        case.withdraw(case_version=1, at=AT)
    with pytest.raises(Refused) as refused:
        case.may_be_recommended(reason=reason, clerk=clerk)
    assert refused.value.message == message


def test_a_failed_case_may_be_recommended_with_a_reason(campaign: Campaign) -> None:
    event = a_case(1, campaign=campaign, at=AT)
    case = Case(id="x", campaign_id=campaign.id)
    case.take_submission(event)
    case.take_report(a_report(event, "failed"))
    case.may_be_recommended(reason="超字数，内容扎实", clerk="")


def test_a_withdrawn_case_gives_its_place_back(campaign: Campaign) -> None:
    case = submitted(campaign)
    case.take_mark(listed=True, reason="", by="me", at=AT)
    case.withdraw(case_version=1, at=AT)
    assert [type(event) for event in case.news] == [RecommendationRefused, CaseStateCleared]
    case.news.clear()
    case.take_mark(listed=True, reason="", by="me", at=AT)
    assert (case.mark, [type(event) for event in case.news]) == (Mark.NONE, [RecommendationRefused])


def test_a_case_handed_in_again_after_withdrawal_lives(campaign: Campaign) -> None:
    case = submitted(campaign)
    case.take_submission(a_case(1, campaign=campaign, at=AT, case_version=2))
    case.withdraw(case_version=1, at=AT)
    assert case.is_live


def test_eligibility_needs_a_recommendation_and_a_refusal_a_reason(campaign: Campaign) -> None:
    case = submitted(campaign)
    with pytest.raises(Refused, match="not-recommended"):
        case.check_eligibility(eligible=True, reason="", by="me", at=AT)
    assert (case.recommend(at=AT), case.recommend(at=AT)) == (True, False)
    with pytest.raises(Refused, match="reason-missing"):
        case.check_eligibility(eligible=False, reason="", by="me", at=AT)
    case.check_eligibility(eligible=True, reason="", by="me", at=AT)
    assert next(type(event) for event in case.news) is CaseRecommended
    assert case.eligibility == Eligibility(eligible=True, reason="", by="me", at=AT)


def judged(campaign: Campaign) -> Case:
    """A case with three experts."""
    case = submitted(campaign)
    case.recommend(at=AT)
    case.check_eligibility(eligible=True, reason="", by="me", at=AT)
    case.assign(["e1", "e2", "e3"], at=AT)
    case.news.clear()
    return case


def test_the_last_score_completes_the_review(campaign: Campaign) -> None:
    case = judged(campaign)
    for expert, total in (("e1", 80.0), ("e2", 90.0), ("e2", 90.0), ("stranger", 0.0)):
        case.take_score(Score(expert_id=expert, marks={}, total=total), at=AT)
    assert case.news == []
    case.take_score(Score(expert_id="e3", marks={}, total=70.0), at=AT)
    (told,) = case.news
    assert isinstance(told, ReviewCompleted)
    assert (told.totals, told.mean) == ((70.0, 80.0, 90.0), 80.0)


def test_another_expert_takes_a_recused_one_s_place(campaign: Campaign) -> None:
    case = judged(campaign)
    case.replace_expert("e2", coming="e4", at=AT)
    assert case.expert_ids == ("e1", "e3", "e4")


def test_a_result_is_told_once_and_not_of_a_disqualified_case(campaign: Campaign) -> None:
    case = judged(campaign)
    assert case.publish_result(Outcome.SHOWCASE, at=AT)
    assert not case.publish_result(Outcome.EXEMPLARY, at=AT)
    assert [type(event) for event in case.news] == [ResultPublished, CaseState, ResultToldToAuthors]
    out = judged(campaign)
    out.disqualify(reason="fraud", at=AT)
    assert not out.publish_result(Outcome.SHOWCASE, at=AT)
    assert [type(event) for event in out.news] == [DisqualificationRecorded, CaseStateCleared]


def test_outsiders_hear_of_a_disqualification_only_after_the_announcement(campaign: Campaign) -> None:
    case = judged(campaign)
    case.publish_result(Outcome.NOT_SELECTED, at=AT)
    case.disqualify(reason="fraud", at=AT)
    assert CaseDisqualified not in {type(event) for event in case.news}
    shown = judged(campaign)
    shown.publish_result(Outcome.EXEMPLARY, at=AT)
    shown.disqualify(reason="fraud", at=AT)
    assert [type(event) for event in shown.news][-2:] == [CaseDisqualified, CaseState]


def test_every_command_says_who_for_the_record() -> None:
    shortlist = a_shortlist()
    shortlist.list_case("a", reason="好", by="me", received=AT, window=WINDOW)
    changed, entry = shortlist.news
    assert isinstance(changed, ShortlistChanged)
    assert isinstance(entry, DecisionRecorded)
    assert (entry.by, entry.what, entry.about, entry.why, entry.at) == ("me", "推荐", "a", "好", AT)


def test_a_case_knows_its_authors(campaign: Campaign) -> None:
    author = SheetAuthor(name="李明", unit="第一小学", title="教师", person="p")
    case = submitted(campaign, authors=(author,))
    with pytest.raises(Refused, match="own-case"):
        case.must_not_be_of("p")
