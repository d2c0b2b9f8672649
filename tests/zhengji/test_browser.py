"""The play's browser does what a browser does, and never takes a server error for an answer."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from zhengji.play.browser import Broken, Browser, File, Refusal, Value

PAGE = """<!doctype html><html><body><main><h1>注册</h1>
<form method="get" action="/search"><input name="q"></form>
<form method="post" action="/register"><input type="hidden" name="csrf_token" value="t1">
<label for="name">姓名</label><input id="name" name="name" value="旧">
<label for="p">省份</label><select id="p" name="province"><option value="">请选择</option>
<option value="32">江苏省</option></select>
<fieldset><legend>类型</legend>
<input type="radio" id="k1" name="kind" value="a"><label for="k1">中小学</label>
<input type="radio" id="k2" name="kind" value="b" checked><label for="k2">幼儿园</label></fieldset>
<input type="checkbox" id="ok" name="ok" value="y"><label for="ok">同意</label>
<textarea name="text">原文</textarea>
<button name="then" value="go">继续</button><button name="then" value="draft">保存草稿</button></form>
<a href="/next">下一页</a></main></body></html>"""


def a_browser(answer: Callable[[httpx.Request], httpx.Response], *, patience: float = 5) -> Browser:
    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://x.test")
    return Browser(client, patience=patience, pause=lambda _: None)


def test_it_sends_hidden_fields_chosen_options_ticks_and_the_pressed_button() -> None:
    sent: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sent.append(dict(httpx.QueryParams(request.content.decode())))
            return httpx.Response(200, html="<h1>好</h1>")
        return httpx.Response(200, html=PAGE)

    browser = a_browser(answer)
    form = browser.open("/").form(field="姓名")
    values: dict[str, Value] = {"姓名": "王芳", "省份": "江苏省", "类型": "中小学", "ok": True, "text": "新文"}
    page = browser.submit(form, values, button="保存草稿")
    assert page.heading == "好"
    assert sent == [
        {"csrf_token": "t1", "name": "王芳", "province": "32", "kind": "a", "ok": "y", "text": "新文", "then": "draft"}
    ]


def test_it_sends_files() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            bodies.append(request.read())
        return httpx.Response(200, html=PAGE)

    browser = a_browser(answer)
    browser.submit(browser.open("/").form(field="name"), files={"file": File("案例.docx", b"bytes")})
    assert b'name="file"' in bodies[0]
    assert b'name="csrf_token"' in bodies[0]


def test_it_follows_redirects_and_keeps_cookies() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/":
            return httpx.Response(303, headers={"location": "/in", "set-cookie": "author=abc; Path=/"})
        return httpx.Response(200, html=f"<h1>{request.headers.get('cookie')}</h1>")

    page = a_browser(answer).open("/")
    assert (page.path, page.heading) == ("/in", "author=abc")


def test_a_server_error_is_never_an_answer() -> None:
    browser = a_browser(lambda request: httpx.Response(500, html="<main>坏了</main>"))
    with pytest.raises(Broken, match="500"):
        browser.open("/")


def test_it_tries_again_where_nobody_is_home() -> None:
    answers = iter([httpx.Response(502), httpx.Response(503), httpx.Response(200, html="<h1>在</h1>")])
    browser = a_browser(lambda request: next(answers))
    assert (browser.open("/").heading, browser.tries_again) == ("在", 2)


def test_it_gives_up_in_the_end() -> None:
    browser = a_browser(lambda request: httpx.Response(503), patience=0)
    with pytest.raises(Broken, match="503"):
        browser.open("/")


def test_a_field_that_is_not_there_is_said() -> None:
    browser = a_browser(lambda request: httpx.Response(200, html=PAGE))
    form = browser.open("/").form(field="name")
    with pytest.raises(Broken, match="no field 'mobile'"):
        browser.submit(form, {"mobile": "1"})


def test_a_problem_document_is_a_refusal() -> None:
    problem = {"code": "too-big", "detail": "太大"}
    browser = a_browser(lambda request: httpx.Response(422, json=problem))
    with pytest.raises(Refusal, match="太大") as refusal:
        browser.call("POST", "/api", {})
    assert refusal.value.code == "too-big"
