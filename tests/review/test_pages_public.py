"""What anybody reads: nothing before publication, then the list and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.review.app import App
from services.review.domain.decision import Decision, Listed, decision_id
from services.review.domain.values import Outcome
from shared.campaign.model import Campaign
from tests.review.conftest import SCREENING, Browser, another_campaign, submitted_case

PATHS = ("/results", "/showcase", "/results/case-1", "/results/case-2")
SECRET = (
    "case-2",
    "数据造假的案例",
    "case-3",
    "未入选的案例",
    "13800001234",
    "author-1",
    "87.5",
    "expert",
    "object_key",
)


@pytest.fixture
def decided(app: App, campaign: Campaign) -> Campaign:
    """Sixty listed cases of two provinces, one of them removed since, and one not selected."""
    submitted_case(app, "case-1", outcome=Outcome.EXEMPLARY, mean=87.5, published_at=SCREENING)
    submitted_case(app, "case-2", title="数据造假的案例", outcome=Outcome.SHOWCASE, published_at=SCREENING)
    submitted_case(app, "case-3", title="未入选的案例", outcome=Outcome.NOT_SELECTED, published_at=SCREENING)
    listed = [_listed("case-1", "智研共同体", "320000", Outcome.EXEMPLARY)]
    listed.append(_listed("case-2", "数据造假的案例", "320000", Outcome.SHOWCASE))
    listed += [_listed(f"more-{at}", f"常态化研修实践{at}", "510000", Outcome.SHOWCASE) for at in range(58)]
    app.decisions.create(
        Decision(
            id=decision_id(campaign.id),
            campaign_id=campaign.id,
            listed=tuple(listed),
            not_selected=("case-3",),
            removed=("case-2",),
            sizes_fixed_at=SCREENING,
            published_at=SCREENING,
        )
    )
    return campaign


def _listed(case_id: str, title: str, province: str, outcome: Outcome) -> Listed:
    return Listed(
        case_id=case_id,
        number=f"N-{case_id}",
        title=title,
        authors=("王小明", "李明"),
        units=("南京市第一中学",),
        province=province,
        category="school",
        outcome=outcome,
    )


def test_before_publication_nothing_is_told(app: App, campaign: Campaign, browser: Browser) -> None:
    submitted_case(app, "case-1", outcome=Outcome.EXEMPLARY)
    app.decisions.create(
        Decision(
            id=decision_id(campaign.id),
            campaign_id=campaign.id,
            listed=(_listed("case-1", "智研共同体", "320000", Outcome.EXEMPLARY),),
        )
    )
    for path in ("/results", "/showcase"):
        assert browser.open(path).status_code == 200
        assert "名单尚未公布。公布后，这里按省份和类别列出典型案例和展示案例。 公布时间另行通知。" in browser.text()
        assert "智研共同体" not in browser.page and "case-1" not in browser.page
    assert browser.open("/results/case-1").status_code == 404
    assert "智研共同体" not in browser.page


def test_the_list_is_published_whole_and_nothing_else(decided: Campaign, browser: Browser) -> None:
    pages = [
        browser.open(path).get_data(as_text=True)
        for path in ("/results", "/results?page=2", "/showcase", "/results/case-1")
    ]
    assert [word for word in SECRET for page in pages if word in page] == []
    browser.open("/results")
    assert "公布59件：典型案例1件，展示案例58件" in browser.text()
    assert browser.page.count('href="/results/') == 50
    browser.open("/results?page=2")
    assert browser.page.count('href="/results/') == 9
    assert browser.open("/results/case-2").status_code == 404
    assert browser.open("/results/case-3").status_code == 404
    browser.open("/results/case-1")
    assert "王小明、李明" in browser.text() and "典型案例 · 校本研修应用案例" in browser.text()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("province=320000", 1),
        ("province=510000&outcome=exemplary", 0),
        ("outcome=exemplary", 1),
        ("q=实践57", 1),
        ("q=王小明&province=320000", 1),
        ("category=region", 0),
        ("page=abc", 50),
        ("page=999", 9),
        ("province=nowhere&q=%3Cscript%3E", 0),
    ],
)
def test_the_list_is_searched_through_the_address(decided: Campaign, browser: Browser, query: str, count: int) -> None:
    assert browser.open(f"/results?{query}").status_code == 200
    assert browser.page.count('href="/results/') == count
    assert "<script>" not in browser.page


def test_with_no_campaign_there_is_an_empty_state(app: App, campaign: Campaign, browser: Browser) -> None:
    app.database.collection("campaigns").delete_many({})
    assert browser.open("/results").status_code == 200
    assert "名单尚未公布" in browser.text()


@pytest.fixture
def next_year(app: App, decided: Campaign) -> Campaign:
    """The campaign of the year after, published while last year's list stands."""
    return another_campaign(app, decided)


@pytest.mark.parametrize("path", ["/results", "/showcase"])
def test_last_year_s_list_stays_when_the_next_campaign_begins(
    next_year: Campaign, decided: Campaign, app: App, browser: Browser, path: str
) -> None:
    assert app.campaigns.current().id == next_year.id
    browser.open(path)
    assert "名单尚未公布" not in browser.text()
    assert decided.subtitle in browser.text() and next_year.subtitle not in browser.text()
    assert browser.page.count('href="/results/') == 50
    assert browser.open("/results/case-1").status_code == 200


@pytest.mark.parametrize("path", ["/results", "/showcase"])
def test_where_there_are_several_lists_one_chooses_the_year(
    next_year: Campaign, decided: Campaign, app: App, browser: Browser, path: str
) -> None:
    app.decisions.create(
        Decision(
            id=decision_id(next_year.id),
            campaign_id=next_year.id,
            listed=(_listed("new-1", "下一年的案例", "320000", Outcome.EXEMPLARY),),
            published_at=SCREENING + timedelta(days=365),
        )
    )
    browser.open(path)
    assert "下一年的案例" in browser.text() and "常态化研修实践1" not in browser.text()
    earlier = f"{path}?campaign={decided.id}"
    assert f'href="{earlier}"' in browser.page
    browser.open(earlier)
    assert "常态化研修实践1" in browser.text() and "下一年的案例" not in browser.text()
    assert f"campaign={decided.id}&amp;page=2" in browser.page or f"page=2&amp;campaign={decided.id}" in browser.page
    assert f'<input type="hidden" name="campaign" value="{decided.id}">' in browser.page
    assert browser.open(f"{path}?campaign=nowhere").status_code == 404
    browser.open("/results/case-1")
    assert f'href="/results?campaign={decided.id}"' in browser.page


def test_a_case_whose_authors_do_not_all_agree_is_listed_and_not_shown(
    app: App, decided: Campaign, browser: Browser
) -> None:
    app.cases.change("case-1", lambda case: setattr(case, "withheld", ("sharing",)))
    browser.open("/showcase")
    assert "共58件" in browser.text()
    assert "/results/case-1" not in browser.page
    browser.open("/results")
    assert "公布59件" in browser.text()
    browser.open("/results/case-1")
    assert "智研共同体" in browser.text()
    assert "案例概述" not in browser.text()


def test_a_consent_that_is_not_for_the_showcase_hides_nothing(app: App, decided: Campaign, browser: Browser) -> None:
    app.cases.change("case-1", lambda case: setattr(case, "withheld", ("national_platform",)))
    browser.open("/showcase")
    assert "/results/case-1" in browser.page
    browser.open("/results/case-1")
    assert "案例概述" in browser.text()
