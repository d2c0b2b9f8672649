"""Nothing that no reader sees gets in: not by a form, an address or a body of the API."""

from __future__ import annotations

import json

import pytest
import wtforms
from flask import Blueprint, Flask, Response, jsonify, request
from wtforms import FormField, StringField, TextAreaField

from shared.text import is_mail_address, legible, one_line
from shared.web.access import public
from shared.web.api import UnfitBody, body
from shared.web.forms import ChineseForm, Mail, Rows, bare
from tests.browser.gallery import gallery_app
from tests.shared.test_web_app import Wish, an_app


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("王芳", "王芳"),
        ("题\x01\x0b尾\ufffe", "题\n尾"),
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("a\x00b\x7f\x9fc", "abc"),
        ("\ud800半个", "半个"),
        ("\ufeff头\u202e反\u2066了", "头反了"),
        ("\U0001ffff\ufdd0完", "完"),
        ("艾力·买买提 Ä𠮷👨‍👩‍👧", "艾力·买买提 Ä𠮷👨‍👩‍👧"),
        ("一\t二", "一\t二"),
    ],
)
def test_text_is_kept_without_what_is_none(written: str, kept: str) -> None:
    assert legible(written) == kept
    assert one_line(written) == kept.replace("\n", " ").replace("\t", " ")


@pytest.mark.parametrize("address", ["wang@example.com", "a.b+c@x-y.edu.cn", "1@qq.com"])
def test_addresses_that_mail_servers_take(address: str) -> None:
    assert is_mail_address(address)


@pytest.mark.parametrize(
    "address",
    ["<x>,y@z.cn", "a\x00b@c.d", "中文@中文.中国", "a@b", "a b@c.cn", "a@b.cn\n", "a;b@c.cn", "a@@b.cn", "@b.cn"],
)
def test_addresses_that_they_do_not(address: str) -> None:
    assert not is_mail_address(address)


def _echo() -> Blueprint:
    blueprint = Blueprint("echo", __name__)

    @blueprint.get("/args")
    @public
    def args() -> Response:
        return jsonify(q=request.args.get("q"), all=request.args.getlist("each"))

    @blueprint.get("/named")
    @public
    def named() -> Response:
        return Response("x", headers={"Content-Disposition": 'attachment; filename="附表1.docx"'})

    return blueprint


def test_the_fields_of_an_address_are_legible() -> None:
    client = an_app(blueprint=_echo()).test_client()
    assert client.get("/args?q=a%00b&each=%01x&each=y").json == {"q": "ab", "all": ["x", "y"]}


@pytest.mark.parametrize(("sent", "kept"), [("a\x00b\x01", "ab"), ("王芳", "王芳"), ("\ud800半", "半")])
def test_the_texts_of_a_body_are_legible(sent: str, kept: str) -> None:
    with an_app(blueprint=_echo()).test_request_context(data=json.dumps({"title": sent, "number": 3})):
        assert body(Wish) == Wish(title=kept, number=3)


@pytest.mark.parametrize("sent", [b"{", b"[" * 60_000, b'{"title": "x", "number": 1e999}', b"\xff"])
def test_a_body_that_cannot_be_read_is_refused(sent: bytes) -> None:
    with an_app(blueprint=_echo()).test_request_context(data=sent), pytest.raises(UnfitBody):
        body(Wish)


def test_a_header_that_no_server_sends_is_an_error_of_ours_and_logged_as_one() -> None:
    assert an_app(blueprint=_echo()).test_client().get("/named").status_code == 500


class OneOfMany(wtforms.Form):  # type: ignore[misc] # wtforms ships no types
    """A form within a form."""

    class Meta:
        """As the form around it."""

        bind_field = ChineseForm.Meta.bind_field

    name = StringField("姓名", filters=[bare])


class TypedForm(ChineseForm):
    """Lines, a text and a list."""

    title = StringField("名称", filters=[bare])
    text = TextAreaField("概述", filters=[bare])
    email = StringField("电子邮箱", validators=[Mail()])
    people = Rows(FormField(OneOfMany), min_entries=1, max_entries=3)


@pytest.fixture
def app() -> Flask:
    """An app whose forms need no token."""
    app = gallery_app()
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def typed(app: Flask, **fields: str) -> TypedForm:
    with app.test_request_context("/", method="POST", data=fields):
        form = TypedForm()
        form.validate()
        return form


def test_a_line_holds_one_line_and_a_text_keeps_its_lines(app: Flask) -> None:
    form = typed(app, title="题\x01\r\nBcc: x", text="一\r\n二\x00", **{"people-0-name": "张\x01三\n"})
    assert (form.title.data, form.text.data) == ("题 Bcc: x", "一\n二")
    assert form.people[0].form.name.data == "张三"


@pytest.mark.parametrize(
    "name", ["people-²-name", f"people-{'9' * 5000}-name", "people--name", "people-x", "people-٣-name"]
)
def test_a_tampered_number_in_a_list_is_nobodys(app: Flask, name: str) -> None:
    form = typed(app, **{name: "x", "people-0-name": "王芳"})
    assert [entry.form.name.data for entry in form.people] == ["王芳"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("中文@中文.中国", "电子邮箱只能使用英文字母、数字和英文符号，例如name@example.com。"),
        ("<x>,y@z.cn", "电子邮箱格式不正确，例如name@example.com。"),
    ],
)
def test_an_address_that_would_bounce_is_said_at_the_form(app: Flask, address: str, message: str) -> None:
    assert typed(app, email=address).email.errors == [message]
