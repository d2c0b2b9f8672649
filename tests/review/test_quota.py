"""Fifty people at the last places of a province: never one case too many, on real MongoDB."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from services.review.app import App
from services.review.domain.shortlist import Shortlist, shortlist_id
from services.review.handlers.campaign import grant_places
from services.review.handlers.shortlists import recommend_cases, unlist_case
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.trouble import Conflict, Refused
from tests.review.conftest import staff_account
from tests.review.turning import Turning, a_case

PROVINCE = "320000"
THREADS = 50


def filled(app: App, campaign: Campaign, clock: FixedClock, *, listed: int, more: int) -> None:
    """A shortlist that holds ``listed`` cases, and ``more`` cases that could follow."""
    staff_account(app, "province", province=PROVINCE)
    turning = Turning(app)
    for number in range(more):
        turning.submit(a_case(number, campaign=campaign, at=clock()))
    turning.turn()
    ids = tuple(f"listed-{number}" for number in range(listed))
    limit = campaign.limits.recommendations_per_province
    made = Shortlist(
        id=shortlist_id(campaign.id, PROVINCE), campaign_id=campaign.id, province=PROVINCE, limit=limit, case_ids=ids
    )
    app.shortlists.create(made)


def at_once(act: Callable[[int], str]) -> list[str]:
    """What each of fifty threads got, started at the same instant."""
    barrier = Barrier(THREADS)

    def one(number: int) -> str:
        barrier.wait()
        try:
            return act(number)
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_fifty_at_the_200th_place(app: App, campaign: Campaign, clock: FixedClock) -> None:
    filled(app, campaign, clock, listed=199, more=THREADS)

    def recommend(number: int) -> str:
        while True:  # the form says 内容刚刚被更新, and the person presses again
            try:
                recommend_cases(
                    app, province=PROVINCE, case_ids=[f"case-{number:04d}"], by="province", received=clock()
                )
            except Conflict:
                continue
            return "listed"

    got = at_once(recommend)
    assert sorted(got) == ["listed"] + ["shortlist-full"] * 49
    assert len(app.shortlists.get(shortlist_id(campaign.id, PROVINCE)).case_ids) == 200


def test_the_same_click_twice_takes_one_place(app: App, campaign: Campaign, clock: FixedClock) -> None:
    filled(app, campaign, clock, listed=198, more=1)

    def recommend() -> int:
        return recommend_cases(
            app, province=PROVINCE, case_ids=["case-0000"], by="province", received=clock(), command="one-click"
        )

    assert (recommend(), recommend()) == (199, 199)


def test_a_freed_place_and_a_granted_place_can_be_taken(app: App, campaign: Campaign, clock: FixedClock) -> None:
    filled(app, campaign, clock, listed=200, more=3)

    def recommend(number: int) -> int:
        return recommend_cases(app, province=PROVINCE, case_ids=[f"case-{number:04d}"], by="province", received=clock())

    reason = "该省高原县较多"
    assert grant_places(app, campaign_id=campaign.id, province=PROVINCE, places=1, reason=reason, by="officer") == 201
    assert recommend(0) == 201
    assert unlist_case(app, province=PROVINCE, case_id="case-0000", by="province", received=clock()) == 200
    assert recommend(1) == 201
    try:
        recommend(2)
    except Refused as refused:
        assert refused.message == "本省推荐名额201个已用完，请先取消推荐其他案例，再推荐本案例。"
    else:
        raise AssertionError("one too many")


def test_all_or_none(app: App, campaign: Campaign, clock: FixedClock) -> None:
    filled(app, campaign, clock, listed=198, more=3)
    try:
        recommend_cases(
            app,
            province=PROVINCE,
            case_ids=["case-0000", "case-0001", "case-0002"],
            by="province",
            received=clock(),
        )
    except Refused as refused:
        assert refused.code == "shortlist-full"
    assert len(app.shortlists.get(shortlist_id(campaign.id, PROVINCE)).case_ids) == 198
