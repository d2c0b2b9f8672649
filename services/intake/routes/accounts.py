"""Pages about an author's account: register, sign in and out, correct, change or reset the password."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request, session

from services.intake import queries
from services.intake.domain.account import Account
from services.intake.domain.window import check_registration, in_the_way
from services.intake.handlers import accounts as commands
from services.intake.routes.at_hand import account, closed_page, pieces
from services.intake.routes.forms.accounts import (
    AskResetForm,
    ChangePasswordForm,
    LoginForm,
    ProfileForm,
    RegisterForm,
    ResetForm,
)
from services.intake.routes.forms.fields import PlainForm
from shared.web import kept
from shared.web.access import asks, known_as, public
from shared.web.app import received_at, source
from shared.web.forms import answer_form

COOKIE = "author"


def _signed_in(response: Response, author: Account) -> Response:
    """Give the browser the author's cookie."""
    app = pieces()
    response.set_cookie(
        COOKIE,
        commands.session_token(app, author),
        max_age=int(commands.SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=app.settings.public_url.startswith("https://"),
    )
    return response


def _is_author() -> bool:
    return known_as("author") is not None


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))


@public
def register() -> Response:
    """Make an account, after the privacy notice; the author is signed in at once."""
    app = pieces()
    campaign = app.campaigns.current()
    if closed := in_the_way(lambda: check_registration(campaign, received_at())):
        onward = [("已有账号？作者登录", "/login"), ("返回首页", "/")]
        return closed_page("作者注册", closed, onward=onward)
    form = RegisterForm()
    form.offer(campaign)

    def act() -> Response:
        account_id = commands.register(
            app,
            commands.Register(
                mobile=form.mobile.data,
                password=form.password.data,
                profile=form.profile(),
                privacy_accepted=form.privacy.data,
                received_at=received_at(),
                command=form.command,
            ),
        )
        flash("注册成功。您现在可以填写案例了。", "done")
        return kept.carry_on(_signed_in(_to("/cases"), app.accounts.get(account_id)))

    return answer_form(form, "register.html", act, campaign=campaign)


@public
def login() -> Response:
    """Sign in; a form whose session had expired goes on from here."""
    if request.method == "GET" and not kept.luggage() and _is_author():
        return _to("/cases")
    app = pieces()
    form = LoginForm()

    def act() -> Response:
        author = commands.sign_in(
            app, commands.SignIn(mobile=form.mobile.data, password=form.password.data, source=source())
        )
        return kept.carry_on(_signed_in(_to("/cases"), author))

    return answer_form(form, "login.html", act)


@public
def logout() -> Response:
    """Sign out, after a press of the button."""
    if request.method == "GET":
        if not _is_author():
            return _to("/")
        return make_response(render_template("logout.html", form=PlainForm()))
    author = known_as("author")
    if author is not None:
        commands.log_out(pieces(), author.id)
    flash("您已退出登录，其他设备上的登录也已退出。", "done")
    response = _to("/")
    response.delete_cookie(COOKIE, samesite="Lax", httponly=True)
    return response


@asks("own_account")
def my_account() -> Response:
    """See and correct what one said about oneself."""
    app, author = pieces(), account()
    campaign = app.campaigns.current()
    submitted = [case for case in queries.my_cases(app, author.id) if case.number]
    is_over = campaign.windows.submission.has_closed(app.clock())
    form = ProfileForm(obj=author.profile)
    form.offer(campaign)

    def act() -> Response:
        commands.correct_profile(
            app,
            commands.CorrectProfile(
                account_id=author.id, profile=form.profile(), received_at=received_at(), command=form.command
            ),
        )
        flash(
            f"账号资料已保存。{_what_follows(author, form.province.data) if submitted and not is_over else ''}", "done"
        )
        return _to("/account")

    moves = queries.moves(author.moves, campaign)
    return answer_form(form, "account.html", act, account=author, submitted=submitted, is_over=is_over, moves=moves)


def _what_follows(before: Account, province: str) -> str:
    if province != before.profile.province:
        return "已报送的案例随之转到新的省份，很快会有新的版本和回执。"
    return "已报送的案例仍按原资料保存；需要更新的，请在截止前重新报送。"


@asks("own_account")
def change_password() -> Response:
    """Set another password; every other session ends."""
    app, author = pieces(), account()
    form = ChangePasswordForm()

    def act() -> Response:
        changed = commands.change_password(
            app,
            commands.ChangePassword(
                account_id=author.id,
                present=form.password_present.data,
                new=form.password_new.data,
                command=form.command,
                source=source(),
            ),
        )
        flash("密码已更换，其他设备上的登录已退出。", "done")
        return _signed_in(_to("/account"), changed)

    return answer_form(form, "form.html", act, heading="更换密码", button="更换密码", back=("返回账号", "/account"))


@public
def forgot() -> Response:
    """Ask for a code by mail; the answer tells nobody which mobiles have accounts."""
    app = pieces()
    form = AskResetForm()

    def act() -> Response:
        commands.ask_reset(app, commands.AskReset(mobile=form.mobile.data, command=form.command))
        session["reset_mobile"] = form.mobile.data
        flash("如果这个手机号已注册并填写了电子邮箱，验证码已发往该邮箱，30分钟内有效。", "done")
        return _to("/login/reset")

    lead = "我们会把验证码发到您注册时填写的电子邮箱。没有填写邮箱的，请致电服务热线。"
    return answer_form(
        form, "form.html", act, heading="忘记密码", button="发送验证码", lead=lead, back=("返回登录", "/login")
    )


@public
def reset() -> Response:
    """Set another password by the code from the mail."""
    app = pieces()
    form = ResetForm(data={"mobile": session.get("reset_mobile", "")})

    def act() -> Response:
        commands.reset_password(
            app,
            commands.ResetPassword(
                mobile=form.mobile.data,
                code=form.code.data,
                new=form.password_new.data,
                command=form.command,
                source=source(),
            ),
        )
        flash("密码已重新设置，请登录。", "done")
        return _to("/login")

    return answer_form(form, "form.html", act, heading="重新设置密码", button="设置新密码", back=("返回登录", "/login"))
