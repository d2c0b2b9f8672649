"""The whole path of an author: register, draft, upload, submit, receipt; replace; withdraw."""

from __future__ import annotations

import hashlib
import io
import re
from typing import Any

from services.intake.app import App
from tests.intake.conftest import Browser

SUMMARY = "本案例介绍区域研修的组织机制与成效。" * 5


def open_case(author: Browser) -> str:
    """Begin a draft; gives its address."""
    response = author.fill("/cases/new", title="智研共同体", category="region")
    assert response.status_code == 303, author.errors()
    return response.headers["Location"]


def fill_sheet(author: Browser, case: str, **fields: Any) -> None:
    answers: dict[str, Any] = {
        "title": "智研共同体",
        "category": "region",
        "summary": SUMMARY,
        "then": "continue",
        **fields,
    }
    assert author.fill(f"{case}/sheet", **answers).status_code == 303, author.errors()


def fill_authors(author: Browser, case: str) -> None:
    people: dict[str, Any] = {
        "people-0-name": "王小明",
        "people-0-unit": "南京市第一中学",
        "people-0-title": "高级教师",
        "people-0-mobile": "138 0000 1234",
        "people-1-name": "李明",
        "people-1-unit": "南京市第二中学",
        "people-1-title": "一级教师",
        "people-1-mobile": "13900005678",
    }
    assert author.fill(f"{case}/authors", then="continue", **people).status_code == 303, author.errors()


def declare(author: Browser, case: str) -> None:
    response = author.fill(
        f"{case}/declaration",
        then="continue",
        sources="无",
        minors="none",
        declared="y",
        consent_sharing="y",
        consent_national_platform="y",
    )
    assert response.status_code == 303, author.errors()


def upload_plainly(author: Browser, case: str, role: str, name: str, content: bytes, **fields: Any) -> None:
    page = {"document": "document", "material": "materials", "sheet": "declaration"}[role]
    author.open(f"{case}/{page}")
    response = author.post(f"{case}/files/add/{role}", file=(io.BytesIO(content), name), **fields)
    assert response.status_code == 303, (author.status, author.errors())


def complete_case(author: Browser) -> str:
    """A draft in which nothing is missing; gives its address."""
    case = open_case(author)
    fill_sheet(author, case)
    fill_authors(author, case)
    upload_plainly(author, case, "document", "案例.docx", b"PK document")
    upload_plainly(author, case, "material", "通知.pdf", b"%PDF notice", kind="announcement")
    declare(author, case)
    return case


def told(app: App, case: str) -> list[str]:
    """The types of the events that wait in the case's outbox."""
    row = app.database.collection("cases").find_one({"_id": case.removeprefix("/cases/")})
    assert row is not None
    return [entry["type"].split(".")[2] for entry in row["outbox"]]


def test_an_author_submits_and_gets_a_receipt(author: Browser, app: App) -> None:
    case = complete_case(author)

    author.open(f"{case}/check")
    assert "报送前请完成" not in author.page
    response = author.post(f"{case}/check")

    assert response.status_code == 303
    author.open(response.headers["Location"])
    assert re.search(r"2024-\d{3}-\d{3}-\d{3}", author.page)
    assert "2024年10月10日12:00:00.000" in author.page
    assert hashlib.sha256(b"PK document").hexdigest() in author.page
    assert "王小明（南京市第一中学）" in author.page
    assert told(app, case) == [
        "CoAuthorNamed",
        "FileArrived",
        "FileArrived",
        "CaseSubmitted",
        "CaseSubmittedInFull",
        "AuthorContacts",
    ]


def test_pressing_twice_submits_once(author: Browser, app: App) -> None:
    case = complete_case(author)
    author.open(f"{case}/check")
    page = author.page
    assert author.post(f"{case}/check").status_code == 303
    author.page = page
    assert author.post(f"{case}/check").status_code == 303
    assert author.fill(f"{case}/check").status_code == 303
    assert told(app, case).count("CaseSubmitted") == 1


def test_a_change_is_a_new_version_and_the_old_one_stays(author: Browser, app: App) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    fill_sheet(author, case, title="智研共同体（修订）")
    author.open(case)
    assert "已修改，尚未重新报送" in author.page
    author.fill(f"{case}/check")

    versions = app.cases.get(case.removeprefix("/cases/")).versions
    assert [(each.version, each.about.title) for each in versions] == [(1, "智研共同体"), (2, "智研共同体（修订）")]
    author.open(f"{case}/receipt?version=1")
    assert "智研共同体（修订）" not in author.page


def test_a_withdrawn_case_can_be_submitted_again(author: Browser, app: App) -> None:
    case = complete_case(author)
    author.fill(f"{case}/check")
    assert author.fill(f"{case}/withdraw").status_code == 303
    author.open(case)
    assert "已撤回，尚未重新报送" in author.page
    assert author.fill(f"{case}/check").status_code == 303
    assert told(app, case)[-4:] == ["CaseWithdrawn", "CaseSubmitted", "CaseSubmittedInFull", "AuthorContacts"]


def test_what_is_missing_is_listed_whole_with_links(author: Browser) -> None:
    case = open_case(author)
    author.open(f"{case}/check")
    assert author.post(f"{case}/check").status_code == 422
    links = re.findall(rf'<a class="govuk-link" href="{case}/([a-z]+)#([\w-]+)">(.*?)</a>', author.page)
    assert links == [
        ("sheet", "summary", "请填写案例概述。"),
        ("authors", "people-0-title", "请填写第1位作者的职称/职务。"),
        ("document", "file", "请上传案例介绍文档（Word格式）。"),
        ("materials", "file", "请至少上传1个支撑材料。"),
        ("declaration", "declared", "请阅读并勾选作者声明。"),
        (
            "declaration",
            "consent_sharing",
            "请阅读并勾选共享提示：同意将案例结集出版或在教师活动网站等公益性网站共享。",
        ),
        (
            "declaration",
            "consent_national_platform",
            "请阅读并勾选共享提示：同意将案例推荐给国家智慧教育公共服务平台（www.smartedu.cn）。",
        ),
        ("declaration", "sources", "请填写非原创部分的出处；全部原创的，请填写“无”。"),
        ("declaration", "minors-0", "请说明材料中是否出现不满十四周岁的未成年人。"),
    ]
