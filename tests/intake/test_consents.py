"""Consents to sharing are taken back until the list is public, and never touch selection (I12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.intake.app import App
from services.intake.domain.consents import choose, declared, withheld
from services.intake.domain.told import Ended
from shared.trouble import NotThere, Refused
from tests.intake.cases import CAMPAIGN, NOON, a_case
from tests.intake.conftest import Browser, register
from tests.intake.test_co_authors import LI, news_of
from tests.intake.test_path import complete_case

FREE = CAMPAIGN.model_copy(update={"consents_are_conditions": False})
BOTH: dict[str, Any] = {"consent_sharing": "y", "consent_national_platform": "y"}


def test_an_author_takes_a_consent_back_and_gives_it_again(author: Browser, app: App) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    author.open(f"{case}/consents")
    for words in ("同意将案例结集出版或在教师活动网站等公益性网站共享。", "案例不在“案例展示”中展示", "不影响初筛"):
        assert words in author.page
    assert author.post(f"{case}/consents", consent_national_platform="y").status_code == 303
    kept = app.cases.get(case.removeprefix("/cases/"))
    (gone,) = kept.withheld
    assert (gone.code, gone.wording, gone.person) == (
        "sharing",
        CAMPAIGN.texts.consents[0].wording,
        app.person("13800001234"),
    )
    assert (kept.state, len(kept.versions)) == ("submitted", 1)
    author.open(f"{case}/consents")
    assert "撤回或未同意" in author.page
    assert author.post(f"{case}/consents", **BOTH).status_code == 303
    assert [each["withheld"] for each in news_of(app, case, "ConsentsChanged")] == [["sharing"], []]
    author.open(f"{case}/consents")
    author.post(f"{case}/consents", **BOTH)
    assert len(news_of(app, case, "ConsentsChanged")) == 2


def test_a_co_author_likewise_and_a_new_version_gives_nothing_back(
    author: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    case = complete_case(author)
    li = new_browser()
    register(li, mobile=LI, name="李明")
    li.fill(f"{case}/read")
    assert li.fill(f"{case}/consents").status_code == 303
    author.fill(f"{case}/check")
    assert withheld(app.cases.get(case.removeprefix("/cases/"))) == ("national_platform", "sharing")
    stranger = new_browser()
    register(stranger, mobile="13711112222", name="陌生人")
    assert stranger.open(f"{case}/consents").status_code == 404


def test_once_the_list_is_public_a_person_has_to_see_to_it() -> None:
    case = a_case(ended=Ended(outcome="showcase", at=NOON))
    with pytest.raises(Refused, match="list-public"):
        choose(case, "person-wang", (), campaign=CAMPAIGN, at=NOON)


def test_who_has_agreed_to_nothing_yet_has_nothing_to_take_back(
    author: Browser, new_browser: Callable[[], Browser], app: App
) -> None:
    case = complete_case(author)
    li = new_browser()
    register(li, mobile=LI, name="李明")
    li.open(f"{case}/consents")
    assert "您还没有确认作者声明，请先确认。" in li.page
    li.open("/account")
    li.post(f"{case}/consents")
    assert app.cases.get(case.removeprefix("/cases/")).withheld == ()


def test_a_stranger_has_nothing_to_take_back() -> None:
    with pytest.raises(NotThere):
        choose(a_case(), "person-stranger", (), campaign=CAMPAIGN, at=NOON)


def test_where_consents_are_free_choices_what_is_not_ticked_is_withheld() -> None:
    case = a_case()
    case.declaration = replace(case.declaration, consents=case.declaration.consents[:1])
    declared(case, FREE, at=NOON)
    declared(case, FREE, at=NOON)
    assert withheld(case) == ("national_platform",)
    assert len(case.withheld) == 1
    untouched = a_case()
    declared(untouched, CAMPAIGN, at=NOON)
    assert untouched.withheld == ()
