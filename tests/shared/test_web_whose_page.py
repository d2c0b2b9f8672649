"""Somebody who is logged in as one kind and opens a page of the other is told so at the login."""

from __future__ import annotations

import pytest
from flask import Blueprint, Response

from shared.web.access import asks, public
from tests.browser.gallery import author_cookie
from tests.shared.test_web_app import an_app


def pages(*, login: bool) -> Blueprint:
    """A page of the staff, and the login of the staff where this service has it."""
    blueprint = Blueprint("pages", __name__)
    blueprint.get("/decide", endpoint="decide")(asks("decide")(lambda: Response("decided")))
    if login:
        blueprint.get("/staff/login", endpoint="login")(public(lambda: Response("login")))
    return blueprint


@pytest.mark.parametrize(
    ("cookie", "said"),
    [
        (None, []),
        ("author", ["您现在以作者身份登录。您要打开的页面供省级联系人、专家和中心工作人员使用，请用相应账号登录。"]),
    ],
)
def test_the_login_says_whose_page_was_opened(cookie: str | None, said: list[str]) -> None:
    client = an_app(blueprint=pages(login=True)).test_client()
    if cookie:
        client.set_cookie(cookie, author_cookie())
    client.get("/decide")
    with client.session_transaction() as session:
        assert [message for _, message in session.get("_flashes", [])] == said


def test_nothing_is_said_where_another_service_has_the_login() -> None:
    client = an_app(blueprint=pages(login=False)).test_client()
    client.set_cookie("author", author_cookie())
    client.get("/decide")
    with client.session_transaction() as session:
        assert "_flashes" not in session
