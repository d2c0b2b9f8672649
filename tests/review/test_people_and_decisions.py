"""The rules of accounts, contacts, scoring and deciding, one by one, in plain Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.review.domain.account import Activation, StaffAccount
from services.review.domain.campaign_file import CampaignFile
from services.review.domain.contact import Contact
from services.review.domain.decision import Decision, Ranked, Scored, Sizes, list_hash, ranking
from services.review.domain.disqualification import Disqualification
from services.review.domain.scoring import Review
from services.review.domain.values import Outcome
from shared.campaign.model import Campaign
from shared.campaign.parts import Window
from shared.events.review import (
    ActivationCodeIssued,
    CampaignPublished,
    ContactApproved,
    DecisionRecorded,
    StaffSessionsRevoked,
)
from shared.trouble import Refused

AT = datetime(2024, 10, 20, 4, 0, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
WINDOW = Window(opens=datetime(2024, 10, 15, 16, tzinfo=UTC), closes=datetime(2024, 10, 31, 16, tzinfo=UTC))


def names(aggregate: object) -> list[str]:
    """The facts told, without the entries for the record."""
    news = aggregate.news  # type: ignore[attr-defined]  # every aggregate has it
    return [type(event).__name__ for event in news if not isinstance(event, DecisionRecorded)]


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
    assert (account.login, account.log_in(password_fits=True, step=None)) == (None, False)
    assert isinstance(account.news[-1], StaffSessionsRevoked)
    assert isinstance(account.news[0], ActivationCodeIssued)


def test_a_number_works_once() -> None:
    account = invited()
    account.activate(code_hash="h1", password_hash="p", at=AT)
    account.confirm_second_factor(100)
    assert account.log_in(password_fits=True, step=100) is False
    assert account.log_in(password_fits=True, step=None) is False
    assert account.log_in(password_fits=True, step=101) is True


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
    decision = Decision(id="c:decision", campaign_id="c")
    decision.fix_sizes([Sizes(category="region", exemplary=1, showcase=0)], by="me", at=AT)
    assert decision.open_ties(got) == ["a", "b"]
    for case_id, outcome in (("a", Outcome.NOT_SELECTED), ("b", Outcome.EXEMPLARY)):
        decision.decide_by_hand(case_id, outcome, reason="会议决定", by="me", at=AT)
    assert (decision.open_ties(got), decision.outcomes(got)) == (
        [],
        {"a": Outcome.NOT_SELECTED, "b": Outcome.EXEMPLARY},
    )


def test_sizes_are_fixed_once_and_first() -> None:
    decision = Decision(id="c:decision", campaign_id="c")
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


@pytest.mark.parametrize(("days", "fits"), [(60, True), (61, False), (365 * 7000, False)])
def test_a_window_is_extended_within_bounds(campaign: Campaign, days: int, fits: bool) -> None:
    file = CampaignFile(id=campaign.id)
    file.take_draft(campaign)
    closes = campaign.windows.review.closes
    file.publish(by="head", at=closes - timedelta(days=5))

    def extend() -> int:
        later = min(closes + timedelta(days=days), datetime(9999, 12, 31, tzinfo=UTC))
        return file.extend("review", closes=later, reason="调整", by="head", at=closes - timedelta(days=1))

    if fits:
        assert extend() == 2
    else:
        with pytest.raises(Refused, match="too-late"):
            extend()
        assert file.revision == 1
