"""The pages on which a province reads its cases, marks them, and sends its shortlist."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from services.review.app import App
from services.review.domain.shortlist import shortlist_id
from services.review.domain.values import Disqualified, Finding
from services.review.handlers.campaign import new_shortlist
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from tests.review.conftest import SCREENING, Browser, another_campaign, submitted_case


@pytest.fixture
def clerk(logged_in: Callable[..., Browser]) -> Browser:
    """The contact of 江苏省."""
    return logged_in("province")


@pytest.fixture
def cases(app: App) -> list[str]:
    """Three cases of 江苏省 and one of 四川省."""
    submitted_case(app, "case-1")
    submitted_case(app, "case-2", title="名师工作室协同教研", category="studio", city="苏州市")
    submitted_case(app, "case-3", title="县域教师研修", category="region", city="苏州市", unit="苏州市教师发展中心")
    submitted_case(app, "case-9", province="510000", title="成都的案例", city="成都市")
    return ["case-1", "case-2", "case-3"]


TWICE = "作者王小明同时是另一类案例（编号{}）的作者，每位作者只能参加其中一类。请与作者核实，只推荐其中一件。"


def listed(app: App) -> tuple[str, ...]:
    shortlist = app.shortlists.find(shortlist_id(app.campaigns.current().id, "320000"))
    return shortlist.case_ids if shortlist else ()


def titles(browser: Browser) -> list[str]:
    return re.findall(r'href="/province/cases/case-\d">([^<]+)</a>', browser.page)


def recommend(browser: Browser, *case_ids: str, **fields: Any) -> int:
    browser.open("/province/recommend", query_string=[("case", each) for each in case_ids])
    return browser.post("/province/recommend", case=list(case_ids), **fields).status_code


def test_a_province_sees_its_own_cases_only(clerk: Browser, cases: list[str]) -> None:
    """R2"""
    clerk.open("/province/cases")
    assert titles(clerk) == ["智研共同体：平台助力校本研修", "名师工作室协同教研", "县域教师研修"]
    assert clerk.open("/province/cases/case-9").status_code == 404
    assert clerk.open("/province/cases/case-9/files/case-9-document").status_code == 404
    assert clerk.open("/province/cases/case-9/mark").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("category=studio", ["名师工作室协同教研"]),
        ("city=苏州市", ["名师工作室协同教研", "县域教师研修"]),
        ("city=苏州市&sort=-number", ["县域教师研修", "名师工作室协同教研"]),
        ("q=发展中心", ["县域教师研修"]),
        ("q=王小明&category=school", ["智研共同体：平台助力校本研修"]),
        ("report=failed", []),
        ("q=.*", []),
        ("page=99&sort=nonsense&mark=none", ["智研共同体：平台助力校本研修", "名师工作室协同教研", "县域教师研修"]),
    ],
)
def test_the_address_filters_and_sorts(clerk: Browser, cases: list[str], query: str, found: list[str]) -> None:
    """R2"""
    assert clerk.open(f"/province/cases?{query}").status_code == 200
    assert titles(clerk) == found


def test_a_case_is_read_whole_and_its_files_open_for_minutes(clerk: Browser, cases: list[str]) -> None:
    """R2, I9"""
    clerk.open("/province/cases/case-1")
    for shown in (
        "王小明，南京市第一中学，高级教师",
        "以平台研修群为纽带",
        "王小明案例.docx",
        "文档2986字",
        "未做病毒检查",
    ):
        assert shown in clerk.text()
    address = clerk.open("/province/cases/case-1/files/case-1-document").headers["Location"]
    assert "X-Amz-Expires=600" in address
    assert clerk.open("/province/cases/case-1/files/none").status_code == 404


def test_a_mark_shows_at_once(clerk: Browser, app: App, cases: list[str]) -> None:
    """R2, R3"""
    assert clerk.fill("/province/cases/case-1", to="/province/cases/case-1/mark", mark="recommended").status_code == 303
    assert listed(app) == ("case-1",)
    clerk.open("/province/cases/case-1")
    assert "已保存：推荐。推荐名单现有1件，共200个名额。" in clerk.text()
    clerk.open("/province")
    assert "1 / 200件" in clerk.text()
    clerk.fill("/province/cases/case-1", to="/province/cases/case-1/mark", mark="declined", reason="内容单薄")
    assert listed(app) == ()


def marked(clerk: Browser, case_id: str = "case-1", **fields: Any) -> int:
    path = f"/province/cases/{case_id}"
    return clerk.fill(path, to=f"{path}/mark", **fields).status_code


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "请选择初筛意见。"),
        ({"mark": "perhaps"}, "请从选项中选择一项。"),
        ({"mark": "declined", "reason": " "}, "不推荐时请填写理由。"),
        ({"mark": "declined", "reason": "短" * 301}, "理由最多300个字，请删去1个字。"),
    ],
)
def test_marking_says_what_is_wrong(clerk: Browser, cases: list[str], fields: dict[str, Any], message: str) -> None:
    assert marked(clerk, **fields) == 422
    assert message in clerk.errors()
    assert clerk.typed("reason") == fields.get("reason", "").strip()


def test_a_missing_signature_blocks(clerk: Browser, app: App) -> None:
    """I11"""
    submitted_case(app, unsigned=("李明",))
    assert marked(clerk, mark="recommended", reason="很好") == 422
    assert clerk.errors() == ["李明尚未在作者声明上签名，签名补齐后才能推荐。"]
    assert clerk.typed("reason") == "很好"


def test_a_failed_case_needs_a_reason(clerk: Browser, app: App) -> None:
    """V10"""
    case = submitted_case(app, "case-2")
    finding = Finding(code="DOCUMENT_TOO_LONG", severity="failed", message="文档超过3000字，请删减。", place="全文")
    assert case.report
    report = replace(case.report, outcome="failed", findings=(finding,))
    app.cases.change("case-2", lambda each: setattr(each, "report", report))
    assert marked(clerk, "case-2", mark="recommended") == 422
    assert clerk.errors() == ["该案例检查结果为“不合格”，推荐时请填写理由。"]
    assert "文档超过3000字，请删减。（全文）" in clerk.text()
    assert marked(clerk, "case-2", mark="recommended", reason="超出部分为附表，不影响内容") == 303


def test_a_clerk_is_barred_from_their_own_case(app: App, logged_in: Callable[..., Browser], cases: list[str]) -> None:
    """R2"""
    author = app.cases.get("case-1").authors[0].person
    clerk = logged_in("province", id="wang", person=author, unit="南京市第一中学")
    clerk.open("/province/cases/case-1")
    assert "您是本案例的作者，请由本省其他工作人员处理。" in clerk.text()
    assert "本案例来自您所在的单位" in clerk.text()
    assert marked(clerk, mark="recommended") == 403


def test_a_helper_reads_and_does_not_mark(logged_in: Callable[..., Browser], cases: list[str]) -> None:
    """R2"""
    helper = logged_in("helper")
    helper.open("/province/cases/case-1")
    assert "保存意见" not in helper.page
    assert marked(helper, mark="recommended") == 403


def test_many_are_previewed_then_recommended(clerk: Browser, app: App, cases: list[str]) -> None:
    """R2"""
    app.cases.change("case-3", lambda each: setattr(each, "unsigned", ("李明",)))
    clerk.open("/province/recommend?case=case-1&case=case-2&case=case-3&case=case-9")
    assert "批量推荐2件案例" in clerk.text()
    assert "现在不能推荐的1件" in clerk.text()
    assert "推荐后，剩余名额198个" in clerk.text()
    assert "成都的案例" not in clerk.page
    assert listed(app) == ()
    assert clerk.post("/province/recommend", case=["case-2", "case-1"]).headers["Location"] == "/province/shortlist"
    assert listed(app) == ("case-2", "case-1")


@pytest.mark.parametrize(
    ("chosen", "fields", "status", "message"),
    [
        ([], {}, 422, "请先勾选要推荐的案例。"),
        (["case-1"], {"reason": "好" * 301}, 422, "推荐理由最多300个字，请删去1个字。"),
        (["case-1", "case-8"], {"reason": "好"}, 422, "该案例检查结果为“不合格”，推荐时请填写理由。"),
        (["case-1", "case-2", "case-3"], {}, 409, None),
    ],
)
def test_recommending_many_says_what_is_wrong(
    clerk: Browser,
    app: App,
    campaign: Campaign,
    cases: list[str],
    chosen: list[str],
    fields: dict[str, Any],
    status: int,
    message: str | None,
) -> None:
    """R3"""
    if message is None:
        app.shortlists.create(replace(new_shortlist(campaign, "320000"), limit=2))
        message = "本省推荐名额2个已用完，请先取消推荐其他案例，再推荐本案例。"
    if "case-8" in chosen:
        case = submitted_case(app, "case-8")
        assert case.report
        report = replace(case.report, outcome="failed")
        app.cases.change("case-8", lambda each: setattr(each, "report", report))
        fields = {}
    clerk.open("/province/recommend?case=case-1")
    assert clerk.post("/province/recommend", case=chosen, **fields).status_code == status
    assert clerk.errors() == [message]
    assert clerk.typed("reason") == fields.get("reason", "")
    assert listed(app) == ()


def test_a_person_takes_part_in_one_category_only(clerk: Browser, app: App, cases: list[str]) -> None:
    """V11"""
    authors = app.cases.get("case-1").authors
    app.cases.change("case-2", lambda each: setattr(each, "authors", authors))
    assert recommend(clerk, "case-1", "case-2") == 409
    assert clerk.errors() == [TWICE.format("2024-482-130-e-2")]
    assert listed(app) == ()


def test_nothing_ticked_leads_back(clerk: Browser, cases: list[str]) -> None:
    assert clerk.open("/province/recommend").headers["Location"] == "/province/cases"
    clerk.open("/province/cases")
    assert "请先勾选要推荐的案例。" in clerk.text()


def test_the_shortlist_is_put_in_order(clerk: Browser, app: App, cases: list[str]) -> None:
    """R2"""
    recommend(clerk, *cases)
    clerk.fill("/province/shortlist", to="/province/shortlist/move", move="case-3:up")
    assert listed(app) == ("case-1", "case-3", "case-2")
    clerk.fill("/province/shortlist", to="/province/shortlist/move", move="case-1:down")
    assert listed(app) == ("case-3", "case-1", "case-2")
    clerk.open("/province/shortlist")
    clerk.post("/province/shortlist/move", place="3", to="1")
    assert listed(app) == ("case-2", "case-3", "case-1")


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"place": "0", "to": "1"}, 422, "现在的位次应在1至3之间。"),
        ({"place": "1", "to": "9"}, 422, "移到第几位应在1至3之间。"),
        ({"place": "一", "to": "1"}, 422, "请填写整数，例如12。"),
        ({"move": "case-9:up"}, 409, "推荐名单刚刚有变化，请核对后重新排序。"),
    ],
)
def test_moving_says_what_is_wrong(
    clerk: Browser, app: App, cases: list[str], fields: dict[str, Any], status: int, message: str
) -> None:
    recommend(clerk, *cases)
    clerk.open("/province/shortlist")
    assert clerk.post("/province/shortlist/move", **fields).status_code == status
    assert clerk.errors() == [message]
    assert clerk.typed("to") == fields.get("to", "")
    assert listed(app) == tuple(cases)


def test_the_shortlist_is_sent_printed_and_downloaded(clerk: Browser, app: App, cases: list[str]) -> None:
    """R4"""
    recommend(clerk, *cases)
    assert clerk.fill("/province/shortlist/confirm").headers["Location"] == "/province/shortlist"
    clerk.open("/province/shortlist")
    assert "推荐名单已提交，共3件。截止前仍可修改，修改后须重新提交。" in clerk.text()
    assert "推荐名单已于2024年10月20日12:00提交" in clerk.text()
    clerk.open("/province/shortlist/summary")
    assert "江苏省推荐汇总表" in clerk.text() and "（盖章）" in clerk.text()
    book = openpyxl.load_workbook(io.BytesIO(clerk.client.get("/province/shortlist.xlsx").data))
    lines = list(book.worksheets[0].iter_rows(values_only=True))
    assert lines[1][:5] == (
        1,
        "2024-482-130-e-1",
        "智研共同体：平台助力校本研修",
        "校本研修应用案例",
        "王小明、李明",
    )
    marked(clerk, "case-3", mark="none")
    clerk.open("/province/shortlist")
    assert "推荐名单尚未提交" in clerk.text()


def test_an_empty_shortlist_cannot_be_sent(clerk: Browser) -> None:
    assert clerk.fill("/province/shortlist/confirm").status_code == 422
    assert clerk.errors() == ["推荐名单中还没有案例。如本省不推荐案例，请选择“本省不推荐案例”。"]


def test_a_province_can_recommend_nothing(clerk: Browser, app: App, cases: list[str]) -> None:
    """R4"""
    assert clerk.fill("/province/shortlist/none").status_code == 422
    assert clerk.errors() == ["请先勾选确认，再提交。"]
    recommend(clerk, "case-1")
    assert clerk.fill("/province/shortlist/none", sure="y").status_code == 422
    assert clerk.errors() == ["推荐名单中还有1件案例，请先全部取消推荐。"]
    marked(clerk, mark="none")
    assert clerk.fill("/province/shortlist/none", sure="y").headers["Location"] == "/province"
    clerk.open("/province")
    assert "提交：本省本次不推荐案例" in clerk.text()


def test_outside_the_window_nothing_changes(
    clerk: Browser, app: App, clock: FixedClock, campaign: Campaign, cases: list[str]
) -> None:
    """C7, R4: before the first day a province reads; after the last it reads again."""
    window = campaign.windows.recommendation
    clerk.open("/province/cases/case-1")
    early = window.opens.replace(day=window.opens.day - 1)
    for at, message in (
        (early, "省级推荐自2024年10月16日00:00开始，现在只能查看。"),
        (window.closes, "省级推荐已于2024年10月31日23:59:59截止，推荐名单不能再修改。"),
    ):
        posts: tuple[tuple[str, dict[str, Any]], ...] = (
            ("/province/cases/case-1/mark", {"mark": "recommended"}),
            ("/province/recommend", {"case": "case-1"}),
            ("/province/shortlist/confirm", {}),
            ("/province/shortlist/none", {"sure": "y"}),
        )
        for path, fields in posts:
            clerk.open("/province/cases/case-1/mark")
            assert clerk.post(path, received_at=at, **fields).status_code == 422
            assert clerk.errors() == [message]
    assert listed(app) == ()
    clock.at = early
    page = clerk.open("/staff")
    assert page.headers["Location"] in {"/province", "/staff/login?next=%2Fstaff"}


def test_what_was_received_in_time_counts(clerk: Browser, app: App, campaign: Campaign, cases: list[str]) -> None:
    """I7: the door's time counts, to the millisecond."""
    window = campaign.windows.recommendation
    clerk.open("/province/cases/case-1")
    last = window.closes.timestamp() - 0.001
    in_time = window.closes.fromtimestamp(last, tz=window.closes.tzinfo)
    assert clerk.post("/province/cases/case-1/mark", received_at=in_time, mark="recommended").status_code == 303
    assert listed(app) == ("case-1",)


def test_after_the_close_no_form_is_offered_that_would_be_refused(
    logged_in: Callable[..., Browser], clock: FixedClock, campaign: Campaign, cases: list[str]
) -> None:
    clock.at = campaign.windows.recommendation.closes
    clerk = logged_in("province", id="clerk-2", mobile="13700000001")
    for path in ("/province/shortlist/none", "/province/shortlist/confirm"):
        assert clerk.open(path).status_code == 200
        assert "省级推荐已于2024年10月31日23:59截止，推荐名单不能再修改。" in clerk.text()
        assert "仍可" not in clerk.text() and 'name="command_id"' not in clerk.page


def test_a_disqualified_case_says_so_and_is_counted_once(clerk: Browser, app: App, cases: list[str]) -> None:
    out = Disqualified(reason="fraud", at=SCREENING)
    submitted_case(app, "case-4", disqualified=out, category="school", title="已取消资格的案例")
    clerk.open("/province/cases")
    assert "共4件" in clerk.text()
    assert clerk.page.count("zj-tag--wrong") == 1 and "已取消资格" in clerk.text()
    assert clerk.page.count('name="case"') == 3
    clerk.open("/province/cases?mark=none")
    assert "共3件" in clerk.text() and "已取消资格的案例" not in clerk.text()
    clerk.open("/province")
    assert re.search(r"合计 4 0 0 3 1\b", clerk.text()), clerk.text()
    clerk.open("/province/cases/case-4")
    assert "保存意见" not in clerk.page and "本案例已取消资格，不能推荐。" in clerk.text()


def test_a_province_looks_at_last_year_and_each_mark_goes_to_its_own_campaign(
    clerk: Browser, app: App, campaign: Campaign, cases: list[str]
) -> None:
    recommend(clerk, "case-1")
    next_year = another_campaign(app, campaign)
    submitted_case(app, "case-5", campaign_id=next_year.id, title="下一年的案例")
    clerk.open("/province/cases")
    assert titles(clerk) == ["下一年的案例"]
    assert f'href="/province/cases?campaign={campaign.id}"' in clerk.page
    clerk.open(f"/province/cases?campaign={campaign.id}")
    assert "下一年的案例" not in clerk.text() and len(titles(clerk)) == 3
    clerk.open(f"/province/shortlist?campaign={campaign.id}")
    assert titles(clerk) == ["智研共同体：平台助力校本研修"]
    assert f'action="/province/shortlist/move?campaign={campaign.id}"' in clerk.page
    clerk.open("/province/shortlist")
    assert titles(clerk) == []
    clerk.open("/province/cases/case-1")
    assert f'href="/province/cases?campaign={campaign.id}"' in clerk.page
    assert clerk.fill("/province/cases/case-2/mark", mark="recommended").status_code == 303
    last, new = (app.shortlists.get(shortlist_id(one.id, "320000")) for one in (campaign, next_year))
    assert (last.case_ids, new.case_ids) == (("case-1", "case-2"), ())
    clerk.open(f"/province/shortlist/confirm?campaign={campaign.id}")
    assert clerk.post(f"/province/shortlist/confirm?campaign={campaign.id}").status_code == 303
    last, new = (app.shortlists.get(shortlist_id(one.id, "320000")) for one in (campaign, next_year))
    assert last.confirmed_at is not None and new.confirmed_at is None
