"""Signing in, registering and resetting: no needless page, errors in the order of the page, titles that are true."""

from __future__ import annotations

import re

from tests.intake.conftest import Browser


def test_who_is_signed_in_needs_no_login_and_who_is_not_needs_no_logout(author: Browser) -> None:
    assert author.open("/login").headers["Location"] == "/cases"
    author.fill("/logout")
    assert author.open("/login").status_code == 200
    assert author.open("/logout").headers["Location"] == "/"


def test_errors_are_listed_in_the_order_of_the_page(browser: Browser) -> None:
    browser.fill("/register", name="", mobile="", password="", password_again="", province="")
    labels = ["姓名", "手机号", "密码", "再次输入密码", "省（自治区、直辖市）", "市（州、盟）", "县（市、区、旗）"]
    labels += ["工作单位全称", "单位类型", "人员类别"]
    starts = [re.sub(r"^请(填写|选择)?", "", error).rstrip("。") for error in browser.errors()]
    assert starts == [*labels, "先阅读并勾选同意隐私说明，再注册"]
    assert "请再次输入密码。" in browser.errors()


def test_the_summary_asks_to_mend_a_field_and_names_what_was_not_done_where_none_can_be(author: Browser) -> None:
    author.fill("/logout")
    author.fill("/login", mobile="13800001234", password="wrong-password")
    assert 'govuk-error-summary__title">请修改以下内容</h2>' in author.page
    for _ in range(12):
        if author.status == 429:
            break
        author.fill("/login", mobile="13800001234", password="wrong-password")
    assert author.status == 429
    assert 'govuk-error-summary__title">未能登录</h2>' in author.page


def test_the_reset_knows_the_mobile_that_asked(author: Browser) -> None:
    author.fill("/logout")
    author.fill("/login/forgot", mobile="13800001234")
    author.open("/login/reset")
    assert author.typed("mobile") == "13800001234"
