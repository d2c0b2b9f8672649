"""What anybody reads: nothing before publication, then the list and nothing else."""

from __future__ import annotations

import pytest

from services.review.app import App
from services.review.domain.decision import Decision, Listed, decision_id
from services.review.domain.values import Outcome
from shared.campaign.model import Campaign
from tests.review.conftest import SCREENING, Browser, submitted_case

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
