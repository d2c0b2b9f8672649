"""The rules of review, one by one, in plain Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.review.domain.account import Activation, StaffAccount
from services.review.domain.campaign_file import CampaignFile
from services.review.domain.case import Case
from services.review.domain.contact import Contact
from services.review.domain.decision import Decision, Ranked, Scored, Sizes, list_hash, ranking
from services.review.domain.disqualification import Disqualification
from services.review.domain.scoring import Review
from services.review.domain.shortlist import Shortlist
from services.review.domain.values import Eligibility, Mark, Outcome, Score
from shared.campaign.model import Campaign
from shared.campaign.parts import Window
from shared.events.intake import SheetAuthor
from shared.events.review import (
    ActivationCodeIssued,
    CampaignPublished,
    CaseDisqualified,
    CaseRecommended,
    CaseState,
    CaseStateCleared,
    ContactApproved,
    DecisionRecorded,
    DisqualificationRecorded,
    RecommendationRefused,
    ResultPublished,
    ResultToldToAuthors,
    ReviewCompleted,
    ShortlistChanged,
    ShortlistSealed,
    StaffSessionsRevoked,
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


# Accounts and contacts


def an_account(**fields: object) -> StaffAccount:
    known: dict[str, object] = {
        "id": "a",
        "campaign_id": "c",
        "role": "province",
        "name": "周敏",
        "mobile": "13800000000",
        "email": "a@example.com",
    }
    return StaffAccount(**{**known, **fields})  # type: ignore[arg-type]  # a table of fields


def invited() -> StaffAccount:
    account = an_account()
    account.invite(code_hash="h1", sealed_code="sealed", expires=AT + timedelta(days=1), at=AT)
    return account


def test_a_code_works_once() -> None:
    account = invited()
    account.activate(code_hash="h1", password_hash="p", at=AT)
    assert account.activation == Activation(code_hash="h1", expires=AT + timedelta(days=1), used_at=AT)
    with pytest.raises(Refused, match="code-used"):
        account.activate(code_hash="h1", password_hash="other", at=AT)
    assert account.password_hash == "p"


def test_a_reissued_code_kills_the_old_one_and_the_sessions() -> None:
    account = invited()
    account.reissue(code_hash="h2", sealed_code="sealed", expires=AT + timedelta(days=1), by="me", at=AT)
    with pytest.raises(Refused, match="code-wrong"):
        account.activate(code_hash="h1", password_hash="p", at=AT)
    account.activate(code_hash="h2", password_hash="p", at=AT)
    assert names(account) == ["ActivationCodeIssued", "ActivationCodeIssued", "StaffSessionsRevoked"]


@pytest.mark.parametrize(("late", "works"), [(-MOMENT, True), (timedelta(0), False)])
def test_a_code_expires(late: timedelta, works: bool) -> None:
    account = invited()
    try:
        account.activate(code_hash="h1", password_hash="p", at=AT + timedelta(days=1) + late)
    except Refused as refused:
        assert (refused.code, works) == ("code-expired", False)
    else:
        assert works


def test_a_closed_account_opens_to_nobody() -> None:
    account = invited()
    account.activate(code_hash="h1", password_hash="p", at=AT)
    account.close(at=AT)
    assert (account.login, account.log_in(password_fits=True, step=None, at=AT)) == (None, False)
    assert isinstance(account.news[-1], StaffSessionsRevoked)
    assert isinstance(account.news[0], ActivationCodeIssued)


def test_a_number_works_once() -> None:
    account = invited()
    account.activate(code_hash="h1", password_hash="p", at=AT)
    account.confirm_second_factor(100)
    assert account.log_in(password_fits=True, step=100, at=AT) is False
    assert account.log_in(password_fits=True, step=None, at=AT) is False
    assert account.log_in(password_fits=True, step=101, at=AT) is True


def test_five_wrong_tries_lock_for_a_quarter_of_an_hour() -> None:
    account = invited()
    account.activate(code_hash="h1", password_hash="p", at=AT)
    assert [account.log_in(password_fits=False, step=None, at=AT) for _ in range(5)] == [False] * 5
    with pytest.raises(Refused) as refused:
        account.log_in(password_fits=True, step=None, at=AT)
    assert refused.value.message == "连续多次登录失败，账号已暂停登录，请在15分钟后重试。"
    assert account.log_in(password_fits=True, step=None, at=AT + timedelta(minutes=15)) is True


def a_contact(**fields: object) -> Contact:
    known: dict[str, object] = {"id": "f", "campaign_id": "c", "source": "mail", "received": AT}
    return Contact(**{**known, **fields})  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "请先选择该联系人所属的省级单位。"),
        ({"province": "320000"}, "请先补填联系人姓名，激活码要按它发送。"),
        ({"province": "320000", "name": "周敏"}, "请先补填手机号，激活码要按它发送。"),
        (
            {"province": "320000", "name": "周敏", "mobile": "13800000000"},
            "请先补填电子邮箱，激活码要按它发送。",
        ),
    ],
)
def test_a_contact_is_approved_only_when_it_can_be_reached(fields: dict[str, object], message: str) -> None:
    with pytest.raises(Refused) as refused:
        a_contact(**fields).approve(account_id="a", replaces=(), by="me", at=AT)
    assert refused.value.message == message


def test_a_contact_is_decided_once() -> None:
    contact = a_contact(province="320000", name="周敏", mobile="13800000000", email="a@example.com")
    contact.approve(account_id="a", replaces=("old",), by="me", at=AT)
    (told, _) = contact.news
    assert isinstance(told, ContactApproved)
    assert told.replaces == ("old",)
    with pytest.raises(Refused, match="already-decided"):
        contact.refuse(reason="重复", by="me", at=AT)


# The campaign


def test_only_a_later_close_with_a_reason_extends(campaign: Campaign) -> None:
    file = CampaignFile(id=campaign.id)
    with pytest.raises(Refused, match="no-draft"):
        file.publish(by="me", at=AT)
    file.take_draft(campaign)
    assert file.publish(by="me", at=AT) == 1
    closes = campaign.windows.submission.closes
    for new, reason, code in (
        (closes, "台风", "not-later"),
        (closes + MOMENT, " ", "reason-missing"),
    ):
        with pytest.raises(Refused, match=code):
            file.extend("submission", closes=new, reason=reason, by="me", at=AT)
    later = closes + timedelta(days=2)
    assert file.extend("submission", closes=later, reason="台风", by="me", at=AT) == 2
    told = [event for event in file.news if isinstance(event, CampaignPublished)][-1]
    windows = Campaign.model_validate(told.campaign).windows
    assert (windows.submission.closes, windows.registration.closes) == (later, later)


# Scores, ranking, decision


def test_marks_stay_in_range_and_are_sent_once(campaign: Campaign) -> None:
    rubric = campaign.category("region").rubric
    review = Review(id="c:e", campaign_id="c", case_id="c", expert_id="e", assigned_at=AT)
    with pytest.raises(Refused) as refused:
        review.save({"mechanism": 20.5}, comment="", rubric=rubric, at=AT)
    assert (refused.value.message, refused.value.field) == ("“完善工作机制”的分值应在0至20之间。", "mechanism")
    review.save({"mechanism": 20.0}, comment="", rubric=rubric, at=AT)
    with pytest.raises(Refused, match="mark-missing"):
        review.submit(rubric=rubric, at=AT)
    review.save({each.code: float(each.weight) for each in rubric}, comment="", rubric=rubric, at=AT)
    assert review.submit(rubric=rubric, at=AT) == 100
    with pytest.raises(Refused, match="already-submitted"):
        review.save({}, comment="", rubric=rubric, at=AT)


def scored(case_id: str, mean: float, *by_criterion: float, number: str = "") -> Scored:
    return Scored(
        case_id=case_id, number=number or case_id, category="region", mean=mean, by_criterion=tuple(by_criterion)
    )


def sizes(exemplary: int, showcase: int) -> dict[str, Sizes]:
    return {"region": Sizes(category="region", exemplary=exemplary, showcase=showcase)}


def test_equal_means_share_a_place_and_rubric_order_decides() -> None:
    got = ranking([scored("a", 80, 15), scored("b", 80, 18), scored("c", 90, 10), scored("d", 70, 20)], sizes(2, 1))
    assert got == [
        Ranked(case_id="c", place=1, mean=90, suggested=Outcome.EXEMPLARY),
        Ranked(case_id="b", place=2, mean=80, suggested=Outcome.EXEMPLARY),
        Ranked(case_id="a", place=2, mean=80, suggested=Outcome.SHOWCASE),
        Ranked(case_id="d", place=4, mean=70, suggested=Outcome.NOT_SELECTED),
    ]


def test_a_tie_at_the_cut_is_never_settled_by_number() -> None:
    got = ranking([scored("a", 80, 15, number="1"), scored("b", 80, 15, number="2")], sizes(1, 0))
    assert [one.tied for one in got] == [True, True]
    decision = Decision(id="c")
    decision.fix_sizes([Sizes(category="region", exemplary=1, showcase=0)], by="me", at=AT)
    assert decision.open_ties(got) == ["a", "b"]
    for case_id, outcome in (("a", Outcome.NOT_SELECTED), ("b", Outcome.EXEMPLARY)):
        decision.decide_by_hand(case_id, outcome, reason="会议决定", by="me", at=AT)
    assert (decision.open_ties(got), decision.outcomes(got)) == (
        [],
        {"a": Outcome.NOT_SELECTED, "b": Outcome.EXEMPLARY},
    )


def test_sizes_are_fixed_once_and_first() -> None:
    decision = Decision(id="c")
    with pytest.raises(Refused, match="sizes-open"):
        decision.publish([], [], ties=0, unscored=0, by="me", at=AT)
    with pytest.raises(Refused, match="sizes-empty"):
        decision.fix_sizes([Sizes(category="region", exemplary=0, showcase=0)], by="me", at=AT)
    decision.fix_sizes([Sizes(category="region", exemplary=1, showcase=1)], by="me", at=AT)
    with pytest.raises(Refused, match="sizes-fixed"):
        decision.fix_sizes([Sizes(category="region", exemplary=2, showcase=2)], by="me", at=AT)
    for ties, unscored, code in ((0, 1, "unscored"), (2, 0, "open-ties"), (0, 0, "list-empty")):
        with pytest.raises(Refused, match=code):
            decision.publish([], [], ties=ties, unscored=unscored, by="me", at=AT)


def test_the_list_s_hash_does_not_depend_on_order() -> None:
    one = {"a": Outcome.EXEMPLARY, "b": Outcome.SHOWCASE, "c": Outcome.NOT_SELECTED}
    other = {"b": Outcome.SHOWCASE, "a": Outcome.EXEMPLARY}
    assert list_hash(one) == list_hash(other)
    assert list_hash(one) != list_hash({"a": Outcome.SHOWCASE, "b": Outcome.SHOWCASE})


# Disqualification


def test_two_people_disqualify() -> None:
    proposal = Disqualification(
        id="d",
        campaign_id="c",
        case_id="x",
        reason="fraud",
        statement="数据不实",
        evidence="核查报告",
        proposed_by="one",
        proposed_at=AT,
    )
    proposal.propose()
    with pytest.raises(Refused, match="same-person"):
        proposal.confirm(by="one", at=AT)
    with pytest.raises(Refused, match="reason-missing"):
        proposal.reject(why="", by="one", at=AT)
    proposal.confirm(by="two", at=AT)
    with pytest.raises(Refused, match="already-decided"):
        proposal.confirm(by="three", at=AT)
    assert names(proposal) == ["DisqualificationConfirmed"]


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
