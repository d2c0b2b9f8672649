"""A small app that shows every shared pattern with real words; only tests and screenshots start it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Blueprint, Flask, Response, flash, redirect, render_template, send_from_directory
from markupsafe import Markup
from wtforms import BooleanField, FileField, PasswordField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms import TextAreaField as LongField

from shared.clock import FixedClock
from shared.identity import Principal, SigningKey, Whose, issue_token
from shared.settings import PublicKey, ServiceSettings
from shared.trouble import Conflict, Refused
from shared.web import kept
from shared.web.access import asks, public, who
from shared.web.app import create_web_app
from shared.web.assets import BUILT
from shared.web.forms import (
    ChineseForm,
    Chosen,
    Filled,
    Mail,
    Mobile,
    Ticked,
    WordsAtMost,
    answer_form,
    bare,
    digits,
    pick,
)
from shared.web.frame import Bell, Masthead

NOW = datetime(2024, 10, 14, 1, 17, 18, tzinfo=UTC)
CLOSES = datetime(2024, 10, 15, 16, 0, tzinfo=UTC)
AUTHOR_KEY = SigningKey(kid="author-1", key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
STAFF_KEY = SigningKey(kid="staff-1", key="HxAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0=")
AUTHOR = Principal(kind="author", id="a1", name="王芳", roles=frozenset({"author"}))
OFFICER = Principal(kind="staff", id="s1", name="张伟", roles=frozenset({"officer"}))
PROVINCE = Principal(kind="staff", id="s2", name="刘洋", roles=frozenset({"province"}), province="420000")
TITLE = "“智研共同体”：县域教师数字素养提升的三年实践"
SUMMARY = (
    "本案例立足县域教师数字素养提升，依托国家中小学智慧教育平台，建立“县级统筹、片区协同、校本落地”的三级研修机制，"
    "组织教师围绕真实问题开展常态化研修，形成可复制、可推广的做法。"
)

gallery = Blueprint("gallery", __name__)
PERMISSIONS = {
    "edit_case": {"author": Whose.OWN, "officer": Whose.ALL},
    "decide": {"officer": Whose.ALL, "administrator": Whose.ALL},
}


class SheetForm(ChineseForm):
    """One field of each kind."""

    title = StringField("案例名称", filters=[bare], validators=[Filled(), WordsAtMost(30)])
    name = StringField("姓名", filters=[bare], validators=[Filled()])
    mobile = StringField("手机号", filters=[digits], validators=[Filled(), Mobile()])
    mail = StringField("电子邮箱", validators=[Mail()])
    category = RadioField(
        "案例类别",
        choices=pick(
            ("region", "区域研修应用案例"),
            ("school", "校本研修应用案例"),
            ("studio", "线上名师名校长工作室建设与应用案例"),
        ),
        validators=[Chosen()],
    )
    province = SelectField(
        "所在省份", choices=pick(("", "请选择"), ("420000", "湖北省"), ("510000", "四川省")), validators=[Chosen()]
    )
    kinds = SelectMultipleField("材料类型", choices=pick(("notice", "通知文件"), ("rules", "制度文档")))
    summary = LongField("案例概述", filters=[bare], validators=[Filled(), WordsAtMost(300)])
    document = FileField("案例介绍文档")
    password = PasswordField("密码")
    truth = BooleanField("本人承诺所报送的案例真实、原创，引用内容均已注明出处", validators=[Ticked("请先确认承诺。")])


class LoginForm(ChineseForm):
    """Mobile and password."""

    mobile = StringField("手机号", filters=[digits], validators=[Filled(), Mobile()])
    password = PasswordField("密码", validators=[Filled()])


@gallery.get("/")
@public
def home() -> str:
    """Where somebody not logged in lands."""
    return render_template("gallery_home.html")


@gallery.route("/cases/1", methods=["GET", "POST"])
@asks("edit_case")
def case() -> str:
    """The author's page of one case."""
    return render_template(
        "gallery_case.html",
        bell=Bell(closes=CLOSES, saved_at=NOW - timedelta(hours=3, minutes=13)),
        back=("返回我的案例", "/cases"),
    )


@gallery.route("/cases/1/sheet", methods=["GET", "POST"])
@asks("edit_case")
def sheet() -> Response:
    """A form with every kind of field."""
    form = SheetForm(data={"title": TITLE, "name": who().name, "summary": SUMMARY})

    def act() -> Response:
        if form.title.data == "重复":
            raise Refused("title-taken", "您已有一个同名案例，请换一个名称。", field="title")
        if form.title.data == "关闭":
            raise Refused("closed", "报送已于10月15日23:59:59截止。")
        if form.title.data == "同时":
            raise Conflict
        if form.title.data == "故障":
            raise RuntimeError("the secret inside")
        flash("案例信息表已保存。", "done")
        return make_redirect("/cases/1")

    return answer_form(
        form,
        "form.html",
        act,
        heading="案例信息表",
        button="保存并继续",
        bell=Bell(closes=NOW + timedelta(minutes=42, seconds=7)),
        back=("返回案例", "/cases/1"),
    )


@gallery.get("/cases/1/check")
@asks("edit_case")
def check() -> str:
    """Check answers before submitting."""
    bell = Bell(closes=CLOSES)
    return render_template("gallery_check.html", summary=SUMMARY, bell=bell, back=("返回案例", "/cases/1"))


@gallery.get("/cases/1/receipt")
@asks("edit_case")
def receipt() -> str:
    """The end of a story."""
    return render_template("gallery_receipt.html")


@gallery.get("/centre")
@asks("decide")
def centre() -> str:
    """A list with filters, sorting and pages."""
    rows = [
        [
            {"text": title, "href": "/cases/1"},
            province,
            Markup('<strong class="zj-tag zj-tag--{}">{}</strong>').format(look, state),
            words,
        ]
        for title, province, look, state, words in (
            ("“智研共同体”：县域教师数字素养提升的三年实践", "湖北省", "done", "已完成", 2986),
            ("乡村小规模学校联片教研的组织与实施", "四川省", "doing", "进行中", 2764),
            ("名师工作室线上直播课的设计", "新疆生产建设兵团", "todo", "未开始", 3012),
        )
    ]
    return render_template("gallery_list.html", rows=rows)


@gallery.get("/empty")
@public
def empty() -> str:
    """Nothing here yet."""
    return render_template("gallery_empty.html")


@gallery.route("/login", methods=["GET", "POST"])
@public
def login() -> Response:
    """The author's login, which carries a kept form on."""
    form = LoginForm()

    def act() -> Response:
        if form.password.data != "right-password":
            raise Refused("wrong-password", "手机号或密码不正确，请核对后重新输入。", field="password", status=422)
        response = make_redirect("/cases/1")
        response.set_cookie("author", author_cookie())
        return kept.carry_on(response)

    return answer_form(form, "form.html", act, heading="作者登录", button="登录")


@gallery.get("/assets/<path:name>")
@public
def assets(name: str) -> Response:
    """What nginx serves elsewhere."""
    return send_from_directory(BUILT, name)


def make_redirect(path: str) -> Response:
    """303, as a Response of Flask's own type."""
    response = redirect(path, 303)
    assert isinstance(response, Response)
    return response


def author_cookie(person: Principal = AUTHOR, *, now: datetime = NOW) -> str:
    """A token of the author's issuer, an hour long."""
    return issue_token(person, AUTHOR_KEY, now=now, lasting=timedelta(hours=1))


def staff_cookie(person: Principal = OFFICER, *, now: datetime = NOW) -> str:
    """A token of the staff's issuer, an hour long."""
    return issue_token(person, STAFF_KEY, now=now, lasting=timedelta(hours=1))


def some_settings(**changes: object) -> ServiceSettings:
    """Settings that point nowhere."""
    values: dict[str, object] = {
        "mongo_uri": "mongodb://nowhere",
        "kafka_servers": "nowhere:9092",
        "s3_endpoint": "http://nowhere:9000",
        "s3_public_endpoint": "https://files.example.cn",
        "s3_access_key": "x",
        "s3_secret_key": "x",
        "public_url": "http://localhost",
        "secret_key": "a secret only this gallery knows",
        "author_public_keys": [PublicKey(kid=AUTHOR_KEY.kid, key=AUTHOR_KEY.public())],
        "staff_public_keys": [PublicKey(kid=STAFF_KEY.kid, key=STAFF_KEY.public())],
        "filing_number": "京ICP备00000000号",
    }
    return ServiceSettings.model_validate({**values, **changes})


def masthead() -> Masthead:
    """What the campaign of 2024 says of itself."""
    return Masthead(
        product_name="教师研修应用案例征集",
        subtitle="第二十八届教师活动 · 2024年教师研修专项",
        help_line="010-66490925",
        help_hours="工作日9:00—17:00",
        mailbox="jsyxmoe@163.com",
    )


def gallery_app() -> Flask:
    """The app itself, at a fixed hour."""
    return create_web_app(
        service="gallery",
        settings=some_settings(),
        blueprints=[gallery],
        permissions=PERMISSIONS,
        revoked_before=lambda _: None,
        ready={},
        template_folder=Path(__file__).parent / "templates",
        clock=FixedClock(NOW),
        masthead=masthead,
    )
