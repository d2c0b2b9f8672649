"""The web frame: headers, probes, the promise of every view, problems and error pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, jsonify
from flask.testing import FlaskClient
from pydantic import BaseModel

from shared.clock import FixedClock
from shared.identity import Principal, Whose
from shared.trouble import Away, Conflict, Forbidden, NotThere, Refused
from shared.web.access import asks, public, somebody, who, whose
from shared.web.api import body
from shared.web.app import create_web_app, received_at
from tests.browser.gallery import (
    AUTHOR,
    NOW,
    PROVINCE,
    author_cookie,
    masthead,
    some_settings,
    staff_cookie,
)

TABLE = {
    "read": {"author": Whose.OWN, "province": Whose.PROVINCE, "officer": Whose.ALL},
    "decide": {"officer": Whose.ALL},
}


class Wish(BaseModel):
    """A body of the API."""

    title: str
    number: int


def views() -> Blueprint:
    """One view for each thing that is tried."""
    blueprint = Blueprint("tried", __name__)

    @blueprint.get("/read")
    @asks("read")
    def read() -> Response:
        return jsonify(who=who().id, whose=sorted(whose()))

    @blueprint.get("/api/read")
    @asks("read")
    def api_read() -> Response:
        return jsonify(who=who().id)

    @blueprint.get("/decide")
    @asks("decide")
    def decide() -> Response:
        return jsonify(who=who().id)

    @blueprint.get("/greet")
    @public
    def greet() -> Response:
        person = somebody()
        return jsonify(who=person.id if person else None)

    @blueprint.get("/received")
    @public
    def received() -> Response:
        return jsonify(at=received_at().isoformat())

    @blueprint.post("/api/wish")
    @public
    def wish() -> Response:
        return jsonify(title=body(Wish).title)

    @blueprint.get("/trouble/<kind>")
    @blueprint.get("/api/trouble/<kind>")
    @public
    def trouble(kind: str) -> Response:
        raise TROUBLES[kind]

    return blueprint


TROUBLES: Mapping[str, Exception] = {
    "refused": Refused("quota-full", "本省推荐名额200个已用完。", field="case"),
    "not-there": NotThere(),
    "forbidden": Forbidden(),
    "conflict": Conflict("someone was faster"),
    "away": Away("mongodb"),
    "bug": RuntimeError("the secret inside"),
}


def an_app(
    *,
    ready: Mapping[str, Callable[[], None]] | None = None,
    blueprint: Blueprint | None = None,
    revoked_before: Callable[[Principal], datetime | None] = lambda _: None,
    at: datetime = NOW,
    **settings: Any,
) -> Flask:
    """The app under test."""
    return create_web_app(
        service="tried",
        settings=some_settings(**settings),
        blueprints=[blueprint or views()],
        permissions=TABLE,
        revoked_before=revoked_before,
        ready=ready or {},
        template_folder=Path(__file__).parent,
        clock=FixedClock(at),
        masthead=masthead,
    )


@pytest.fixture
def client() -> FlaskClient:
    """A browser without any cookie."""
    return an_app().test_client()


def test_every_answer_bears_a_strict_policy(client: FlaskClient) -> None:
    headers = client.get("/greet").headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self' https://files.example.cn",
        "img-src": "'self' https://files.example.cn",
        "media-src": "'self' https://files.example.cn",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_over_https_cookies_are_secure_and_the_browser_is_told_to_stay() -> None:
    headers = an_app(public_url="https://zhengji.example.cn").test_client().get("/greet").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_what_a_known_person_sees_is_not_kept_by_caches(client: FlaskClient) -> None:
    assert client.get("/greet").headers["Cache-Control"] == "no-cache"
    client.set_cookie("author", author_cookie())
    assert client.get("/greet").headers["Cache-Control"] == "no-store"


def test_the_correlation_id_of_the_door_is_taken_and_returned(client: FlaskClient) -> None:
    assert client.get("/greet", headers={"X-Request-Id": "abcd-1234-abcd"}).headers["X-Request-Id"] == "abcd-1234-abcd"


@pytest.mark.parametrize("given", ["", "short", 'has"quotes and spaces', "x" * 65])
def test_an_unfit_correlation_id_is_replaced(client: FlaskClient, given: str) -> None:
    made = client.get("/greet", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert made != given
    assert len(made) == 32


def test_healthz_says_alive_and_readyz_names_what_is_missing() -> None:
    def gone() -> None:
        raise ConnectionError("10.0.0.7 refused the password hunter2")

    client = an_app(ready={"mongodb": gone, "storage": lambda: None}).test_client()
    assert client.get("/healthz").get_json() == {"alive": True, "service": "tried"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (
        503,
        {"ready": False, "service": "tried", "missing": {"mongodb": "ConnectionError"}},
    )


def test_readyz_is_content_when_nothing_is_missing() -> None:
    answer = an_app(ready={"mongodb": lambda: None}).test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"ready": True, "service": "tried", "missing": {}})


def test_requests_are_counted_by_route_not_by_address(client: FlaskClient) -> None:
    client.get("/trouble/not-there")
    client.get("/wp-admin.php")
    text = client.get("/metrics").text
    assert 'zhengji_http_requests_total{method="GET",route="/trouble/<kind>",service="tried",status="404"}' in text
    assert 'zhengji_http_requests_total{method="GET",route="unmatched",service="tried",status="404"}' in text
    assert "wp-admin" not in text


def test_a_view_without_a_mark_stops_the_start() -> None:
    blueprint = Blueprint("silent", __name__)
    blueprint.add_url_rule("/silent", "view", lambda: "hello")
    with pytest.raises(AssertionError, match=r"silent\.view"):
        an_app(blueprint=blueprint)


def test_a_view_that_asks_for_an_unknown_action_stops_the_start() -> None:
    blueprint = Blueprint("odd", __name__)
    blueprint.add_url_rule("/odd", "view", asks("fly")(lambda: "hello"))
    with pytest.raises(AssertionError, match="fly"):
        an_app(blueprint=blueprint)


def test_a_page_sends_strangers_to_the_login_of_its_kind(client: FlaskClient) -> None:
    answer = client.get("/read?page=2")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=%2Fread%3Fpage%3D2")
    assert client.get("/decide").headers["Location"] == "/staff/login?next=%2Fdecide"


def test_who_asks_decides_over_whose_things(client: FlaskClient) -> None:
    client.set_cookie("author", author_cookie())
    assert client.get("/read").get_json() == {"who": "a1", "whose": ["own"]}
    client.set_cookie("staff", staff_cookie(PROVINCE))
    assert client.get("/read").get_json() == {"who": "s2", "whose": ["province"]}


def test_somebody_who_may_not_is_told_so(client: FlaskClient) -> None:
    client.set_cookie("staff", staff_cookie(PROVINCE))
    answer = client.get("/decide")
    assert answer.status_code == 403
    assert "您没有进行这一操作的权限" in answer.text


def test_an_author_who_opens_a_page_of_the_staff_is_sent_to_their_login(client: FlaskClient) -> None:
    client.set_cookie("author", author_cookie())
    assert client.get("/decide").headers["Location"] == "/staff/login?next=%2Fdecide"


@pytest.mark.parametrize(
    ("cookie", "value"),
    [("author", "forged"), ("author", staff_cookie()), ("staff", author_cookie()), ("author", "")],
)
def test_a_forged_or_misplaced_token_is_no_login(client: FlaskClient, cookie: str, value: str) -> None:
    client.set_cookie(cookie, value)
    assert client.get("/greet").get_json() == {"who": None}


def test_an_expired_token_is_no_login() -> None:
    client = an_app(at=NOW + timedelta(hours=2)).test_client()
    client.set_cookie("author", author_cookie())
    assert client.get("/greet").get_json() == {"who": None}


@pytest.mark.parametrize(("before", "seen"), [(NOW, "a1"), (NOW + timedelta(seconds=1), None)])
def test_a_revoked_session_is_no_login(before: datetime, seen: str | None) -> None:
    client = an_app(revoked_before=lambda person: before if person.id == AUTHOR.id else None).test_client()
    client.set_cookie("author", author_cookie())
    assert client.get("/greet").get_json() == {"who": seen}


def test_a_missing_database_is_reported_even_to_those_whose_session_it_would_confirm() -> None:
    def away(_: Principal) -> datetime | None:
        raise Away("mongodb")

    client = an_app(revoked_before=away).test_client()
    client.set_cookie("author", author_cookie())
    answer = client.get("/read")
    assert (answer.status_code, "服务暂时无法使用" in answer.text) == (503, True)
    assert client.get("/nowhere").status_code == 404


def test_the_door_says_when_a_request_was_received() -> None:
    client = an_app().test_client()
    stamped = client.get("/received", headers={"X-Received-At": "1729007999.987"}).get_json()
    assert stamped == {"at": "2024-10-15T15:59:59.987000+00:00"}
    assert client.get("/received").get_json() == {"at": NOW.isoformat()}


def test_the_header_is_ignored_where_no_door_sets_it() -> None:
    client = an_app(trust_door=False).test_client()
    assert client.get("/received", headers={"X-Received-At": "1729007999.987"}).get_json() == {"at": NOW.isoformat()}


@pytest.mark.parametrize("given", ["yesterday", "1729007999,987", "-5", "99999999999999.000", ""])
def test_an_unfit_stamp_is_no_stamp(client: FlaskClient, given: str) -> None:
    assert client.get("/received", headers={"X-Received-At": given}).get_json() == {"at": NOW.isoformat()}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("refused", 422, "quota-full"),
        ("not-there", 404, "not-there"),
        ("forbidden", 403, "forbidden"),
        ("conflict", 409, "conflict"),
        ("away", 503, "away"),
        ("bug", 500, "bug"),
    ],
)
def test_programs_get_a_problem_document(client: FlaskClient, kind: str, status: int, code: str) -> None:
    answer = client.get(f"/api/trouble/{kind}")
    problem = json.loads(answer.text)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert problem["type"] == f"urn:zhengji:problem:{code}"
    assert (problem["status"], problem["code"], problem["instance"]) == (status, code, f"/api/trouble/{kind}")
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert "secret" not in answer.text


def test_a_refusal_names_its_field(client: FlaskClient) -> None:
    problem = json.loads(client.get("/api/trouble/refused").text)
    assert problem["errors"] == [{"field": "case", "detail": "本省推荐名额200个已用完。"}]


def test_a_page_asked_for_as_json_answers_as_json(client: FlaskClient) -> None:
    answer = client.get("/trouble/not-there", headers={"Accept": "application/json"})
    assert answer.content_type == "application/problem+json"
    login = client.get("/read", headers={"Accept": "application/json"})
    assert (login.status_code, json.loads(login.text)["login"]) == (401, "/login")


@pytest.mark.parametrize(
    ("path", "method", "status", "heading"),
    [
        ("/nowhere", "GET", 404, "没有找到这个页面"),
        ("/trouble/not-there", "GET", 404, "没有找到这个页面"),
        ("/trouble/forbidden", "GET", 403, "您没有权限"),
        ("/greet", "DELETE", 405, "不支持这样的操作"),
        ("/trouble/conflict", "GET", 409, "内容刚刚被更新"),
        ("/trouble/refused", "GET", 422, "提交的内容有误"),
        ("/trouble/bug", "GET", 500, "系统出现问题"),
        ("/trouble/away", "GET", 503, "服务暂时无法使用"),
    ],
)
def test_people_get_a_page_that_says_what_to_do(
    client: FlaskClient, path: str, method: str, status: int, heading: str
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert f'<h1 class="govuk-heading-l">{heading}</h1>' in answer.text
    assert "010-66490925" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_fault_shows_the_number_to_quote(client: FlaskClient) -> None:
    answer = client.get("/trouble/bug")
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_dependency_that_is_away_says_when_to_come_back(client: FlaskClient) -> None:
    assert client.get("/trouble/away").headers["Retry-After"] == "10"


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        (b'{"title": "x"}', [{"field": "number", "detail": "缺少这一项。"}]),
        (
            b'{"title": 1, "number": "x"}',
            [
                {"field": "title", "detail": "应为文字。"},
                {"field": "number", "detail": "应为整数。"},
            ],
        ),
        (b"{not json", [{"field": "", "detail": "不是有效的 JSON。"}]),
        (b"", [{"field": "", "detail": "不是有效的 JSON。"}]),
    ],
)
def test_an_unfit_body_names_each_field_and_no_value(sent: bytes, errors: list[dict[str, str]]) -> None:
    client = an_app().test_client()
    answer = client.post("/api/wish", data=sent, headers=csrf_headers(client))
    assert (answer.status_code, json.loads(answer.text)["errors"]) == (422, errors)


def test_the_api_refuses_a_post_without_the_page_token(client: FlaskClient) -> None:
    answer = client.post("/api/wish", json={"title": "x", "number": 1})
    assert (answer.status_code, json.loads(answer.text)["code"]) == (400, "page-expired")


def csrf_headers(client: FlaskClient) -> dict[str, str]:
    """The header a script takes from the page's meta element."""
    client.set_cookie("author", author_cookie())
    page = client.get("/nowhere").text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    return {"X-CSRFToken": token}


def test_the_body_limit_answers_in_chinese() -> None:
    client = an_app().test_client()
    headers = csrf_headers(client)
    answer = client.post("/api/wish", data=b"x" * (2 * 1024 * 1024 + 1), headers=headers)
    assert (answer.status_code, json.loads(answer.text)["title"]) == (413, "提交的内容过大")
