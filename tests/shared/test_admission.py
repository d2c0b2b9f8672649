"""What people read when too many come: their place in line, and that nothing they typed is lost."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, jsonify, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shared.trouble import Away
from shared.web.access import public
from shared.web.admission import hands_in, saves_every, takes_files
from shared.web.app import received_at
from shared.web.crowding import INTERVAL, Importance
from shared.web.waited import WAITED
from tests.browser.gallery import AUTHOR, NOW, author_cookie
from tests.shared.test_crowding import Process, arrivals
from tests.shared.test_web_app import an_app

STAMP = f"{NOW.timestamp():.3f}"


def views() -> Blueprint:
    """One of each importance."""
    blueprint = Blueprint("crowd", __name__)

    @blueprint.route("/front", methods=["GET", "POST"])
    @public
    def front() -> Response:
        return jsonify(came=received_at().isoformat(), words=request.form.get("words"))

    @blueprint.get("/login")
    @public
    def login() -> str:
        return "the login page"

    @blueprint.get("/login/elsewhere")
    @public
    def elsewhere() -> str:
        return "a page like others"

    @blueprint.post("/draft")
    @public
    def draft() -> Response:
        return jsonify(save_every=saves_every())

    @blueprint.route("/hand-in", methods=["GET", "POST"])
    @public
    @hands_in
    def hand_in() -> Response:
        if request.form.get("words") == "away" and "came" in request.form:
            raise Away("mongodb")
        return jsonify(came=received_at().isoformat())

    @blueprint.post("/file")
    @public
    @takes_files
    def file() -> Response:
        return jsonify()

    return blueprint


class Crowd:
    """An app in a process that serves fifty a second, and ever so many who come."""

    def __init__(self) -> None:
        self.app: Flask = an_app(blueprint=views())
        self.app.config["WTF_CSRF_METHODS"] = []
        self.process = Process(speed=50.0)
        self.app.extensions["zhengji.gate"] = self.process.gate

    def come(self, rates: dict[Importance, int], *, seconds: float = 20.0) -> None:
        """So many each second, by chance."""
        chance, begin = Random(3), self.process.now
        coming = [
            (begin + at, each, f"{int((NOW.timestamp() + begin + at) * 1000):014d}-{each}-{number}")
            for each, rate in rates.items()
            for number, at in enumerate(arrivals(rate, seconds, chance))
        ]
        self.process.work_off(coming, until=begin + seconds)
        self.app.extensions["zhengji.clock"].at = NOW + timedelta(seconds=self.process.now)

    def visitor(self, name: str = "") -> FlaskClient:
        """A browser; with a name, of an author who is signed in."""
        client = self.app.test_client()
        if name:
            client.set_cookie("author", author_cookie(replace(AUTHOR, id=name)))
        return client

    def go(self) -> None:
        """Everybody has gone again."""
        for _ in range(600):
            self.process.now += INTERVAL
            self.process.gate.saw(0.0)
            self.process.gate.turns_away(Importance.WORKING, visitor="x")


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    """Inside a thread for which every request waited a moment."""
    token = WAITED.set(0.2)
    yield Crowd()
    WAITED.reset(token)


@pytest.fixture
def visitor(crowd: Crowd) -> FlaskClient:
    """A browser without any cookie."""
    return crowd.app.test_client()


HEAVY = {Importance.HANDING_IN: 4, Importance.WORKING: 4, Importance.BROWSING: 200, Importance.SAVING_BY_ITSELF: 100}
HEAVIER = {Importance.HANDING_IN: 300, Importance.WORKING: 100, Importance.BROWSING: 100}
IN_CHINESE = {"X-Received-At": STAMP, "Accept": "text/html"}


def test_who_browses_reads_how_many_are_ahead_and_when_the_page_asks_again(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    answer = visitor.get("/front?page=2", headers=IN_CHINESE)
    assert answer.status_code == 429
    seconds = answer.headers["Retry-After"]
    assert f"本页会在{seconds}秒后自动重试" in answer.text
    assert f'data-come-again="{seconds}"' in answer.text
    assert f'<noscript><meta http-equiv="refresh" content="{seconds}"></noscript>' in answer.text
    assert '<a class="govuk-link" href="/front?page=2">现在重试</a>' in answer.text
    assert ahead(answer) > 10
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<a class="govuk-link" href="/login">作者登录</a>' in answer.text


def ahead(answer: TestResponse) -> int:
    found = re.search(r"您前面约有<strong>(\d+)</strong>人", answer.text)
    assert found, answer.text
    return int(found[1])


def test_asking_again_keeps_the_place_and_coming_later_is_behind(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    first = ahead(visitor.get("/front", headers=IN_CHINESE))
    crowd.come(HEAVY, seconds=5)
    assert ahead(visitor.get("/front", headers=IN_CHINESE)) <= first + 1  # somebody came in the same millisecond
    assert ahead(crowd.app.test_client().get("/front", headers=IN_CHINESE)) > first


def test_a_place_that_we_did_not_give_counts_for_nothing(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    visitor.set_cookie("place_tried", "00000000000000-first")
    assert ahead(visitor.get("/front", headers=IN_CHINESE)) > 10


def test_a_place_in_line_is_no_pass(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    visitor.get("/front", headers=IN_CHINESE)
    place = visitor.get_cookie("place_tried")
    assert place is not None
    visitor.set_cookie("pass_tried", place.value)
    assert visitor.get("/front", headers=IN_CHINESE).status_code == 429


def test_a_place_lets_one_in_and_a_pass_is_good_at_one_address(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    visitor.get("/front", headers=IN_CHINESE)
    place = visitor.get_cookie("place_tried")
    assert place is not None
    let_in(crowd, visitor)
    crowd.come(HEAVY, seconds=30)
    friend = crowd.app.test_client()
    friend.set_cookie("place_tried", place.value)
    assert ahead(friend.get("/front", headers=IN_CHINESE)) > 10
    given = visitor.get_cookie("pass_tried")
    assert given is not None
    friend.set_cookie("pass_tried", given.value)
    friend.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert friend.get("/front", headers=IN_CHINESE).status_code == 429
    assert visitor.get("/front", headers=IN_CHINESE).status_code == 200


def let_in(crowd: Crowd, visitor: FlaskClient) -> None:
    """The others of the line have gone; it is this visitor's turn."""
    for _ in range(200):
        crowd.process.now += 1.0
        if visitor.get("/front", headers=IN_CHINESE).status_code == 200:
            return
    pytest.fail("never let in")


def test_who_was_let_in_goes_on_while_others_wait(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    assert visitor.get("/front", headers=IN_CHINESE).status_code == 429
    let_in(crowd, visitor)
    assert visitor.get("/front", headers=IN_CHINESE).status_code == 200
    crowd.go()
    assert crowd.app.test_client().get("/front", headers=IN_CHINESE).status_code == 200


def test_the_signed_in_go_on_while_strangers_wait(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    visitor.set_cookie("author", author_cookie(AUTHOR))
    assert visitor.get("/front", headers=IN_CHINESE).status_code == 200
    visitor.set_cookie("author", "forged")
    assert visitor.get("/front", headers=IN_CHINESE).status_code == 429


def test_who_wants_to_sign_in_stands_in_no_line(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    assert visitor.get("/front", headers=IN_CHINESE).status_code == 429
    assert visitor.get("/login", headers=IN_CHINESE).text == "the login page"
    assert visitor.get("/login/elsewhere", headers=IN_CHINESE).status_code == 429


def test_what_saves_itself_is_told_to_wait_and_to_come_less_often(crowd: Crowd, visitor: FlaskClient) -> None:
    how: dict[str, Any] = {"headers": {"Accept": "application/json"}, "data": {"words": "草稿"}}
    assert visitor.post("/draft", **how).json == {"save_every": 15}
    crowd.come(HEAVY)
    answer = visitor.post("/draft", **how)
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert answer.json is not None
    assert (answer.json["code"], answer.json["retry_after"]) == ("crowded", 120)
    assert answer.headers["Retry-After"] == "120"


def test_handing_in_goes_on_while_all_else_waits(crowd: Crowd) -> None:
    crowd.come(HEAVY)
    for number in range(50):
        visitor = crowd.visitor(f"author-{number}")
        assert visitor.post("/hand-in", data={}, headers=IN_CHINESE).status_code == 200
        assert visitor.get("/hand-in", headers=IN_CHINESE).status_code == 200


def test_a_stranger_hands_nothing_in(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVY)
    assert visitor.get("/hand-in", headers=IN_CHINESE).status_code == 429


def test_uploads_are_never_turned_away(crowd: Crowd) -> None:
    crowd.come(HEAVIER)
    for number in range(50):
        assert crowd.visitor(f"author-{number}").post("/file", data={}, headers=IN_CHINESE).status_code == 200


def posted(
    crowd: Crowd, path: str, words: str, headers: dict[str, str], *, signed_in: bool = True
) -> tuple[FlaskClient, TestResponse]:
    """Post, each time as somebody else, until it is turned away: some are let in even now."""
    for number in range(300):
        visitor = crowd.visitor(f"author-{number}" if signed_in else "")
        visitor.environ_base["REMOTE_ADDR"] = f"192.0.2.{number % 250}"
        answer = visitor.post(path, data={"words": words}, headers=headers)
        if answer.status_code == 429:
            return visitor, answer
    pytest.fail(f"never turned away: {crowd.process.gate.shares}")


def came(answer: TestResponse) -> str:
    found = re.search(r'name="came" value="([^"]+)"', answer.text)
    assert found, answer.text
    return html.unescape(found[1])


@pytest.mark.parametrize("path", ["/front", "/hand-in"])
def test_a_form_that_is_turned_away_comes_back_whole_and_counts_from_then(crowd: Crowd, path: str) -> None:
    crowd.come(HEAVIER)
    visitor, answer = posted(crowd, path, "我们的研修", IN_CHINESE)
    assert "您填写的内容已保留" in answer.text
    assert "接收时间按您这一次提交计算" in answer.text
    assert '<input type="hidden" name="words" value="我们的研修">' in answer.text
    token = came(answer)
    again = {"words": "我们的研修", "came": token}
    assert visitor.post(path, data=again, headers=IN_CHINESE).status_code == 200, "turned away twice"
    crowd.go()
    later = {**IN_CHINESE, "X-Received-At": f"{(NOW + timedelta(minutes=3)).timestamp():.3f}"}
    assert json_of(visitor.post(path, data=again, headers=later))["came"] == NOW.isoformat()
    changed = {"words": "截止后改写的", "came": token}
    assert json_of(visitor.post(path, data=changed, headers=later))["came"] != NOW.isoformat()
    elsewhere = "/front" if path == "/hand-in" else "/hand-in"
    assert json_of(visitor.post(elsewhere, data=again, headers=later))["came"] != NOW.isoformat()
    much_later = {**IN_CHINESE, "X-Received-At": f"{(NOW + timedelta(minutes=11)).timestamp():.3f}"}
    assert json_of(visitor.post(path, data=again, headers=much_later))["came"] != NOW.isoformat()
    forged = {"words": "我们的研修", "came": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")}
    assert json_of(visitor.post(path, data=forged, headers=later))["came"] != NOW.isoformat()


def json_of(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


def test_what_stands_in_the_way_afterwards_takes_the_time_of_arrival_along(crowd: Crowd) -> None:
    """A database that is away for a moment, an expired page: the page that keeps the form keeps that, too."""
    crowd.come(HEAVIER)
    visitor, answer = posted(crowd, "/hand-in", "away", IN_CHINESE)
    token = came(answer)
    later = {**IN_CHINESE, "X-Received-At": f"{(NOW + timedelta(minutes=1)).timestamp():.3f}"}
    away = visitor.post("/hand-in", data={"words": "away", "came": token}, headers=later)
    assert away.status_code == 503
    assert came(away) == token


def test_strangers_and_staff_are_promised_nothing(crowd: Crowd) -> None:
    crowd.come(HEAVIER)
    _, answer = posted(crowd, "/front", "一", IN_CHINESE, signed_in=False)
    assert "您填写的内容已保留" in answer.text
    assert "接收时间" not in answer.text
    assert 'name="came"' not in answer.text


def test_a_login_that_is_turned_away_keeps_what_it_carries_for_another_page(crowd: Crowd) -> None:
    crowd.come(HEAVIER)
    for number in range(300):
        visitor = crowd.visitor()
        visitor.environ_base["REMOTE_ADDR"] = f"192.0.2.{number % 250}"
        data = {"mobile": "13800001234", "password": "secret-secret", "kept": "sealed elsewhere", "next": "/x"}
        answer = visitor.post("/front", data=data, headers=IN_CHINESE)
        if answer.status_code == 429:
            break
    assert '<input type="hidden" name="kept" value="sealed elsewhere">' in answer.text
    assert '<input type="hidden" name="next" value="/x">' in answer.text
    assert '<input type="hidden" name="mobile" value="13800001234">' in answer.text
    assert "secret-secret" not in answer.text


def test_when_nobody_waits_nobody_is_turned_away(visitor: FlaskClient) -> None:
    WAITED.set(0.0)
    for _ in range(100):
        assert visitor.get("/front", headers=IN_CHINESE).status_code == 200


def test_the_probes_are_always_answered(crowd: Crowd, visitor: FlaskClient) -> None:
    crowd.come(HEAVIER)
    for _ in range(20):
        assert visitor.get("/healthz").status_code == 200
        assert "zhengji_http_standing_wait_seconds" in visitor.get("/metrics").text
