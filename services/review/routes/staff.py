"""Pages about a staff account: activate it, set up the second factor, log in and out, change the password."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import segno
from flask import Response, flash, make_response, redirect, render_template, request, session

from services.review.app import App
from services.review.domain.account import StaffAccount
from services.review.handlers import accounts as commands
from services.review.routes.at_hand import account, pieces, signed_in, signed_out, to
from services.review.routes.staff_forms import ActivateForm, LoginForm, NumberForm, PasswordForm, PlainForm
from shared.identity import Principal
from shared.trouble import NotThere
from shared.web import kept
from shared.web.access import LoginNeeded, asks, public, who
from shared.web.app import source
from shared.web.forms import answer_form

SETTING_UP = "second_factor_for"
SETTING_UP_LASTS = timedelta(minutes=30)


def _home(roles: frozenset[str]) -> str:
    if roles & {"officer", "administrator"}:
        return "/centre"
    return "/expert" if "expert" in roles else "/province"


@asks("use_staff_account")
def start() -> Response:
    """Send people to where their role begins."""
    person: Principal = who()
    return make_response(redirect(_home(person.roles)))


@public
def activate() -> Response:
    """Spend a code. The link of the letter only opens the form: mail scanners follow links, and spend nothing."""
    form = ActivateForm(data={"code": request.args.get("code", ""), "mobile": request.args.get("mobile", "")})

    def act() -> Response:
        staff = commands.activate(
            pieces(),
            mobile=form.mobile.data,
            code=form.code.data,
            password=form.password.data,
            source=source(),
        )
        flash("账号已激活，密码已设置。", "done")
        return _enter_or_set_up(staff)

    return answer_form(form, "staff/activate.html", act, shortest=commands.SHORTEST_PASSWORD)


@public
def login() -> Response:
    """Log in; a form whose session had expired goes on from here."""
    form = LoginForm()

    def act() -> Response:
        staff = commands.log_in(
            pieces(),
            mobile=form.mobile.data,
            password=form.password.data,
            number=form.number.data or "",
            source=source(),
        )
        return _enter_or_set_up(staff)

    return answer_form(form, "staff/login.html", act)


def _enter_or_set_up(staff: StaffAccount) -> Response:
    """Begin the session, or first set up the second factor."""
    app = pieces()
    if commands.may_enter(app, staff):
        session.pop(SETTING_UP, None)
        return kept.carry_on(signed_in(to(_home(frozenset({staff.role}))), staff))
    commands.offer_second_factor(app, account_id=staff.id)
    session[SETTING_UP] = {"account": staff.id, "password": _mark(staff), "since": app.clock().isoformat()}
    return to("/staff/second-factor")


def _mark(staff: StaffAccount) -> str:
    """Changes with the password, so that what began before a reissued code is over."""
    return staff.password_hash[-12:]


def _setting_up(app: App) -> str:
    """The account that has proved its password and now sets up the second factor."""
    known = session.get(SETTING_UP)
    if not isinstance(known, dict) or app.clock() - datetime.fromisoformat(known["since"]) > SETTING_UP_LASTS:
        raise LoginNeeded("staff")
    staff = app.accounts.find(known["account"])
    if staff is None or staff.totp_confirmed or not staff.totp_sealed or _mark(staff) != known["password"]:
        raise LoginNeeded("staff")
    return staff.id


@public
def second_factor() -> Response:
    """Show the secret, as text and as a picture, until a number proves that the person's app has it."""
    app = pieces()
    account_id = _setting_up(app)
    form = NumberForm()

    def act() -> Response:
        staff = commands.confirm_second_factor(app, account_id=account_id, number=form.number.data)
        session.pop(SETTING_UP, None)
        flash("动态验证码已设置。以后登录时，请同时填写手机应用上显示的6位数字。", "done")
        return signed_in(to(_home(frozenset({staff.role}))), staff)

    offered = commands.second_factor_offered(app, account_id=account_id)
    secret = [offered.secret[at : at + 4] for at in range(0, len(offered.secret), 4)]
    page = answer_form(form, "staff/second_factor.html", act, secret=secret, address=offered.address)
    page.headers["Cache-Control"] = "no-store"
    return page


@public
def second_factor_picture() -> Response:
    """The secret as a QR code."""
    app = pieces()
    try:
        offered = commands.second_factor_offered(app, account_id=_setting_up(app))
    except LoginNeeded:
        raise NotThere() from None
    out = io.BytesIO()
    segno.make(offered.address, error="m").save(
        out, kind="svg", scale=5, border=4, xmldecl=False, light="#ffffff", omitsize=True
    )
    response = make_response(out.getvalue())
    response.content_type = "image/svg+xml"
    response.headers["Cache-Control"] = "no-store"
    return response


@asks("use_staff_account")
def logout() -> Response:
    """Log out, after a press of the button, everywhere."""
    if request.method == "GET":
        return make_response(render_template("staff/logout.html", form=PlainForm()))
    app = pieces()
    commands.log_out(app, account_id=who().id, at=app.clock())
    flash("您已退出登录。", "done")
    return signed_out(to("/staff/login"))


@asks("use_staff_account")
def password() -> Response:
    """Set another password; every other session ends."""
    staff = account()
    form = PasswordForm()

    def act() -> Response:
        changed = commands.change_password(
            pieces(),
            account_id=staff.id,
            present=form.password_present.data,
            password=form.password.data,
            command=form.command,
        )
        flash("密码已更换，其他设备上的登录已退出。", "done")
        return signed_in(to(_home(frozenset({staff.role}))), changed)

    return answer_form(form, "form.html", act, heading="更换密码", button="更换密码", back=("返回", "/staff"))
