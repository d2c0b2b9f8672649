"""The pages on which staff activate their account, set up the second factor, and log in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from typer.testing import CliRunner

from services.review import wiring
from services.review.app import App
from services.review.handlers.accounts import create_first_administrator, reissue_code
from shared.clock import FixedClock
from shared.identity.secrets import hash_code, unseal
from shared.trouble import Refused
from tests.review.conftest import LATER, LETTERS, Browser, staff_account, submitted_case
from tests.review.turning import Turning
from zhengji import admins

PASSWORD = "screening-2024"
MOBILE = "13912345678"


@pytest.fixture
def code(app: App) -> str:
    """The activation code of the first administrator."""
    return create_first_administrator(app, "何静", MOBILE, "he@example.com").code


def activate(browser: Browser, right: str, **fields: Any) -> int:
    answers: dict[str, Any] = {
        "mobile": MOBILE,
        "code": right,
        "password": PASSWORD,
        "password_again": PASSWORD,
        **fields,
    }
    return browser.fill("/staff/activate", **answers).status_code


def number(browser: Browser, clock: FixedClock) -> str:
    """What the person's app shows for the secret on the page."""
    secret = re.search(r"data-secret>([^<]+)<", browser.page)
    assert secret
    return str(pyotp.TOTP(secret[1].replace(" ", "")).at(clock.at))


@pytest.fixture
def secret(browser: Browser, code: str, clock: FixedClock) -> str:
    """Activated, second factor confirmed, logged in; gives the secret."""
    assert activate(browser, code) == 303
    browser.open("/staff/second-factor")
    found = re.search(r"data-secret>([^<]+)<", browser.page)
    assert found
    assert browser.post("/staff/second-factor", number=number(browser, clock)).headers["Location"] == "/centre"
    return found[1].replace(" ", "")


def test_the_first_administrator_is_the_first(app: App, code: str) -> None:
    with pytest.raises(Refused, match="已有中心管理员"):
        create_first_administrator(app, "张三", "13800001235", "zhang@example.com")
    assert app.accounts.count({"role": "administrator"}) == 1
    create_first_administrator(app, "张三", "138 0000-1235", "zhang@example.com", another="原管理员手机丢失")
    Turning(app).turn()
    (account,) = app.accounts.rows({"mobile": "13800001235"})
    (entry,) = app.record.entries(about=account["_id"])
    assert (entry["by"], entry["why"]) == ("operator", "原管理员手机丢失")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": " "}, "请填写姓名。"),
        ({"mobile": "138"}, "手机号应为11位数字，例如13800001234。"),
        ({"mobile": "١٣٨٠٠٠٠١٢٣٤"}, "手机号应为11位数字，例如13800001234。"),
        ({"email": "ab"}, "电子邮箱格式不正确，例如name@example.com。"),
    ],
)
def test_the_first_administrator_is_checked_as_on_the_page(app: App, fields: dict[str, str], message: str) -> None:
    with pytest.raises(Refused) as refused:
        create_first_administrator(app, **{"name": "何静", "mobile": MOBILE, "email": "he@example.com", **fields})
    assert refused.value.message == message
    assert app.accounts.count({}) == 0


def test_the_command_says_where_and_until_when(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admins, "settings_of", lambda *_, **__: app.settings)
    monkeypatch.setattr(wiring, "build", lambda _: app)
    given = ["create-first", "--name", "何静", "--mobile", MOBILE, "--email", "he@example.com"]
    made = CliRunner().invoke(admins.app, given)
    assert made.exit_code == 0, made.output
    (account,) = app.accounts.rows({"role": "administrator"})
    assert account["activation"]["code_hash"] == hash_code(made.stdout.strip())
    assert f"http://127.0.0.1/staff/activate，用手机号{MOBILE}" in made.stderr
    assert "北京时间2024年11月3日12:00前有效" in made.stderr
    again = CliRunner().invoke(admins.app, given)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "--another" in again.stderr


def test_from_the_letter_to_the_desk(browser: Browser, secret: str, clock: FixedClock) -> None:
    """R1, L5"""
    assert browser.open("/staff").headers["Location"] == "/centre"
    browser.fill("/staff/logout")
    assert browser.open("/staff").headers["Location"] == "/staff/login?next=%2Fstaff"
    clock.at += LATER
    shown = pyotp.TOTP(secret).at(clock.at)
    entered = browser.fill("/staff/login", mobile=MOBILE, password=PASSWORD, number=shown)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/centre")
    cookie = next(line for line in entered.headers.getlist("Set-Cookie") if line.startswith("staff="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_the_link_opens_a_form_and_spends_nothing(browser: Browser, app: App, code: str) -> None:
    """R1: only posting spends the code."""
    for _ in range(3):
        browser.open(f"/staff/activate?code={code}")
        assert browser.typed("code") == code
    assert app.accounts.find_by({"login": MOBILE}).activation.used_at is None  # type: ignore[union-attr]
    assert activate(browser, code) == 303


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mobile": ""}, "请填写手机号。"),
        ({"mobile": "1391234567"}, "手机号应为11位数字，例如13800001234。"),
        ({"code": " "}, "请填写激活码。"),
        ({"code": "AAAA-BBBB-CCCC"}, "手机号与激活码不相符，请核对后重新输入；重发过的，以最后一封邮件为准。"),
        ({"mobile": "13900000000"}, "手机号与激活码不相符，请核对后重新输入；重发过的，以最后一封邮件为准。"),
        ({"password": "short", "password_again": "short"}, "密码至少10个字符，请换一个更长的密码。"),
        ({"password": "", "password_again": ""}, "请设置密码。"),
        ({"password_again": "another-one-2024"}, "两次填写的密码不一致，请重新填写。"),
    ],
)
def test_activation_says_what_is_wrong(browser: Browser, code: str, fields: dict[str, Any], message: str) -> None:
    assert activate(browser, code, **fields) == 422
    assert message in browser.errors()
    assert browser.typed("mobile") == fields.get("mobile", MOBILE)
    assert browser.typed("code") == fields.get("code", code).strip()


def test_a_code_works_once_and_a_reissue_kills_the_old_one(
    browser: Browser, new_browser: Callable[[], Browser], app: App, code: str
) -> None:
    """R1"""
    assert activate(browser, code) == 303
    other = new_browser()
    assert activate(other, code) == 422
    assert other.errors() == ["该激活码已使用过。请直接登录；忘记密码请联系组织单位重发激活码。"]
    account = app.accounts.find_by({"login": MOBILE})
    assert account is not None
    reissue_code(app, account_id=account.id, by="somebody")
    assert activate(other, code) == 422
    assert other.errors() == ["手机号与激活码不相符，请核对后重新输入；重发过的，以最后一封邮件为准。"]
    browser.open("/staff/second-factor")
    assert "data-secret" not in browser.page


def test_a_code_expires(browser: Browser, code: str, clock: FixedClock) -> None:
    """R1"""
    clock.at += timedelta(days=15)
    assert activate(browser, code) == 422
    assert browser.errors() == ["该激活码已过期，请联系组织单位重发激活码。"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "请填写动态验证码。"),
        ("12345", "动态验证码为6位数字，请按手机应用上显示的填写。"),
        ("abcdef", "动态验证码为6位数字，请按手机应用上显示的填写。"),
        ("000000", "动态验证码不正确或已使用过，请输入应用中最新的6位数字。"),
    ],
)
def test_the_second_factor_must_be_proved(browser: Browser, code: str, typed: str, message: str) -> None:
    """L5"""
    activate(browser, code)
    browser.open("/staff/second-factor")
    before = re.search(r"data-secret>([^<]+)<", browser.page)
    assert browser.post("/staff/second-factor", number=typed).status_code == 422
    assert browser.errors() == [message]
    assert browser.typed("number") == typed
    after = re.search(r"data-secret>([^<]+)<", browser.page)
    assert before and after and before[1] == after[1]
    assert browser.open("/staff").status_code == 302


def test_the_picture_is_for_those_who_set_up(browser: Browser, code: str) -> None:
    assert browser.open("/staff/second-factor.svg").status_code == 404
    activate(browser, code)
    picture = browser.open("/staff/second-factor.svg")
    assert (picture.status_code, picture.content_type) == (200, "image/svg+xml")
    assert picture.headers["Cache-Control"] == "no-store"


def test_setting_up_ends_after_half_an_hour(browser: Browser, code: str, clock: FixedClock) -> None:
    activate(browser, code)
    clock.at += timedelta(minutes=31)
    assert browser.open("/staff/second-factor").headers["Location"].startswith("/staff/login")


WRONG = "手机号、密码或动态验证码不正确，请核对后重新登录。"


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"mobile": ""}, 422, "请填写手机号。"),
        ({"mobile": "139"}, 422, "手机号应为11位数字，例如13800001234。"),
        ({"password": ""}, 422, "请填写密码。"),
        ({"number": "12"}, 422, "动态验证码为6位数字，请按手机应用上显示的填写。"),
        ({"password": "not-this-one"}, 401, WRONG),
        ({"number": "000000"}, 401, WRONG),
        ({"number": ""}, 401, WRONG),
        ({"mobile": "13700000000"}, 401, WRONG),
    ],
)
def test_logging_in_says_what_is_wrong(
    browser: Browser, secret: str, clock: FixedClock, fields: dict[str, Any], status: int, message: str
) -> None:
    browser.fill("/staff/logout")
    clock.at += LATER
    answers: dict[str, Any] = {
        "mobile": MOBILE,
        "password": PASSWORD,
        "number": pyotp.TOTP(secret).at(clock.at),
        **fields,
    }
    assert browser.fill("/staff/login", **answers).status_code == status
    assert browser.errors() == [message]
    assert browser.typed("mobile") == answers["mobile"]
    assert browser.typed("password") == ""


WAIT = "连续5次未能通过，请等待1分钟后再试。"


def test_five_failures_from_one_address_wait_and_the_owner_elsewhere_does_not(
    browser: Browser, new_browser: Callable[[], Browser], secret: str, clock: FixedClock
) -> None:
    clock.at += LATER
    stranger = new_browser()
    for _ in range(5):
        stranger.fill("/staff/login", mobile=MOBILE, password="wrong", number="000000")
    right: dict[str, Any] = {"mobile": MOBILE, "password": PASSWORD, "number": pyotp.TOTP(secret).at(clock.at)}
    refused = stranger.fill("/staff/login", **right)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert stranger.errors() == [WAIT]
    owner = new_browser()
    owner.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert owner.fill("/staff/login", **right).status_code == 303


@pytest.mark.parametrize("path", ["/staff/login", "/staff/activate"])
@pytest.mark.parametrize("mobile", [MOBILE, "13900009999"])
def test_a_mobile_without_an_account_is_answered_like_one_with(
    browser: Browser, code: str, path: str, mobile: str
) -> None:
    fields = {"login": {"number": "000000"}, "activate": {"code": "x", "password_again": "wrong-password"}}
    typed: dict[str, Any] = {"mobile": mobile, "password": "wrong-password", **fields[path.rsplit("/", 1)[-1]]}
    answers = [browser.fill(path, **typed).status_code for _ in range(7)]
    assert answers == [answers[0]] * 5 + [429] * 2
    assert browser.errors() == [WAIT]


def test_guesses_at_a_code_do_not_keep_the_owner_out(
    browser: Browser, new_browser: Callable[[], Browser], secret: str, clock: FixedClock
) -> None:
    clock.at += LATER
    stranger = new_browser()
    for _ in range(7):
        activate(stranger, "AAAA-BBBB-CCCC")
    right: dict[str, Any] = {"mobile": MOBILE, "password": PASSWORD, "number": pyotp.TOTP(secret).at(clock.at)}
    assert stranger.fill("/staff/login", **right).status_code == 303


def test_what_was_typed_survives_an_expired_session(browser: Browser, secret: str, clock: FixedClock) -> None:
    browser.open("/staff/password")
    clock.at += timedelta(hours=2)
    assert browser.post("/staff/password", password_present="x").status_code == 401
    assert "登录已过期，您填写的内容已保留" in browser.page
    browser.post("/staff/login")
    shown = pyotp.TOTP(secret).at(clock.at)
    browser.post("/staff/login", mobile=MOBILE, password="wrong", number=shown)
    browser.post("/staff/login", mobile=MOBILE, password=PASSWORD, number=shown)
    assert "登录成功，您填写的内容已保留" in browser.page


def test_who_keeps_working_stays_logged_in(browser: Browser, secret: str, clock: FixedClock) -> None:
    for _ in range(4):
        clock.at += timedelta(minutes=40)
        assert browser.open("/staff").headers["Location"] == "/centre"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password_present": ""}, "请填写现在的密码。"),
        ({"password_present": "wrong-one"}, "现在的密码不正确，请重新填写。"),
        ({"password": "short", "password_again": "short"}, "密码至少10个字符，请换一个更长的密码。"),
        ({"password_again": "something-else"}, "两次填写的密码不一致，请重新填写。"),
    ],
)
def test_changing_the_password_says_what_is_wrong(
    browser: Browser, secret: str, fields: dict[str, Any], message: str
) -> None:
    new = "another-2024-secret"
    answers: dict[str, Any] = {"password_present": PASSWORD, "password": new, "password_again": new, **fields}
    assert browser.fill("/staff/password", **answers).status_code == 422
    assert browser.errors() == [message]


def test_changing_the_password_ends_other_sessions(
    browser: Browser, new_browser: Callable[[], Browser], secret: str, clock: FixedClock
) -> None:
    clock.at += LATER
    other = new_browser()
    other.fill("/staff/login", mobile=MOBILE, password=PASSWORD, number=pyotp.TOTP(secret).at(clock.at))
    clock.at += LATER
    new = "another-2024-secret"
    browser.fill("/staff/password", password_present=PASSWORD, password=new, password_again=new)
    assert other.open("/staff").headers["Location"].startswith("/staff/login")
    assert browser.open("/staff").headers["Location"] == "/centre"


def test_an_expert_needs_no_second_factor_unless_told(app: App, browser: Browser) -> None:
    from services.review.handlers.invitations import inviting, new_invitation

    made = new_invitation(app)
    staff_account(app, "expert", mobile="13700001111")
    app.accounts.change("expert", inviting(made))
    assert unseal(made.sealed_code, _letters()) == made.code
    answers: dict[str, Any] = {
        "mobile": "13700001111",
        "code": made.code,
        "password": PASSWORD,
        "password_again": PASSWORD,
    }
    assert browser.fill("/staff/activate", **answers).headers["Location"] == "/expert"
    browser.fill("/staff/logout")
    entered = browser.fill("/staff/login", mobile="13700001111", password=PASSWORD)
    assert entered.headers["Location"] == "/expert"


def _letters() -> str:
    import base64

    return base64.b64encode(bytes(LETTERS)).decode()


ROLES = ("province", "helper", "expert", "officer", "administrator")
WALK = {
    "/staff/password": set(ROLES),
    "/staff/logout": set(ROLES),
    "/province": {"province", "helper"},
    "/province/cases": {"province", "helper"},
    "/province/cases/case-1": {"province", "helper"},
    "/province/shortlist": {"province", "helper"},
    "/province/shortlist/summary": {"province", "helper"},
    "/province/recommend?case=case-1": {"province"},
    "/province/shortlist/confirm": {"province"},
    "/province/shortlist/none": {"province"},
    "/expert/statement": {"expert"},
}


@pytest.mark.parametrize("role", ["nobody", *ROLES])
def test_each_role_opens_its_own_pages_only(
    app: App, web: Flask, role: str, new_browser: Callable[[], Browser], logged_in: Callable[..., Browser]
) -> None:
    submitted_case(app)
    visitor = new_browser() if role == "nobody" else logged_in(role)
    seen = {path: visitor.open(path).status_code for path in WALK}
    refused = 302 if role == "nobody" else 403
    assert seen == {path: 200 if role in allowed else refused for path, allowed in WALK.items()}
