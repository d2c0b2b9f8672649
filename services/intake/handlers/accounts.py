"""Commands on accounts: register, sign in, correct, change and reset a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from services.intake.app import App
from services.intake.domain.account import (
    Account,
    Profile,
    check_password,
    reset_wrong,
    sign_in_wrong,
)
from services.intake.domain.mobile import normal_mobile
from services.intake.domain.window import check_moving, check_registration
from services.intake.store import cases_handed_in
from shared.identity import Principal, SigningKey, issue_token
from shared.identity.secrets import hash_code, hash_password, new_code, password_fits, seal
from shared.records import derived_id
from shared.trouble import Refused

SESSION_LASTS = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Register:
    """Make an account."""

    mobile: str
    password: str
    profile: Profile
    privacy_accepted: bool
    received_at: datetime
    command: str


def register(app: App, command: Register) -> str:
    """Make an account; gives its id."""
    campaign = app.campaigns.current()
    check_registration(campaign, command.received_at)
    mobile = normal_mobile(command.mobile)
    check_password(command.password, mobile=mobile)
    if not command.privacy_accepted:
        raise Refused("privacy-needed", "请先阅读并勾选同意隐私说明，再注册。", field="privacy")
    account = Account(
        id=derived_id("account", command.command),
        mobile=mobile,
        person=app.person(mobile),
        password=hash_password(command.password),
        profile=command.profile,
        privacy_revision=campaign.revision,
        registered_at=command.received_at,
    )
    answer: str = app.accounts.create(account, command=command.command, answer=account.id)
    return answer


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Begin a session; ``source`` is the address it is asked from."""

    mobile: str
    password: str
    source: str = ""


def sign_in(app: App, command: SignIn) -> Account:
    """The account whose mobile and password these are. A try is counted before it is judged."""
    mobile = normal_mobile(command.mobile)
    person = app.person(mobile)
    app.guessing.begin(person, source=command.source)
    account = app.accounts.find_by({"mobile": mobile})
    if not password_fits(command.password, account.password if account else _nobodys_password()) or account is None:
        raise sign_in_wrong()
    app.guessing.succeeded(person, source=command.source)
    return account


@cache
def _nobodys_password() -> str:
    """A hash to compare with where there is no account, so that the answer takes as long."""
    return hash_password(new_code(24))


def session_token(app: App, account: Account) -> str:
    """The token for the author's cookie."""
    who = Principal(kind="author", id=account.id, name=account.profile.name, roles=frozenset({"author"}))
    key = SigningKey(kid=app.settings.author_signing_key.kid, key=app.settings.author_signing_key.key)
    return issue_token(who, key, now=app.clock(), lasting=SESSION_LASTS)


def log_out(app: App, account_id: str) -> None:
    """End every session of the account begun before now: here at once, elsewhere when it is heard."""
    now = app.clock()
    app.accounts.change(account_id, lambda account: account.log_out(at=now))
    app.revocations.revoke(account_id, now)


@dataclass(frozen=True, kw_only=True)
class CorrectProfile:
    """Correct what one said about oneself."""

    account_id: str
    profile: Profile
    received_at: datetime
    command: str


def correct_profile(app: App, command: CorrectProfile) -> None:
    """Correct what one said about oneself. Who handed something in changes province only until submission closes."""
    campaign, at = app.campaigns.current(), command.received_at
    handed_in = bool(cases_handed_in(app.cases, command.account_id, campaign_id=campaign.id))

    def act(account: Account) -> None:
        if handed_in and command.profile.province != account.profile.province:
            check_moving(campaign, at)
        account.correct(command.profile, at=at)

    app.accounts.change(command.account_id, act, command=command.command)


@dataclass(frozen=True, kw_only=True)
class ChangePassword:
    """Set another password, knowing the present one."""

    account_id: str
    present: str
    new: str
    command: str
    source: str = ""


def change_password(app: App, command: ChangePassword) -> Account:
    """Set another password; sessions begun before are over."""
    account = app.accounts.get(command.account_id)
    app.guessing.begin(account.person, source=command.source)
    if not password_fits(command.present, account.password):
        raise Refused("password-wrong", "现在的密码不正确，请重新填写。", field="password_present")
    app.guessing.succeeded(account.person, source=command.source)
    check_password(command.new, mobile=account.mobile, field="password_new")
    hashed, now = hash_password(command.new), app.clock()
    app.accounts.change(account.id, lambda account: account.change_password(hashed, at=now), command=command.command)
    return app.accounts.get(account.id)


@dataclass(frozen=True, kw_only=True)
class AskReset:
    """Ask for a code by mail."""

    mobile: str
    command: str


def ask_reset(app: App, command: AskReset) -> None:
    """Send a code where the mobile has an account with an e-mail; the answer is the same where it has none."""
    if not app.settings.letter_public_key:
        raise Refused(
            "reset-off", "目前不能通过邮箱重新设置密码，请致电服务热线，由工作人员核实身份后办理。", status=409
        )
    account = app.accounts.find_by({"mobile": normal_mobile(command.mobile)})
    code, now = new_code(), app.clock()
    sealed = seal(code, app.settings.letter_public_key)
    if account is not None:
        app.accounts.change(
            account.id,
            lambda account: account.ask_reset(hashed_code=hash_code(code), sealed_code=sealed, at=now),
            command=command.command,
        )


@dataclass(frozen=True, kw_only=True)
class ResetPassword:
    """Set another password by the code from the mail."""

    mobile: str
    code: str
    new: str
    command: str
    source: str = ""


def reset_password(app: App, command: ResetPassword) -> None:
    """Set another password by the code from the mail, which works once. Guesses are counted."""
    mobile = normal_mobile(command.mobile)
    check_password(command.new, mobile=mobile, field="password_new")
    person, now = app.person(mobile), app.clock()
    app.guessing.begin(person, source=command.source)
    account = app.accounts.find_by({"mobile": mobile})
    if account is None:
        raise reset_wrong()
    hashed, code = hash_password(command.new), hash_code(command.code)
    app.accounts.change(
        account.id,
        lambda account: account.reset_password(hashed_code=code, hashed=hashed, at=now),
        command=command.command,
    )
    app.guessing.succeeded(person, source=command.source)
