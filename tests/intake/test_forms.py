"""Every form that breaks a rule says what, where and what to do, and what was typed returns."""

from __future__ import annotations

import base64
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.app import App
from shared.clock import FixedClock
from shared.identity.secrets import unseal
from tests.intake.conftest import LETTERS, PASSWORD, Browser, register
from tests.intake.test_path import SUMMARY, complete_case, fill_sheet, open_case

GOOD_ACCOUNT: dict[str, Any] = {
    "name": "王小明",
    "mobile": "13800001234",
    "password": PASSWORD,
    "password_again": PASSWORD,
    "province": "320000",
    "city": "南京市",
    "county": "鼓楼区",
    "unit": "南京市第一中学",
    "unit_type": "school",
    "role": "teacher",
    "privacy": "y",
}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "请填写姓名。"),
        ({"name": "王" * 51}, "姓名最多50个字，请删去1个字。"),
        ({"mobile": "1380000123"}, "手机号应为11位数字，例如13800001234。请核对后重新填写。"),
        ({"mobile": "12800001234"}, "手机号应为11位数字，例如13800001234。请核对后重新填写。"),
        ({"password": "abc1234", "password_again": "abc1234"}, "密码至少8位，请加长。"),
        (
            {"password": "20241001", "password_again": "20241001"},
            "密码过于简单：不能全是数字，不能含手机号，请混合使用字母和数字。",
        ),
        (
            {"password": "my13800001234", "password_again": "my13800001234"},
            "密码过于简单：不能全是数字，不能含手机号，请混合使用字母和数字。",
        ),
        ({"password_again": "another-2024"}, "两次填写的密码不一致，请重新填写。"),
        ({"province": ""}, "请选择省（自治区、直辖市）。"),
        ({"province": "999999"}, "请从选项中选择一项。"),
        ({"unit_type": ""}, "请选择单位类型。"),
        ({"email": "wang@"}, "电子邮箱格式不正确，例如name@example.com。"),
        ({"privacy": ""}, "请先阅读并勾选同意隐私说明，再注册。"),
    ],
)
def test_registration(browser: Browser, fields: dict[str, Any], message: str) -> None:
    answers: dict[str, Any] = {
        name: value for name, value in {**GOOD_ACCOUNT, **fields}.items() if value or name != "privacy"
    }
    assert browser.fill("/register", **answers).status_code == 422
    assert browser.errors() == [message]
    assert browser.typed("unit") == "南京市第一中学"


def test_a_mobile_has_one_account(author: Browser, browser: Browser) -> None:
    author.fill("/logout")
    assert register(browser, mobile="+86 138-0000-1234").status_code == 409
    assert browser.errors() == ["这个手机号已注册，请直接登录；忘记密码可以重新设置。"]
    assert browser.typed("city") == "南京市"


WRONG = "手机号或密码不正确，请核对后重新填写。忘记密码可以通过邮箱重新设置。"


@pytest.mark.parametrize(
    ("mobile", "password", "message"),
    [
        ("13800001234", "not-this-one", WRONG),
        ("13911112222", "nobody-has-this-mobile", WRONG),
        ("138", "x", "手机号应为11位数字，例如13800001234。请核对后重新填写。"),
        ("13800001234", "", "请填写密码。"),
    ],
)
def test_signing_in(author: Browser, mobile: str, password: str, message: str) -> None:
    author.fill("/logout")
    assert author.fill("/login", mobile=mobile, password=password).status_code == 422
    assert author.errors() == [message]
    assert author.typed("mobile") == mobile


@pytest.mark.parametrize("mobile", ["13800001234", "13911112222"])
def test_after_five_wrong_passwords_one_waits(author: Browser, clock: FixedClock, mobile: str) -> None:
    author.fill("/logout")
    for _ in range(5):
        author.fill("/login", mobile=mobile, password="wrong-password")
        assert author.errors() == [WRONG]
    assert author.fill("/login", mobile=mobile, password=PASSWORD).status_code == 429
    assert author.errors() == ["连续5次未能通过，请等待1分钟后再试。"]
    clock.at = clock.at.replace(minute=clock.at.minute + 1)
    signs_in = author.fill("/login", mobile=mobile, password=PASSWORD).status_code
    assert signs_in == (303 if mobile == "13800001234" else 422)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": "", "category": "region"}, "请填写案例名称。"),
        ({"title": "甲" * 101, "category": "region"}, "案例名称最多100个字，请删去1个字。"),
        ({"title": "甲"}, "请选择案例类型。"),
        ({"title": "甲", "category": "film"}, "请从选项中选择一项。"),
    ],
)
def test_a_new_case(author: Browser, fields: dict[str, Any], message: str) -> None:
    assert author.fill("/cases/new", **fields).status_code == 422
    assert author.errors() == [message]
    assert author.typed("title") == fields["title"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": ""}, "请填写案例名称。"),
        ({"summary": ""}, "请填写案例概述。"),
        ({"summary": "概" * 312}, "案例概述312字，不超过300字，请删去至少12字。"),
        ({"studio_contribution": "很多"}, "请填写整数，例如12。"),
        ({"studio_live_sessions": "-1"}, "应在0至10000之间。"),
    ],
)
def test_the_sheet(author: Browser, fields: dict[str, Any], message: str) -> None:
    case = open_case(author)
    answers: dict[str, Any] = {"title": "智研", "category": "region", "summary": SUMMARY, "then": "continue", **fields}
    assert author.fill(f"{case}/sheet", **answers).status_code == 422
    assert author.errors() == [message]
    assert author.typed("summary") == answers["summary"]


def test_a_draft_is_kept_as_it_is(author: Browser) -> None:
    case = open_case(author)
    assert author.fill(f"{case}/sheet", summary="概" * 312, category="region", then="draft").status_code == 303
    author.open(f"{case}/sheet")
    assert (author.typed("title"), author.typed("summary")) == ("", "概" * 312)


def test_the_second_tab_sees_what_the_first_one_saved(author: Browser) -> None:
    case = open_case(author)
    author.open(f"{case}/sheet")
    second_tab = author.page
    fill_sheet(author, case, title="第一个窗口的名称")

    author.page = second_tab
    answers: dict[str, Any] = {
        "title": "第二个窗口的名称",
        "category": "region",
        "summary": SUMMARY,
        "then": "continue",
    }
    assert author.post(f"{case}/sheet", **answers).status_code == 409
    assert author.errors() == [
        "您的另一个窗口刚刚保存了这一页。下面是您现在填写的内容，不同之处已标出；核对后再次保存即以现在的内容为准。",
        "另一个窗口保存的是：“第一个窗口的名称”",
    ]
    assert author.typed("title") == "第二个窗口的名称"
    assert author.post(f"{case}/sheet", **answers).status_code == 303
    author.open(f"{case}/sheet")
    assert author.typed("title") == "第二个窗口的名称"


def person(place: int, **fields: str) -> dict[str, Any]:
    known = {"name": f"作者{place}", "unit": "一中", "title": "教师", "mobile": f"1390000000{place}", **fields}
    return {f"people-{place}-{name}": value for name, value in known.items()}


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ({}, "请填写第1位作者的姓名。"),
        (person(0, unit=""), "请填写第1位作者的工作单位。"),
        (
            {**person(0), **person(1, mobile="139")},
            "手机号应为11位数字，例如13800001234。请核对后重新填写。",
        ),
        ({**person(0), **person(1, mobile="139 0000 0000")}, "第2位作者与第1位作者的手机号相同，请核对。"),
        (
            {**person(0), **person(1), **person(2), **person(3)},
            "作者4人，每件案例不超过3人，请删去1人。",
        ),
        (person(0, email="不是邮箱"), "电子邮箱只能使用英文字母、数字和英文符号，例如name@example.com。"),
    ],
)
def test_the_authors(author: Browser, people: dict[str, Any], message: str) -> None:
    case = open_case(author)
    assert author.fill(f"{case}/authors", then="continue", **people).status_code == 422
    assert author.errors() == [message]
    for name, value in people.items():
        assert author.typed(name) == value


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ("sources", "请填写非原创部分的出处。"),
        ("minors", "请说明材料中是否出现不满十四周岁的未成年人。"),
        ("declared", "请阅读并勾选作者声明。"),
        ("consent_sharing", "请阅读并勾选共享提示：同意将案例结集出版或在教师活动网站等公益性网站共享。"),
    ],
)
def test_the_declaration(author: Browser, left_out: str, message: str) -> None:
    case = open_case(author)
    answers: dict[str, Any] = {
        "sources": "图3来自人民教育出版社教材",
        "minors": "none",
        "declared": "y",
        "consent_sharing": "y",
        "consent_national_platform": "y",
        "then": "continue",
    }
    del answers[left_out]
    assert author.fill(f"{case}/declaration", **answers).status_code == 422
    assert author.errors() == [message]
    assert author.typed("sources") == answers.get("sources", "")


@pytest.mark.parametrize(
    ("role", "name", "content", "message"),
    [
        ("document", "", b"", "请先选择文件，再点击“上传”。"),
        ("document", "空.docx", b"", "“空.docx”是空文件（0字节），请检查后重新选择。"),
        (
            "document",
            "照片.jpg",
            b"x",
            "“照片.jpg”的格式不能作为案例介绍文档。可以上传：.docx、.doc、.wps。请转换格式后重新选择。",
        ),
        (
            "material",
            "通知.pdf",
            b"x",
            "请选择“通知.pdf”的材料类别：通知文件、制度文档、研究交流、宣传报道、其他。",
        ),
        (
            "sheet",
            "附表.mp4",
            b"x",
            "“附表.mp4”的格式不能作为签名的案例信息表。"
            "可以上传：.pdf、.jpg、.jpeg、.png、.docx、.doc。请转换格式后重新选择。",
        ),
    ],
)
def test_the_plain_upload(author: Browser, role: str, name: str, content: bytes, message: str) -> None:
    case = open_case(author)
    author.open(f"{case}/{'materials' if role == 'material' else 'document'}")
    assert author.post(f"{case}/files/add/{role}", file=(io.BytesIO(content), name)).status_code == 422
    assert author.errors() == [message]


def test_a_plain_upload_above_the_doors_limit(author: Browser) -> None:
    case = open_case(author)
    author.open(f"{case}/document")
    length = {"CONTENT_LENGTH": str(25 * 1024 * 1024 + 1)}
    response = author.post(f"{case}/files/add/document", environ=length, file=(io.BytesIO(b"x"), "大.docx"))
    assert response.status_code == 413
    assert "提交的内容过大" in author.page


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"name": "", "kind": "other"}, 422, "请填写文件名称。"),
        ({"name": "\u200b", "kind": "other"}, 422, "请填写文件名称。"),
        ({"name": "通知" * 61, "kind": "other"}, 422, "文件名称最多120个字，请删去2个字。"),
        ({"name": "通知.pdf", "kind": "film"}, 422, "请从选项中选择一项。"),
    ],
)
def test_renaming_a_file(author: Browser, fields: dict[str, Any], status: int, message: str) -> None:
    case = complete_case(author)
    author.open(f"{case}/materials")
    found = re.search(r'href="(/cases/[^"]+/files/[0-9a-f-]+)">改名', author.page)
    assert found is not None
    assert author.fill(found[1], **fields).status_code == status
    assert author.errors() == [message]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password_present": ""}, "请填写现在的密码。"),
        ({"password_present": "wrong-one"}, "现在的密码不正确，请重新填写。"),
        ({"password_new": "short"}, "密码至少8位，请加长。"),
        ({"password_again": "something-else"}, "两次填写的密码不一致，请重新填写。"),
    ],
)
def test_changing_the_password(author: Browser, fields: dict[str, Any], message: str) -> None:
    new = "another-2024-secret"
    answers: dict[str, Any] = {"password_present": PASSWORD, "password_new": new, "password_again": new, **fields}
    if "password_new" in fields:
        answers["password_again"] = fields["password_new"]
    assert author.fill("/account/password", **answers).status_code == 422
    assert author.errors() == [message]


def test_an_expired_session_keeps_what_was_typed(author: Browser, clock: FixedClock) -> None:
    case = open_case(author)
    author.open(f"{case}/sheet")
    clock.at = clock.at.replace(hour=clock.at.hour + 12)
    expired = author.post(f"{case}/sheet", title="写了很久", category="region", summary=SUMMARY, then="draft")
    assert expired.status_code == 401
    author.post("/login")
    author.post("/login", mobile="13800001234", password=PASSWORD)
    assert "登录成功，您填写的内容已保留" in author.page
    assert author.post(f"{case}/sheet").status_code == 303
    author.open(f"{case}/sheet")
    assert author.typed("title") == "写了很久"


MOBILE_WRONG = "手机号应为11位数字，例如13800001234。请核对后重新填写。"


@pytest.mark.parametrize(
    ("mobile", "message"), [("", "请填写手机号。"), ("138", MOBILE_WRONG), ("wang@example.com", MOBILE_WRONG)]
)
def test_asking_for_a_reset(browser: Browser, mobile: str, message: str) -> None:
    assert browser.fill("/login/forgot", mobile=mobile).status_code == 422
    assert browser.errors() == [message]
    assert browser.typed("mobile") == mobile


CODE_WRONG = "验证码不正确或已过期，请核对邮件中的验证码，或重新获取。"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code": ""}, "请填写邮件中的验证码。"),
        ({"code": "7KQP-M3XA-9TBD"}, CODE_WRONG),
        ({"mobile": "13911112222"}, CODE_WRONG),
        ({"password_new": "short", "password_again": "short"}, "密码至少8位，请加长。"),
        ({"password_again": "another"}, "两次填写的密码不一致，请重新填写。"),
    ],
)
def test_resetting_a_password(author: Browser, fields: dict[str, Any], message: str) -> None:
    new = "another-2024-secret"
    answers = {"mobile": "13800001234", "code": "AAAA", "password_new": new, "password_again": new, **fields}
    assert author.fill("/login/reset", **answers).status_code == 422
    assert author.errors() == [message]
    assert author.typed("code") == answers["code"]


def test_a_code_from_the_mail_sets_a_new_password(author: Browser, app: App) -> None:
    for mobile in ("13800001234", "13911112222"):  # nobody learns which of them has an account
        assert author.fill("/login/forgot", mobile=mobile).headers["Location"] == "/login/reset"
    row = app.database.collection("accounts").find_one({"mobile": "13800001234"})
    assert row is not None
    sealed = row["outbox"][0]["data"]["sealed_code"]
    code = unseal(sealed, base64.b64encode(bytes(LETTERS)).decode())
    new = "another-2024-secret"
    answers: dict[str, Any] = {"mobile": "13800001234", "code": code.lower()}
    response = author.fill("/login/reset", **answers, password_new=new, password_again=new)
    assert response.status_code == 303
    author.fill("/logout")
    assert author.fill("/login", mobile="13800001234", password=new).status_code == 303
    assert author.fill("/login/reset", **answers, password_new=new, password_again=new).status_code == 422


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "请填写姓名。"),
        ({"unit": "校" * 101}, "工作单位全称最多100个字，请删去1个字。"),
        ({"email": "wang.example.com"}, "电子邮箱格式不正确，例如name@example.com。"),
        ({"province": ""}, "请选择省（自治区、直辖市）。"),
    ],
)
def test_correcting_the_account(author: Browser, fields: dict[str, Any], message: str) -> None:
    kept = {name: GOOD_ACCOUNT[name] for name in ("name", "province", "city", "county", "unit", "unit_type", "role")}
    assert author.fill("/account", **{**kept, "city": "苏州市", **fields}).status_code == 422
    assert author.errors() == [message]
    assert author.typed("city") == "苏州市"


CLOSED = "报送已于北京时间2024年10月15日23:59:59截止，不能再报送。草稿仍可查看。"
NOT_SAVED = "报送已于北京时间2024年10月15日23:59:59截止，这次的改动没有保存。截止前已保存的内容仍可查看。"
KEPT_ASIDE = (
    "报送已于北京时间2024年10月15日23:59:59截止，这次填写的内容没有计入案例。填写的内容已另行保存，显示在本页。"
)
TOO_LATE = datetime(2024, 10, 15, 16, 0, tzinfo=UTC)


def test_submitting_at_the_wrong_time(author: Browser) -> None:
    case = complete_case(author)
    early = TOO_LATE - timedelta(days=15, milliseconds=1)
    for at, message in (
        (early, "报送将于北京时间2024年10月1日00:00开始。草稿已保存，请届时再来报送。"),
        (TOO_LATE + timedelta(minutes=30), CLOSED),
        (TOO_LATE + timedelta(days=1), CLOSED),
    ):
        author.open(f"{case}/check")
        assert author.post(f"{case}/check", received_at=at).status_code == 409
        assert author.errors() == [message]


def test_taking_back_what_cannot_be(author: Browser) -> None:
    case = complete_case(author)
    assert author.open(f"{case}/withdraw").status_code == 404
    assert "这个案例尚未报送，无须撤回。" in author.page
    author.fill(f"{case}/check")
    author.open(f"{case}/withdraw")
    for late in (timedelta(0), timedelta(days=1)):
        assert author.post(f"{case}/withdraw", received_at=TOO_LATE + late).status_code == 409
        assert author.errors() == [
            "报送已于北京时间2024年10月15日23:59:59截止，不能再在此撤回。需要撤回的，请致电服务热线。"
        ]


def test_changing_files_and_sheet_too_late(author: Browser, clock: FixedClock) -> None:
    case = complete_case(author)
    author.open(f"{case}/materials")
    file = re.search(r'href="(/cases/[^"]+/files/[0-9a-f-]+)">改名', author.page)
    assert file is not None
    refused: list[tuple[str, dict[str, Any]]] = [
        (file[1], {"name": "改名.pdf", "kind": "other"}),
        (f"{file[1]}/delete", {}),
    ]
    for path, fields in refused:
        author.open(path)
        assert author.post(path, received_at=TOO_LATE, **fields).status_code == 409
        assert author.errors() == [NOT_SAVED]
        assert author.typed("name") == fields.get("name", "")
    kept: list[tuple[str, dict[str, Any]]] = [
        (f"{case}/sheet", {"title": "改过的名称", "category": "region", "summary": "改过的概述", "then": "continue"}),
        (f"{case}/authors", {**person(0), "people-0-unit": "改过的单位", "then": "continue"}),
    ]
    for path, fields in kept:
        author.open(path)
        assert author.post(path, received_at=TOO_LATE, **fields).status_code == 409
        assert KEPT_ASIDE in author.page
        assert all(value in author.page for value in fields.values() if value.startswith("改过的"))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/cases/no-such-case", "没有找到这一内容，请核对网址或返回上一页。"),
        ("{case}/files/no-such-file", "没有找到这个文件，可能已被删除或替换。请刷新页面。"),
        ("{case}/files/no-such-file/open", "没有找到这个文件，可能已被删除或替换。请刷新页面。"),
        ("{case}/receipt", "这个案例尚未报送，没有回执。"),
        ("{case}/no-such-page", "请核对网址是否完整，或返回首页重新查找。"),
    ],
)
def test_what_is_not_there(author: Browser, path: str, message: str) -> None:
    case = open_case(author)
    assert author.open(path.format(case=case)).status_code == 404
    assert message in author.page
