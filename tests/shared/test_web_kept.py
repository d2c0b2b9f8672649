"""Nothing typed by a person is lost by an expired page, an expired login or a fault."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from shared.web import kept
from shared.web.kept import Kept, safe_path
from tests.browser.gallery import NOW, SUMMARY, author_cookie, gallery_app

LONG = "第一段：县级统筹。\r\n\r\n第二段：“片区协同” <b>&amp;</b> 𠮷野家"
TYPED = {
    "title": "联片教研",
    "name": "王芳",
    "mobile": "13800001234",
    "category": "region",
    "truth": "y",
    "summary": LONG,
}


@pytest.fixture
def app() -> Flask:
    """The gallery, whose sheet is a form with every kind of field."""
    return gallery_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """The author's browser, logged in."""
    client = app.test_client()
    client.set_cookie("author", author_cookie())
    return client


def form_of(html: str) -> tuple[str, list[tuple[str, str]]]:
    """The action and the fields a browser would post of the one form on the page."""
    form = BeautifulSoup(html, "html.parser").find("form", method="post")
    assert form is not None
    fields = []
    for field in form.find_all(["input", "textarea"]):
        # A browser drops one line end after the tag, and posts CRLF.
        value = field.get("value", "") if field.name == "input" else field.text.removeprefix("\n")
        fields.append((str(field["name"]), str(value).replace("\r\n", "\n").replace("\n", "\r\n")))
    return str(form["action"]), fields


def test_an_expired_page_keeps_every_field_and_continues(client: FlaskClient) -> None:
    answer = client.post("/cases/1/sheet?step=2", data={**TYPED, "csrf_token": "expired"})
    assert answer.status_code == 400
    assert "页面已过期，您填写的内容已保留" in answer.text
    action, fields = form_of(answer.text)
    assert action == "/cases/1/sheet?step=2"
    assert dict(fields).items() >= TYPED.items()
    again = client.post(action, data=dict(fields))
    assert again.status_code == 422  # past the token: only the province, never typed, is missing
    assert "请选择所在省份。" in again.text
    assert LONG.replace("\r\n", "\n").split("\n")[0] in again.text


def test_repeated_fields_all_come_back(client: FlaskClient) -> None:
    answer = client.post("/cases/1/sheet", data={"kinds": ["notice", "rules"]})
    assert [pair for pair in form_of(answer.text)[1] if pair[0] == "kinds"] == [("kinds", "notice"), ("kinds", "rules")]


def test_a_password_is_asked_for_again_and_never_written_into_a_page(client: FlaskClient) -> None:
    answer = client.post("/login", data={"mobile": "13800001234", "password": "right-password"})
    assert "right-password" not in answer.text
    assert BeautifulSoup(answer.text, "html.parser").find("input", {"name": "password", "type": "password"})
    action, fields = form_of(answer.text)
    done = client.post(action, data={**dict(fields), "password": "right-password"})
    assert (done.status_code, done.headers["Location"]) == (303, "/cases/1")


def test_an_expired_login_keeps_every_field_through_the_login(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("author", author_cookie(now=NOW - timedelta(hours=2)))

    refused = client.post("/cases/1/sheet?step=2", data=TYPED)
    assert refused.status_code == 401
    assert "登录已过期，您填写的内容已保留" in refused.text
    action, fields = form_of(refused.text)
    assert action == "/login"

    shown = client.post(action, data=dict(fields))
    assert shown.status_code == 200
    assert "作者登录" in shown.text
    login = BeautifulSoup(shown.text, "html.parser").find("form", method="post")
    assert login is not None
    luggage = {str(field["name"]): str(field.get("value", "")) for field in login.find_all("input")}

    wrong = client.post("/login", data={**luggage, "mobile": "13800001234", "password": "wrong"})
    assert wrong.status_code == 422
    assert luggage["kept"] in wrong.text

    onward = client.post("/login", data={**luggage, "mobile": "13800001234", "password": "right-password"})
    assert onward.status_code == 200
    assert "登录成功，您填写的内容已保留" in onward.text
    assert client.get_cookie("author") is not None
    action, fields = form_of(onward.text)
    assert action == "/cases/1/sheet?step=2"
    assert dict(fields).items() >= TYPED.items()

    again = client.post(action, data=dict(fields))
    assert again.status_code == 422
    assert "请选择所在省份。" in again.text


def test_a_form_of_another_service_is_handed_back_to_it(app: Flask) -> None:
    other = gallery_app()
    other.secret_key = "the key of another service"
    client = other.test_client()
    _, fields = form_of(client.post("/cases/1/sheet", data=TYPED).text)

    at_login = app.test_client()
    shown = at_login.post("/login", data=dict(fields))
    login = BeautifulSoup(shown.text, "html.parser").find("form", method="post")
    assert login is not None
    luggage = {str(field["name"]): str(field.get("value", "")) for field in login.find_all("input")}
    onward = at_login.post("/login", data={**luggage, "mobile": "13800001234", "password": "right-password"})
    action, carried = form_of(onward.text)
    assert action == "/cases/1/sheet"

    client.set_cookie("author", author_cookie())
    back = client.post(action, data=dict(carried))
    assert back.status_code == 400
    assert dict(form_of(back.text)[1]).items() >= TYPED.items()


def test_a_fault_or_a_faster_hand_keeps_the_form_for_another_try(client: FlaskClient) -> None:
    token = dict(form_of_page(client, "/cases/1/sheet"))["csrf_token"]
    for title, status in (("同时", 409), ("故障", 500)):
        answer = client.post(
            "/cases/1/sheet", data={**TYPED, "title": title, "province": "420000", "csrf_token": token}
        )
        assert answer.status_code == status
        assert "您填写的内容已保留" in answer.text
        assert "secret" not in answer.text
        assert dict(form_of(answer.text)[1])["summary"] == LONG


def test_typed_values_return_with_a_refusal(client: FlaskClient) -> None:
    token = dict(form_of_page(client, "/cases/1/sheet"))["csrf_token"]
    answer = client.post("/cases/1/sheet", data={**TYPED, "title": "重复", "province": "420000", "csrf_token": token})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert [link.text for link in page.select(".govuk-error-summary a")] == ["您已有一个同名案例，请换一个名称。"]
    assert page.select_one("#title-error") is not None
    assert page.select_one("#title")["value"] == "重复"  # type: ignore[index] # there by the line above
    assert page.select_one("option[selected]")["value"] == "420000"  # type: ignore[index] # the choice returns
    assert page.select_one("input[name=category][checked]")["value"] == "region"  # type: ignore[index] # so does this


def test_a_login_leads_where_the_person_was_going(app: Flask) -> None:
    client = app.test_client()
    where = client.get("/cases/1/sheet?step=2").headers["Location"]
    assert dict(parse_qsl(where.partition("?")[2])) == {"next": "/cases/1/sheet?step=2"}
    login = dict(form_of_page(client, where))
    done = client.post("/login", data={**login, "mobile": "13800001234", "password": "right-password"})
    assert done.headers["Location"] == "/cases/1/sheet?step=2"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        None,
        "/a\r\nX: y",
        "cases",
    ],
)
def test_next_never_leads_elsewhere(target: str | None) -> None:
    assert safe_path(target) is None


def test_a_sealed_form_cannot_be_changed(app: Flask) -> None:
    with app.app_context():
        sealed = kept.seal(Kept(to="/cases/1", fields=(("title", SUMMARY), ("password", "x"))))
        assert kept.unseal(sealed) == Kept(to="/cases/1", fields=(("title", SUMMARY),))
        assert kept.unseal(f"{sealed[:-9]}{'A' if sealed[-9] != 'A' else 'B'}{sealed[-8:]}") is None


def form_of_page(client: FlaskClient, path: str) -> list[tuple[str, str]]:
    """The named inputs of the form on a page."""
    form = BeautifulSoup(client.get(path).text, "html.parser").find("form", method="post")
    assert form is not None
    return [(str(field["name"]), str(field.get("value", ""))) for field in form.find_all("input", type="hidden")]
