"""Once a window has closed every page says so before the click, and no form is offered that would be refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from services.intake.app import App
from services.intake.domain.timeline import next_date, timeline
from shared.clock import FixedClock
from shared.events.review import DisqualificationRecorded, ResultToldToAuthors
from shared.trouble import Refused
from tests.intake.cases import CAMPAIGN, a_case, put, reserve, submit
from tests.intake.cases import CLOSES as SUBMISSION_CLOSES
from tests.intake.conftest import NOON, PASSWORD, Browser, publish
from tests.intake.test_path import complete_case, open_case

CLOSED = "报送已于北京时间2024年10月15日23:59:59截止"
CLOSES = datetime(2024, 10, 15, 16, 0, tzinfo=UTC)
LATER = CLOSES + timedelta(days=1)


def buttons(page: str) -> list[str]:
    """The words on every button of a page."""
    found = re.findall(r'<(?:button|a)[^>]*class="govuk-button[^>]*>(.*?)</(?:button|a)>', page, re.S)
    return [re.sub(r"<[^>]+>", "", text).strip() for text in found]


def text_of(page: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", page.split('<main id="main"')[-1].split("</main>")[0]))


def at_time(author: Browser, clock: FixedClock, at: datetime) -> None:
    """The clock goes on (or back), and the author signs in again where the session has expired."""
    clock.at = at
    if author.open("/cases").status_code != 200:
        assert author.fill("/login", mobile="13800001234", password=PASSWORD).status_code == 303


def disqualify(app: App, case: str) -> None:
    event = DisqualificationRecorded(
        campaign_id=CAMPAIGN.id, case_id=case.removeprefix("/cases/"), province="320000", reason="fraud", at=NOON
    )
    app.cases.change(event.case_id, lambda kept: kept.hear_disqualification(event))


def test_the_front_page_offers_no_registration_after_its_end(browser: Browser, clock: FixedClock) -> None:
    browser.open("/")
    assert (buttons(browser.page), CLOSED in browser.page) == (["注册"], False)
    clock.at = LATER
    browser.open("/")
    assert (buttons(browser.page), CLOSED in browser.page) == (["作者登录"], True)
    assert 'href="/results"' in browser.page


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2024, 9, 1, tzinfo=UTC), "注册将于北京时间2024年9月10日00:00开始，请届时再来。"),
        (LATER, "注册已于北京时间2024年10月15日23:59:59截止。如有疑问，请致电服务热线。"),
    ],
)
def test_registration_shows_one_notice_instead_of_the_form(
    browser: Browser, clock: FixedClock, at: datetime, said: str
) -> None:
    browser.open("/register")
    form = browser.page
    clock.at = at
    assert browser.open("/register").status_code == 200
    assert said in browser.page
    assert 'name="mobile"' not in browser.page
    browser.page = form
    assert browser.post("/register", name="").status_code == 409  # and not the errors of its fields first
    assert said in browser.page


def test_no_draft_can_be_begun(author: Browser, clock: FixedClock) -> None:
    author.open("/cases/new")
    form = author.page
    at_time(author, clock, LATER)
    author.open("/cases")
    assert (buttons(author.page), f"{CLOSED}，不能再建立案例。" in author.page) == ([], True)
    assert author.open("/cases/new").status_code == 200
    assert 'name="title"' not in author.page
    author.page = form
    assert author.post("/cases/new", title="", category="region").status_code == 409
    assert f"{CLOSED}，不能再建立案例。" in author.page


PAGES = ("", "/sheet", "/authors", "/document", "/materials", "/declaration", "/check", "/withdraw")


@pytest.mark.parametrize("page", PAGES)
def test_a_submitted_case_is_to_be_read_only(author: Browser, clock: FixedClock, page: str) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    at_time(author, clock, LATER)
    assert author.open(f"{case}{page}").status_code == 200
    assert CLOSED in author.page
    assert [each for each in buttons(author.page) if each != "返回案例"] == []
    assert re.findall(r">(修改|改名|替换|删除|撤回案例|确认报送)<", author.page.replace("<h1", "<h1 >")) == []
    assert "<form" not in author.page.split('<main id="main"')[1]


@pytest.mark.parametrize(("page", "shown"), [("sheet", "智研共同体"), ("authors", "李明"), ("declaration", "已声明")])
def test_what_was_filled_in_can_still_be_read(author: Browser, clock: FixedClock, page: str, shown: str) -> None:
    case = complete_case(author)
    at_time(author, clock, LATER)
    author.open(f"{case}/{page}")
    assert shown in author.page


@pytest.mark.parametrize("action", ["", "/delete"])
def test_the_pages_of_a_file_lead_back(author: Browser, clock: FixedClock, action: str) -> None:
    case = complete_case(author)
    author.open(f"{case}/materials")
    file = re.search(r'href="(/cases/[^"]+/files/[0-9a-f-]+)">改名', author.page)
    assert file is not None
    at_time(author, clock, LATER)
    answer = author.open(f"{file[1]}{action}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{case}/materials")


@pytest.mark.parametrize(
    ("done", "state", "said"),
    [
        ("nothing", "未报送", "这个案例没有报送，草稿仍可查看。"),
        ("submitted", "已报送", "有效版本为第1版。"),
        ("changed", "已报送", "有效版本为第1版，此后的修改没有报送。"),
        ("withdrawn", "已撤回", "这个案例撤回后没有再次报送，草稿仍可查看。"),
    ],
)
def test_a_case_says_what_counts(author: Browser, clock: FixedClock, done: str, state: str, said: str) -> None:
    case = complete_case(author)
    if done != "nothing":
        author.fill(f"{case}/check")
    if done == "changed":
        author.fill(f"{case}/sheet", title="改名", category="region", summary="概述", then="draft")
    if done == "withdrawn":
        author.fill(f"{case}/withdraw")
    at_time(author, clock, LATER)
    author.open(case)
    assert f"{CLOSED}。{said}" in author.page
    assert f"· {state}</span>" in author.page
    author.open("/cases")
    assert f">{state}</strong>" in author.page


def test_handing_in_the_same_after_the_end_is_no_new_receipt(author: Browser, clock: FixedClock) -> None:
    case = complete_case(author)
    author.open(f"{case}/check")
    form = author.page
    author.post(f"{case}/check")
    at_time(author, clock, LATER)
    author.page = form.replace("command_id", "other_id")
    assert author.post(f"{case}/check", command_id="6f2c7c1e-0d5c-4f0e-9c4b-0d7a6f1b2c3d").status_code == 303
    author.open(f"{case}/receipt")
    assert f"{CLOSED}，没有重新报送；有效版本为第1版。" in author.page
    assert "您可以修改后重新报送" not in author.page


def test_handing_in_the_same_within_the_window_says_so_and_pressing_twice_does_not(author: Browser) -> None:
    case = complete_case(author)
    author.open(f"{case}/check")
    form = author.page
    for _ in range(2):
        author.page = form
        assert author.post(f"{case}/check").status_code == 303
    author.open(f"{case}/receipt")
    assert "没有重新报送" not in author.page
    author.fill(f"{case}/check")
    author.open(f"{case}/receipt")
    assert "内容没有改动，没有重新报送；有效版本为第1版。" in author.page
    assert "截止前，您可以修改后重新报送" in author.page


def test_within_the_grace_a_finished_upload_can_still_be_handed_in(
    author: Browser, app: App, clock: FixedClock
) -> None:
    case = complete_case(author)
    waiting = app.cases.get(case.removeprefix("/cases/"))
    reserve(waiting, "late", at=CLOSES - timedelta(minutes=1))
    app.cases.change(waiting.id, lambda kept: setattr(kept, "uploads", waiting.uploads))
    at_time(author, clock, CLOSES + timedelta(minutes=1))
    author.open(f"{case}/sheet")
    assert "截止前已登记的文件，在短时间内传完后仍可报送" in author.page
    author.open(f"{case}/check")
    assert buttons(author.page) == []
    app.cases.change(waiting.id, lambda kept: kept.arrive("late", campaign=CAMPAIGN, at=clock()))
    author.open(f"{case}/check")
    assert buttons(author.page) == ["确认报送"]
    assert author.post(f"{case}/check").status_code == 303


def test_before_the_window_nothing_can_be_handed_in(author: Browser, clock: FixedClock) -> None:
    at_time(author, clock, datetime(2024, 9, 20, tzinfo=UTC))
    case = open_case(author)
    author.open(f"{case}/check")
    assert "确认报送" not in buttons(author.page)
    assert "报送将于北京时间2024年10月1日00:00开始。草稿已保存，请届时再来报送。" in author.page
    assert f'href="{case}/sheet"' in author.page


@pytest.mark.parametrize("page", ["", "/check", "/receipt", "/sheet", "/materials"])
def test_a_disqualified_case_says_so_everywhere(author: Browser, app: App, page: str) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    disqualify(app, case)
    author.open(f"{case}{page}")
    assert "本案例已被取消参加资格" in author.page
    assert {"确认报送", "保存并继续", "上传", "撤回案例"} & set(buttons(author.page)) == set()
    author.open("/cases")
    assert ">已取消资格</strong>" in author.page
    assert "已报送</strong>" not in author.page


def test_a_disqualified_case_is_not_handed_in_again() -> None:
    case = a_case()
    submit(case)
    case.hear_disqualification(
        DisqualificationRecorded(campaign_id=CAMPAIGN.id, case_id="case-1", province="320000", reason="fraud", at=NOON)
    )
    put(case, "material-2", name="另一份.pdf")
    with pytest.raises(Refused, match="disqualified"):
        submit(case)


@pytest.mark.parametrize(
    ("outcome", "disqualified", "last"),
    [
        ("exemplary", False, ("证书发放", "now", "请在“证书查询”中查询和下载")),
        ("not-selected", False, ("结果公布", "done", "10月10日")),
        ("exemplary", True, ("结果公布", "done", "10月10日")),
        ("", True, ("结果公布", "later", "时间另行通知")),
    ],
)
def test_the_last_step_follows_the_result(outcome: str, disqualified: bool, last: tuple[str, str, str]) -> None:
    case = a_case()
    submit(case)
    told = {"campaign_id": CAMPAIGN.id, "case_id": "case-1", "at": NOON}
    if outcome:
        case.hear_result(ResultToldToAuthors.model_validate({**told, "outcome": outcome}))
    if disqualified:
        out = {**told, "province": "320000", "reason": "fraud"}
        case.hear_disqualification(DisqualificationRecorded.model_validate(out))
    step = timeline(case, CAMPAIGN, now=SUBMISSION_CLOSES + timedelta(days=60))[-1]
    assert (step.text, step.state, step.when) == last


def short_windows() -> object:
    """A rehearsal: every window within an evening, the publication for ten years."""
    windows = CAMPAIGN.model_dump(mode="json")["windows"]
    for name, hours in {
        "registration": ("20:00", "20:10"),
        "submission": ("20:05", "20:10"),
        "recommendation": ("20:10", "20:15"),
        "review": ("20:15", "20:20"),
    }.items():
        opens, closes = (f"2026-11-23T{hour}:08+08:00" for hour in hours)
        windows[name] = {"opens": opens, "closes": closes, "announced": True}
    windows["publication"] = {
        "opens": "2026-11-23T20:20:08+08:00",
        "closes": "2036-11-23T20:20:08+08:00",
        "announced": True,
    }
    return windows


def test_dates_of_a_short_campaign_say_hours(browser: Browser, app: App) -> None:
    rehearsal = type(CAMPAIGN).model_validate(
        {**CAMPAIGN.model_dump(mode="json"), "windows": short_windows(), "id": "2026-rehearsal"}
    )
    app.database.collection("campaigns").delete_many({})
    publish(app, rehearsal)
    for path, year in (("/", ""), ("/notices", "2026年")):
        browser.open(path)
        shown = text_of(browser.page)
        assert f"省级推荐{year}11月23日20:10:08至20:15:07" in shown
        assert "结果公布2026年11月23日20:20:08起" in shown
        assert "2036" not in shown
    case = a_case()
    submit(case)
    at = rehearsal.windows.review.opens
    assert next_date(rehearsal, now=at) == "专家推荐11月23日20:20:07截止"
    assert next_date(rehearsal, now=rehearsal.windows.publication.opens) == ""
    assert [step.when for step in timeline(case, rehearsal, now=at)][2:5] == [
        "11月23日20:10:08至20:15:07",
        "11月23日20:15:08至20:20:07",
        "11月23日20:20:08起",
    ]
