"""V1, V9: the report page shows everything at once to those who may see it, and to nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.events.intake import HandoverAnswered
from shared.events.review import CaseMoved
from shared.events.validation import FileChecked, ReportReady
from tests.validation.documents import BODY, docx, four_parts, p
from tests.validation.test_flow import HONEST, LONG
from tests.validation.test_materials import JPG
from tests.validation.world import NOON, World

SECOND = timedelta(seconds=1)


@pytest.fixture
def reported(world: World) -> World:
    """A case that was submitted twice: too long, then with a part missing."""
    world.publish_campaign()
    picture = world.store(JPG, "照片.jpg")
    world.submit(world.store(LONG, "长.docx", role="document"), picture)
    world.until_told(ReportReady)
    short = docx(p("一、基本情况") + p(BODY) + p("二、过程与举措") + p(BODY) + p("三、经验与成效") + p(BODY))
    world.submit(world.store(short, "短.docx", role="document"), picture, version=2, unsigned=("李明",))
    world.until_told(ReportReady, 2)
    return world


def test_the_author_sees_the_newest_report_with_all_findings(reported: World) -> None:
    page = reported.author().get("/reports/case-1")
    assert page.status_code == 200
    for words in (
        "智慧研修案例",
        "2024-000001",
        "有需要核对的提示",
        "没有认出“特色与创新”这一部分",
        "作者“李明”尚未签名或确认",
        "三、经验与成效",
        "短.docx",
        "照片.jpg",
        "未进行",
        "第2版（本页）",
        '<a class="govuk-link" href="/reports/case-1/1">第1版</a>',
    ):
        assert words in page.text, words
    assert "TOO_LONG" not in page.text and "超过3000字" not in page.text


def test_an_earlier_report_stays(reported: World) -> None:
    page = reported.author().get("/reports/case-1/1")
    assert "有未通过的项目" in page.text and "超过3000字的上限" in page.text
    assert reported.author().get("/reports/case-1/3").status_code == 404


WHO = {
    "its author": (lambda world: world.author(), 200),
    "another author": (lambda world: world.author("account-2"), 404),
    "its province": (lambda world: world.staff("province", "320000"), 200),
    "its province's helper": (lambda world: world.staff("helper", "320000"), 200),
    "another province": (lambda world: world.staff("province", "110000"), 404),
    "an expert": (lambda world: world.staff("expert"), 302),
    "an officer": (lambda world: world.staff("officer"), 200),
    "an administrator": (lambda world: world.staff("administrator"), 200),
    "nobody": (lambda world: world.web.test_client(), 302),
}


@pytest.mark.parametrize(("client", "status"), WHO.values(), ids=WHO.keys())
@pytest.mark.parametrize("path", ["/reports/case-1", "/reports/case-1/1"])
def test_who_may_see_it(reported: World, client, status: int, path: str) -> None:  # type: ignore[no-untyped-def] # a table above
    assert client(reported).get(path).status_code == status


def test_what_does_not_exist_is_answered_like_what_is_not_yours(reported: World) -> None:
    assert reported.author().get("/reports/case-9").status_code == 404
    answer = reported.web.test_client().get("/api/validation/reports/case-1")
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_after_a_move_its_new_province_reads_it_and_a_later_version_does_not_bring_it_back(reported: World) -> None:
    moved = CaseMoved(
        campaign_id=reported.campaign.id,
        case_id="case-1",
        source="320000",
        to="510000",
        reason="已调往四川",
        by="staff-1",
        at=NOON,
    )
    reported.tell(moved, subject="transfer-1")
    reported.until(lambda: reported.app.reports.get("case-1").province == "510000")
    assert reported.staff("province", "510000").get("/reports/case-1").status_code == 200
    assert reported.staff("province", "320000").get("/reports/case-1").status_code == 404
    reported.submit(version=3)
    reported.until(lambda: len(reported.app.reports.get("case-1").versions) == 3)
    assert reported.app.reports.get("case-1").province == "510000"


@pytest.mark.parametrize(("taken", "holder"), [(True, "account-2"), (False, "account-1")])
def test_who_took_the_case_over_reads_its_report(reported: World, taken: bool, holder: str) -> None:
    answered = HandoverAnswered(
        campaign_id=reported.campaign.id,
        case_id="case-1",
        title="智慧研修案例",
        taken=taken,
        source="account-1",
        source_name="李明",
        source_email="",
        account_id="account-2",
        person="p2",
        name="王芳",
        email="",
        at=NOON,
    )
    reported.tell(answered, subject="case-1")
    reported.submit(version=3)
    reported.until(lambda: len(reported.app.reports.get("case-1").versions) == 3)
    answers = {who: reported.author(who).get("/reports/case-1").status_code for who in ("account-1", "account-2")}
    assert answers == {"account-1": 404, "account-2": 404, holder: 200}


def test_a_draft_is_its_authors_alone(world: World) -> None:
    world.publish_campaign()
    world.arrive(world.store(HONEST, "案例.docx", role="document"))
    world.until_told(FileChecked)
    page = world.author().get("/reports/case-1")
    assert "检查通过" in page.text and "草稿，尚未报送" in page.text and "一、基本情况" in page.text
    assert world.staff("province", "320000").get("/reports/case-1").status_code == 404
    assert world.staff("officer").get("/reports/case-1").status_code == 404


def test_while_queued_the_page_says_how_many_are_before(world: World) -> None:
    world.publish_campaign()
    for n in range(3):
        world.arrive(world.store(JPG + bytes([n]), f"{n}.jpg"), case=f"other-{n}")
        world.until(lambda n=n: world.app.checks.count("waiting") == n + 1, check=False)  # type: ignore[misc] # the count now
        world.clock.advance(SECOND)
    world.arrive(world.store(HONEST, "案例.docx", role="document"))
    world.until(lambda: world.app.checks.count("waiting") == 4, check=False)
    page = world.author().get("/reports/case-1")
    assert "前面还有3个文件。检查不影响报送和报送时间" in page.text
    answer = world.author().get("/api/validation/reports/case-1").get_json()
    assert (answer["ready"], answer["ahead"], answer["files"][0]["state"]) == (False, 3, "排队中")
    world.until_told(FileChecked, 4)
    assert world.author().get("/api/validation/reports/case-1").get_json()["ready"] is True


def test_words_of_a_file_cannot_break_the_page(world: World) -> None:
    world.publish_campaign()
    world.arrive(world.store(docx(four_parts()), "<script>alert(1)</script>.docx", role="document"))
    world.until_told(FileChecked)
    assert "<script>alert(1)" not in world.author().get("/reports/case-1").text
