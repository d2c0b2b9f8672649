"""Somebody named who does not agree to be an author is neither shown nor waited for (L4)."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.review.app import App
from services.review.domain.case import Case
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.events.intake import CaseSubmittedInFull, CoAuthorRefused, ConsentsChanged, SheetAuthor
from tests.review.turning import Turning, a_case

PEOPLE = (
    SheetAuthor(name="王小明", unit="一中", title="教师", person="wang"),
    SheetAuthor(name="李明", unit="二中", title="教师", person="li"),
)


def handed_in(campaign: Campaign, clock: FixedClock, version: int = 1) -> CaseSubmittedInFull:
    return a_case(1, campaign=campaign, at=clock(), authors=PEOPLE, unsigned=("李明",), case_version=version)


def refused(campaign: Campaign, clock: FixedClock, version: int = 1) -> CoAuthorRefused:
    return CoAuthorRefused(
        campaign_id=campaign.id,
        case_id="case-0001",
        case_version=version,
        person="li",
        name="李明",
        title="实践",
        account_id="author-1",
        holder="王小明",
        email="",
        at=clock(),
    )


def standing(case: Case) -> tuple[list[str], tuple[str, ...]]:
    return [author.name for author in case.authors], case.unsigned


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_the_name_is_out_whatever_comes_first(
    app: App, campaign: Campaign, clock: FixedClock, order: tuple[int, ...]
) -> None:
    turning = Turning(app)
    news = (handed_in(campaign, clock), refused(campaign, clock))
    for at in order:
        turning.say(news[at], subject="case-0001")
        turning.turn()
    assert standing(app.cases.get("case-0001")) == (["王小明"], ())


def test_in_a_version_handed_in_after_they_agreed_the_name_stands(
    app: App, campaign: Campaign, clock: FixedClock
) -> None:
    turning = Turning(app)
    turning.say(handed_in(campaign, clock, 2), subject="case-0001")
    turning.say(refused(campaign, clock, 1), subject="case-0001")
    turning.turn()
    assert standing(app.cases.get("case-0001")) == (["王小明", "李明"], ("李明",))


def test_of_a_case_never_handed_in_nothing_is_kept(app: App, campaign: Campaign, clock: FixedClock) -> None:
    turning = Turning(app)
    turning.say(refused(campaign, clock, 0), subject="case-0001")
    turning.turn()
    assert app.cases.find("case-0001") is None


def test_what_an_author_withholds_is_known_whatever_comes_first(
    app: App, campaign: Campaign, clock: FixedClock
) -> None:
    turning = Turning(app)
    for codes in (("sharing",), ("sharing", "national_platform"), ("national_platform",)):
        changed = ConsentsChanged(campaign_id=campaign.id, case_id="case-0001", withheld=codes, at=clock())
        turning.say(changed, subject="case-0001")
    turning.turn()
    turning.say(handed_in(campaign, clock), subject="case-0002")
    turning.turn()
    assert app.cases.get("case-0001").withheld == ("national_platform",)
