"""The centre's part of the year by hand, on real MongoDB: every page it needs, in the order it needs them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.review.adapters.spreadsheets import write_table
from services.review.app import App
from services.review.domain.expert_rows import COLUMNS
from services.review.domain.shortlist import shortlist_id
from services.review.handlers.accounts import session_token
from services.review.handlers.campaign import load_campaign_draft
from services.review.handlers.reviews import submit_review
from services.review.handlers.shortlists import recommend_cases
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from tests.review.conftest import Browser, staff_account
from tests.review.turning import Turning, a_case

PROVINCES = ("320000", "510000", "440000")
Enter = Callable[..., Browser]


@pytest.fixture
def turning(app: App) -> Turning:
    """The worker."""
    return Turning(app)


def went(browser: Browser, response: object, *, to: str) -> None:
    """The post was taken and led there; the page is opened."""
    assert getattr(response, "status_code", 0) == 303, browser.errors() or browser.text()
    assert re.fullmatch(to, response.location), response.location  # type: ignore[attr-defined]
    assert browser.open(response.location).status_code == 200  # type: ignore[attr-defined]


def spreadsheet(count: int) -> bytes:
    """Experts of provinces other than those that recommend, and one faulty row."""
    homes = ("北京市", "上海市", "浙江省")
    rows = [
        (f"专家{at}", f"1370000{at:04d}", f"e{at}@example.com", homes[at % 3], f"第{at}大学", "", "")
        for at in range(count)
    ]
    return write_table("专家", COLUMNS, [*rows, ("无名", "12", "x", "火星", "某大学", "不知", "")])


def test_the_centres_year_in_a_browser(
    app: App, turning: Turning, campaign: Campaign, clock: FixedClock, logged_in: Enter
) -> None:
    head, deputy = logged_in("administrator"), logged_in("officer", name="钱进")

    # Publish, extend, grant.
    load_campaign_draft(app, campaign)
    assert "征集活动" in head.open("/centre").get_data(as_text=True)
    path = f"/centre/campaign/{campaign.id}/publish"
    went(head, head.fill(path), to="/centre/campaign")
    turning.turn()
    closes = (campaign.windows.recommendation.closes + timedelta(hours=32)).strftime("%Y-%m-%d %H:%M")
    answer = head.fill("/centre/campaign/extend", window="recommendation", closes=closes, reason="个别省份网络故障")
    went(head, answer, to="/centre/campaign")
    assert "个别省份网络故障" in head.text()
    turning.turn()
    assert app.campaigns.current().revision == 2
    answer = deputy.fill("/centre/campaign/places", province="320000", places="5", reason="教师人数多")
    went(deputy, answer, to="/centre/campaign")
    assert app.shortlists.get(shortlist_id(campaign.id, "320000")).places == 205

    # A contact by hand, approved.
    answer = deputy.fill(
        "/centre/contacts/new",
        province="510000",
        name="林芳",
        unit="四川省教育厅",
        mobile="13800000001",
        email="sc@example.com",
    )
    went(deputy, answer, to="/centre/contacts/.+")
    form = answer.location
    answer = deputy.fill(
        form, province="510000", name="林芳", unit="四川省教育厅", mobile="138 0000 0001", email="sc@example.com"
    )
    went(deputy, answer, to="/centre/contacts")
    turning.turn()
    assert "林芳" in deputy.open("/centre/accounts").get_data(as_text=True)

    # Cases come in and are recommended; the clock seals.
    clock.at = campaign.windows.submission.opens + timedelta(days=2)
    categories = [one.code for one in campaign.categories]
    for number in range(9):
        case = a_case(
            number, campaign=campaign, province=PROVINCES[number % 3], category=categories[number // 3], at=clock()
        )
        turning.submit(case)
    turning.turn()
    clock.at = campaign.windows.recommendation.opens + timedelta(days=1)
    clerk = staff_account(app, "province")
    for province in PROVINCES:
        own = [f"case-{number:04d}" for number in range(9) if PROVINCES[number % 3] == province]
        recommend_cases(app, province=province, case_ids=own, by=clerk.id, received=clock(), command=province)
    turning.turn()
    clock.at = app.campaigns.current().windows.recommendation.closes + timedelta(minutes=5)
    turning.turn()
    for browser, role in ((head, "administrator"), (deputy, "officer")):
        browser.client.set_cookie("staff", session_token(app, app.accounts.get(role)), domain="localhost")

    # Eligibility: one by hand, the others at once.
    deputy.open("/centre/eligibility")
    assert "共9件" in deputy.text()
    points = [one.code for one in campaign.eligibility]
    answer = deputy.fill("/centre/eligibility/case-0000", decision="yes", points=points)
    went(deputy, answer, to="/centre/eligibility")
    deputy.open("/centre/eligibility/confirm?all=y")
    assert "确认以下8件" in deputy.text()
    chosen = re.findall(r'name="case" value="([^"]+)"', deputy.page)
    hidden = deputy.hidden()
    answer = deputy.post("/centre/eligibility/confirm?all=y", case=chosen)
    went(deputy, answer, to=r"/centre/eligibility\?job=.+")
    turning.turn()
    hidden |= {"case": chosen}
    again = deputy.post("/centre/eligibility/confirm?all=y", received_at=None, **hidden)  # the answer was lost
    assert again.location == answer.location
    deputy.open(answer.location)
    assert "已确认8件案例的资格。" in deputy.text()
    assert app.cases.count({"eligibility.eligible": True}) == 9

    # Experts: preview, confirm.
    deputy.open("/centre/experts/import")
    deputy.post("/centre/experts/import", file=(io.BytesIO(spreadsheet(6)), "experts.xlsx"))
    assert "可以导入6位" in deputy.text()
    assert "没有名为“火星”的省级单位" in deputy.text()
    assert app.accounts.count({"role": "expert"}) == 0
    answer = deputy.post("/centre/experts/import/confirm")
    went(deputy, answer, to=r"/centre/experts\?job=.+")
    turning.turn()
    deputy.open(answer.location)
    assert "已邀请6位专家，激活码已发送。" in deputy.text()
    for row in list(app.accounts.rows({"role": "expert"}, only=("_id",))):
        app.accounts.change(row["_id"], lambda account: _ready(account, clock))

    # Assignment: one that cannot be met, one that can.
    answer = deputy.fill("/centre/assignment", experts_per_case="9")
    went(deputy, answer, to="/centre/assignment/.+")
    assert "正在计算" in deputy.text()
    turning.turn()
    deputy.open(answer.location)
    assert "以下9件案例分不到足够的专家" in deputy.text()
    assert "需要9位专家，可分配6位" in deputy.text()
    answer = deputy.fill("/centre/assignment", experts_per_case="3")
    turning.turn()
    plan = answer.location
    answer = deputy.fill(plan, to=f"{plan}/publish")
    went(deputy, answer, to=rf"{plan}\?job=.+")
    turning.turn()
    deputy.open(answer.location)
    assert "分配已下达，共9件案例。" in deputy.text()

    # Marks stay closed until the sizes are fixed.
    total = 60
    for review in list(app.reviews.rows({}, only=("case_id", "expert_id"))):
        rubric = app.campaigns.current().category(app.cases.get(review["case_id"]).category).rubric
        share = (total + int(review["case_id"][-1])) / 100
        marks = {criterion.code: round(criterion.weight * share, 1) for criterion in rubric}
        submit_review(app, expert_id=review["expert_id"], case_id=review["case_id"], marks=marks)
    turning.turn()
    deputy.open("/centre/scores")
    assert "各类名额确定之后才能查看成绩。" in deputy.text()
    assert "60.0" not in deputy.page
    deputy.open("/centre/cases/case-0000")
    assert "已提交" in deputy.text() and "60.0" not in deputy.page
    sizes: dict[str, Any] = {f"{code}_{outcome}": "1" for code in categories for outcome in ("exemplary", "showcase")}
    went(deputy, deputy.fill("/centre/decision/sizes", **sizes), to="/centre/decision")
    assert "典型案例1件，展示案例1件" in deputy.text()
    assert "60.0" in deputy.open("/centre/scores").get_data(as_text=True)

    # One case by hand, then the list.
    answer = deputy.fill("/centre/decision/cases/case-0000", outcome="showcase", reason="填补类别空白")
    went(deputy, answer, to="/centre/decision")
    assert "展示案例（人工：填补类别空白）" in deputy.text()
    clock.at = campaign.windows.publication.opens
    for browser, role in ((head, "administrator"), (deputy, "officer")):
        browser.client.set_cookie("staff", session_token(app, app.accounts.get(role)), domain="localhost")
    app.cases.change("case-0000", lambda case: setattr(case, "withheld", ("sharing",)))
    head.open("/centre/decision/publish")
    assert "合计7件" in head.text()
    assert "1件案例有作者不同意在公益性网站共享" in head.text() and "不展示" in head.text()
    head.open("/centre/cases/case-0000")
    assert "有作者未同意或已撤回：同意将案例结集出版或在教师活动网站等公益性网站共享。" in head.text()
    head.open("/centre/decision/publish")
    went(head, head.post("/centre/decision/publish"), to="/centre/decision")
    assert "名单已公布" in head.text()
    assert "case-0000" in head.open("/results").get_data(as_text=True)
    assert "case-0000" not in head.open("/showcase").get_data(as_text=True)
    turning.turn()

    # A disqualification by two people.
    answer = head.fill(
        "/centre/cases/case-0000/disqualification", reason="fraud", statement="数据不实", evidence="核查报告"
    )
    went(head, answer, to="/centre/disqualifications/.+")
    proposal = answer.location
    assert "提请人不能自己确认" in head.text()
    assert head.post(f"{proposal}/confirm").status_code in {400, 403}
    went(deputy, deputy.fill(proposal, to=f"{proposal}/confirm"), to=proposal)
    turning.turn()
    assert "已取消资格" in deputy.open("/centre/cases/case-0000").get_data(as_text=True)
    assert "case-0000" not in deputy.open("/results").get_data(as_text=True)

    # Desk and record.
    assert "已逐条核验，存档完整" in deputy.open("/centre/record?verify=1").get_data(as_text=True)
    deputy.open("/centre")
    assert len(re.findall(r'data-column="省级单位"', deputy.page)) == 32
    for page in (
        "/centre/shortlists",
        "/centre/experts",
        "/centre/contacts?state=approved",
        "/centre/disqualifications",
        "/centre/cases?q=第1实验",
        "/centre/eligibility?stage=eligible",
        "/centre/accounts?role=province",
    ):
        assert deputy.open(page).status_code == 200


def _ready(account: object, clock: FixedClock) -> None:
    account.state, account.statement_at = "active", clock()  # type: ignore[attr-defined]
