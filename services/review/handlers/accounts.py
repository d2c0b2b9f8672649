"""Staff accounts: the first administrator, invitations, activation, the second factor, logging in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from services.review.adapters.vault import Vault
from services.review.app import App
from services.review.domain.account import SECOND_FACTOR_ROLES, AccountState, StaffAccount, code_wrong, login_wrong
from services.review.handlers.invitations import Invitation, inviting, new_invitation
from shared.events.intake import AuthorSessionsRevoked
from shared.events.review import StaffSessionsRevoked
from shared.events.wire import Heard
from shared.identity import Principal, SigningKey, issue_token
from shared.identity.secrets import hash_code, hash_password, password_fits
from shared.records import derived_id
from shared.text import bare_number, is_mail_address, is_mobile, one_line
from shared.trouble import NotThere, Refused

OPERATOR = "operator"
ISSUER = "教师研修应用案例征集"
SHORTEST_PASSWORD = 10
_NO_ACCOUNT = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$PoKlS5v7yzr1GEjfCyJCgb9HJ5ZlSVVVYz4DqNvAd2Y"


@dataclass(frozen=True, kw_only=True)
class SecondFactor:
    """What a person needs to set up the second factor, shown once."""

    secret: str
    address: str


def create_first_administrator(app: App, name: str, mobile: str, email: str, *, another: str = "") -> Invitation:
    """The first administrator of the centre, made by the operator; gives the code. The record says so.

    Where there is one already, ``another`` must say why the operator makes a further one.
    """
    name, mobile, email = one_line(name).strip(), bare_number(mobile), email.strip()
    _refuse_unfit(name=name, mobile=mobile, email=email)
    known = app.accounts.count({"role": "administrator", "state": {"$ne": AccountState.CLOSED.value}})
    if known and not another.strip():
        raise Refused(
            "administrator-exists",
            "已有中心管理员，其他人员请由管理员在“账号与激活码”页面邀请。确需另建时，请用--another写明原因。",
            status=409,
        )
    invitation = new_invitation(app)
    account = StaffAccount(
        id=derived_id("administrator", mobile, invitation.code_hash),
        campaign_id="",
        role="administrator",
        name=name,
        mobile=mobile,
        email=email,
        person=app.person(mobile),
    )
    account.open_for(by=OPERATOR, at=invitation.at, why=another.strip())
    inviting(invitation)(account)
    app.accounts.create(account)
    return invitation


def _refuse_unfit(*, name: str, mobile: str, email: str) -> None:
    """What the page that invites colleagues would not take either."""
    if not name:
        raise Refused("name-missing", "请填写姓名。", field="name")
    if not is_mobile(mobile):
        raise Refused("mobile-wrong", "手机号应为11位数字，例如13800001234。", field="mobile")
    if not is_mail_address(email):
        raise Refused("email-wrong", "电子邮箱格式不正确，例如name@example.com。", field="email")


def invite_staff(app: App, *, role: str, name: str, mobile: str, email: str, by: str, command: str) -> str:
    """Invite a colleague of the centre; gives the account's id."""
    if role not in {"officer", "administrator"}:
        raise Refused("unknown-role", "请选择人员的角色。", field="role")
    account = StaffAccount(
        id=derived_id("staff", command),
        campaign_id="",  # colleagues of the centre stay from year to year
        role=role,
        name=name,
        mobile=mobile,
        email=email,
        person=app.person(mobile),
    )
    account.open_for(by=by, at=app.clock())
    inviting(new_invitation(app))(account)
    return str(app.accounts.create(account, command=command, answer=account.id))


def reissue_code(app: App, *, account_id: str, by: str, command: str | None = None) -> None:
    """Send a fresh code; the old one and all sessions are void."""
    made = new_invitation(app)
    app.accounts.change(
        account_id,
        lambda account: account.reissue(
            code_hash=made.code_hash, sealed_code=made.sealed_code, expires=made.expires, by=by, at=made.at
        ),
        command=command,
    )


def activate(app: App, *, mobile: str, code: str, password: str, source: str = "") -> StaffAccount:
    """Spend a code and set the password. Guesses at a code shut nobody out who has a password already."""
    _long_enough(password)
    guessed = f"code/{app.person(mobile)}"
    app.guessing.begin(guessed, source=source)
    known = app.accounts.find_by({"login": mobile})
    if known is None or known.activation is None or known.activation.code_hash != hash_code(code):
        raise code_wrong()
    app.guessing.succeeded(guessed, source=source)
    code_hash, password_hash, at = hash_code(code), hash_password(password), app.clock()
    app.accounts.change(
        known.id, lambda account: account.activate(code_hash=code_hash, password_hash=password_hash, at=at)
    )
    return app.accounts.get(known.id)


def offer_second_factor(app: App, *, account_id: str) -> SecondFactor:
    """A secret for the person's app. Until a number confirms it, asking again shows another."""
    vault = Vault(app.settings.secret_key)
    sealed = vault.new_secret()
    app.accounts.change(account_id, lambda account: account.offer_second_factor(sealed))
    account = app.accounts.get(account_id)
    address = vault.address(account.totp_sealed, account=account.name, issuer=ISSUER)
    return SecondFactor(secret=vault.open(account.totp_sealed), address=address)


def second_factor_offered(app: App, *, account_id: str) -> SecondFactor:
    """The secret that waits to be confirmed, for showing the form again after a wrong number."""
    vault = Vault(app.settings.secret_key)
    account = app.accounts.get(account_id)
    if account.totp_confirmed or not account.totp_sealed:
        raise NotThere()
    address = vault.address(account.totp_sealed, account=account.name, issuer=ISSUER)
    return SecondFactor(secret=vault.open(account.totp_sealed), address=address)


def confirm_second_factor(app: App, *, account_id: str, number: str) -> StaffAccount:
    """The person's app works."""
    vault, at = Vault(app.settings.secret_key), app.clock()
    sealed = app.accounts.get(account_id).totp_sealed
    step = vault.step(sealed, number, at=at) if sealed else None
    app.accounts.change(account_id, lambda account: account.confirm_second_factor(step))
    return app.accounts.get(account_id)


def log_in(app: App, *, mobile: str, password: str, number: str, source: str = "") -> StaffAccount:
    """The account, if everything fits. Its session begins only when ``may_enter`` says so.

    A guess is counted before it is judged, for a mobile without an account as for one that has one.
    """
    person = app.person(mobile)
    app.guessing.begin(person, source=source)
    account = app.accounts.find_by({"login": mobile})
    if account is None:
        password_fits(password, _NO_ACCOUNT)  # takes as long as for a known mobile
        raise login_wrong()
    at = app.clock()
    fits = password_fits(password, account.password_hash)
    step = None
    if account.totp_confirmed:
        step = Vault(app.settings.secret_key).step(account.totp_sealed, number, at=at)
    if not app.accounts.change(account.id, lambda each: each.log_in(password_fits=fits, step=step)):
        raise login_wrong()
    app.guessing.succeeded(person, source=source)
    return app.accounts.get(account.id)


def may_enter(app: App, account: StaffAccount) -> bool:
    """False while the account still has to set up its second factor."""
    needed = account.role in SECOND_FACTOR_ROLES or app.settings.expert_second_factor
    return account.state is AccountState.ACTIVE and (account.totp_confirmed or not needed)


def session_token(app: App, account: StaffAccount) -> str:
    """The token for the cookie ``staff``."""
    if not may_enter(app, account):
        raise Refused("second-factor-missing", "请先设置动态验证码。", status=403)
    principal = Principal(
        kind="staff", id=account.id, name=account.name, roles=frozenset({account.role}), province=account.province
    )
    return _token(app, principal)


def renewed_token(app: App, principal: Principal) -> str | None:
    """A fresh token when half of the present one is over, else None."""
    lasting = timedelta(minutes=app.settings.staff_session_minutes)
    return _token(app, principal) if principal.expires - app.clock() < lasting / 2 else None


def _token(app: App, principal: Principal) -> str:
    key = SigningKey(kid=app.settings.staff_signing_key.kid, key=app.settings.staff_signing_key.key)
    return issue_token(principal, key, now=app.clock(), lasting=timedelta(minutes=app.settings.staff_session_minutes))


def change_password(app: App, *, account_id: str, present: str, password: str, command: str) -> StaffAccount:
    """Set another password; every session begun before now ends."""
    _long_enough(password)
    if not password_fits(present, app.accounts.get(account_id).password_hash):
        raise Refused("password-wrong", "现在的密码不正确，请重新填写。", field="password_present")
    at, password_hash = app.clock(), hash_password(password)
    app.accounts.change(account_id, lambda account: account.change_password(password_hash, at=at), command=command)
    app.revocations.revoke(account_id, at)
    return app.accounts.get(account_id)


def _long_enough(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise Refused("password-short", f"密码至少{SHORTEST_PASSWORD}个字符，请换一个更长的密码。", field="password")


def log_out(app: App, *, account_id: str, at: datetime) -> None:
    """End every session of the account begun before now: here at once, elsewhere when it is heard."""
    app.accounts.change(account_id, lambda account: account.log_out(at=at))
    app.revocations.revoke(account_id, at)


def sessions_revoked(app: App, heard: Heard) -> None:
    """Remember that sessions are over, of staff and of authors alike."""
    event = cast(StaffSessionsRevoked | AuthorSessionsRevoked, heard.event)
    app.revocations.revoke(event.account_id, event.revoked_before)
