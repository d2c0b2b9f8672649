"""The cast: nobody shares a mobile or a mailbox, every special case comes up once there is room."""

from __future__ import annotations

from collections import Counter

import pytest

from shared.campaign.loading import load_campaign
from zhengji.play.cast import Cast, Twist, make_cast

CAMPAIGN = load_campaign("campaigns/2024-teacher-training.yaml")


def a_cast(*, run: str = "1732362000", cases: int = 120, provinces: int = 6) -> Cast:
    return make_cast(CAMPAIGN, run=run, provinces=provinces, cases=cases, experts=24)


@pytest.mark.parametrize("what", ["mobile", "email"])
def test_nobody_shares_a_mobile_or_a_mailbox(what: str) -> None:
    counts = Counter(getattr(person, what) for person in a_cast().people)
    assert counts.most_common(1)[0][1] == 1


def test_two_plays_share_nobody() -> None:
    first, second = a_cast(run="1732362000"), a_cast(run="1732362400")
    assert not {each.mobile for each in first.people} & {each.mobile for each in second.people}
    assert not {each.email for each in first.people} & {each.email for each in second.people}


def test_a_large_play_has_every_special_case_and_all_three_categories() -> None:
    cast = a_cast()
    assert {case.twist for case in cast.cases} == set(Twist)
    assert Counter(case.category for case in cast.cases) == {"region": 40, "school": 40, "studio": 40}
    assert {case.author.province for case in cast.cases} == {each.code for each in cast.provinces}


def test_a_small_play_keeps_some_plain_cases() -> None:
    twists = [case.twist for case in a_cast(cases=8, provinces=2).cases]
    assert twists.count(Twist.PLAIN) >= 2
    assert {Twist.REPLACED, Twist.TOO_LONG, Twist.ENCRYPTED, Twist.WITHDRAWN, Twist.FOURTH_AUTHOR} <= set(twists)


def test_contact_forms_come_in_all_three_ways() -> None:
    assert Counter(each.form for each in a_cast().provinces) == {"body": 2, "docx": 2, "incomplete": 2}
