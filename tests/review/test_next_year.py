"""When the next campaign begins: the centre is warned before, and last year's cases stay within reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.review.app import App
from services.review.domain.decision import Decision, Listed, decision_id
from services.review.domain.values import Eligibility, Outcome, Score
from services.review.handlers.campaign import load_campaign_draft
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from tests.review.conftest import SCREENING, Browser, another_campaign, next_campaign, submitted_case
from tests.review.turning import Turning

Enter = Callable[..., Browser]


def publish_last_year(app: App, campaign: Campaign) -> None:
    """One case, and a list that names it."""
    case = submitted_case(app, "case-1", outcome=Outcome.EXEMPLARY, published_at=SCREENING)
    line = Listed(
        case_id=case.id,
        number=case.number,
        title=case.title,
        authors=("王小明", "李明"),
        units=("南京市第一中学",),
        province=case.province,
        category=case.category,
        outcome=Outcome.EXEMPLARY,
    )
    app.decisions.create(
        Decision(
            id=decision_id(campaign.id),
            campaign_id=campaign.id,
            listed=(line,),
            sizes_fixed_at=SCREENING,
            published_at=SCREENING,
        )
    )


@pytest.mark.parametrize("published", [True, False])
def test_the_centre_is_warned_before_it_publishes_the_next_campaign(
    app: App, campaign: Campaign, logged_in: Enter, published: bool
) -> None:
    if published:
        publish_last_year(app, campaign)
    coming = next_campaign(campaign)
    load_campaign_draft(app, coming)
    head = logged_in("administrator")
    head.open(f"/centre/campaign/{coming.id}/publish")
    assert "这次活动成为当前活动" in head.text() and f"以前的活动“{campaign.subtitle}”不受影响" in head.text()
    assert (f"“{campaign.subtitle}”的名单还没有公布。建议先完成公布" in head.text()) is not published


def test_last_year_s_cases_are_read_and_disqualified(app: App, campaign: Campaign, logged_in: Enter) -> None:
    publish_last_year(app, campaign)
    turning = Turning(app)
    coming = another_campaign(app, campaign, turning)
    officer, deputy = logged_in("officer"), logged_in("administrator")
    for path in ("/centre", "/centre/cases", "/centre/shortlists", "/centre/scores", "/centre/decision"):
        officer.open(path)
        assert f'href="{path}?campaign={campaign.id}"' in officer.page
        assert officer.open(f"{path}?campaign={campaign.id}").status_code == 200
        assert f"现在显示的是以前的活动：{campaign.subtitle}" in officer.text()
        assert f'href="{path}">返回当前活动' in officer.page
    officer.open(f"/centre?campaign={campaign.id}")
    assert f'href="/centre/cases?campaign={campaign.id}"' in officer.page
    officer.open("/centre/cases")
    assert "case-1" not in officer.page
    officer.open(f"/centre/cases?campaign={campaign.id}")
    assert 'href="/centre/cases/case-1"' in officer.page
    officer.open(f"/centre/decision?campaign={campaign.id}")
    assert "名单已公布" in officer.text() and f'href="/results?campaign={campaign.id}"' in officer.page
    assert officer.open("/centre/cases?campaign=nowhere").status_code == 404
    answer = officer.fill(
        "/centre/cases/case-1/disqualification", reason="fraud", statement="数据不实。", evidence="核查报告。"
    )
    proposal = answer.headers["Location"]
    deputy.open("/centre/disqualifications")
    assert f'href="{proposal}"' in deputy.page and coming.id == app.campaigns.current().id
    assert deputy.fill(proposal, to=f"{proposal}/confirm").status_code == 303
    turning.turn()
    assert app.cases.get("case-1").disqualified is not None
    assert app.decisions.get(decision_id(campaign.id)).shown == ()
    deputy.open("/centre/record")
    assert "取消资格" in deputy.text() and "fraud" not in deputy.text()


def test_last_year_s_decision_is_finished_after_the_next_campaign_began(
    app: App, campaign: Campaign, logged_in: Enter
) -> None:
    marks = {one.code: float(one.weight) for one in campaign.category("school").rubric}
    submitted_case(
        app,
        "case-1",
        recommended_at=SCREENING,
        eligibility=Eligibility(eligible=True, reason="", by="officer", at=SCREENING),
        expert_ids=("e1",),
        scores=(Score(expert_id="e1", marks=marks, total=100.0),),
        mean=100.0,
    )
    coming = another_campaign(app, campaign)
    head, here = logged_in("administrator"), f"?campaign={campaign.id}"
    sizes: dict[str, Any] = {
        f"{one.code}_{outcome}": "1" for one in campaign.categories for outcome in ("exemplary", "showcase")
    }
    assert head.fill(f"/centre/decision/sizes{here}", **sizes).headers["Location"] == f"/centre/decision{here}"
    head.open(f"/centre/decision{here}")
    assert f'href="/centre/decision/publish{here}"' in head.page and "case-1" in head.page
    assert head.fill(f"/centre/decision/publish{here}").headers["Location"] == f"/centre/decision{here}"
    assert app.decisions.get(decision_id(campaign.id)).published_at is not None
    assert app.decisions.find(decision_id(coming.id)) is None


def test_a_published_list_is_not_offered_for_publication_again(app: App, campaign: Campaign, logged_in: Enter) -> None:
    publish_last_year(app, campaign)
    head = logged_in("administrator")
    assert head.open("/centre/decision/publish").headers["Location"] == "/centre/decision"


def test_an_extension_reads_as_people_write(app: App, campaign: Campaign, clock: FixedClock, logged_in: Enter) -> None:
    turning = Turning(app)
    load_campaign_draft(app, campaign)
    head = logged_in("administrator")
    head.fill(f"/centre/campaign/{campaign.id}/publish")
    turning.turn()
    head.open("/centre/campaign/extend")
    assert "省级推荐（现在截止于2024年10月31日（星期四）23:59:59）" in head.text()
    assert "各服务" not in head.text()
    closes = campaign.windows.recommendation.closes + timedelta(days=2)
    typed = f"{closes:%Y-%m-%d %H:%M}"
    head.fill("/centre/campaign/extend", window="recommendation", closes=typed, reason="台风")
    turning.turn()
    for path in ("/centre/campaign", "/centre/record"):
        head.open(path)
        assert "延长省级推荐至2024年11月2日23:59:59" in head.text()
    assert "操作人" in head.text() and "何人" not in head.text()
