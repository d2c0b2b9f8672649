"""A staff account: invited by a code that works once, guarded by a password and, for most, a second factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.events.review import ActivationCodeIssued, StaffSessionsRevoked
from shared.trouble import Refused

SECOND_FACTOR_ROLES = frozenset({"province", "helper", "officer", "administrator"})


class AccountState(StrEnum):
    """From the invitation to the end."""

    INVITED = "invited"
    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Activation:
    """The one code that counts; the code itself is never kept."""

    code_hash: str
    expires: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What an expert must keep away from: a unit or a person, in the expert's own words."""

    unit: str
    reason: str = ""


@dataclass(kw_only=True)
class StaffAccount(Aggregate):
    """Somebody who works for a province, as an expert, or for the centre.

    ``login`` is the mobile as long as the account may log in; ``person`` is the pseudonym that sheets bear;
    ``totp_sealed`` is the second factor's secret, closed with the service's own key.
    """

    campaign_id: str
    role: str
    name: str
    mobile: str
    email: str
    login: str | None = None
    person: str = ""
    province: str | None = None
    unit: str = ""
    post: str = ""
    categories: tuple[str, ...] = ()
    state: AccountState = AccountState.INVITED
    activation: Activation | None = None
    password_hash: str = ""
    totp_sealed: str = ""
    totp_confirmed: bool = False
    totp_step: int = 0
    statement_at: datetime | None = None
    conflicts: tuple[Conflict, ...] = ()
    invited_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def needs_second_factor(self) -> bool:
        """Whether a password alone does not do."""
        return self.role in SECOND_FACTOR_ROLES

    def invite(self, *, code_hash: str, sealed_code: str, expires: datetime, at: datetime) -> None:
        """Issue a code; the one before, if there was one, is void from now on."""
        if self.state is AccountState.CLOSED:
            raise Refused("account-closed", "该账号已停用，不能再发激活码。")
        self.login = self.mobile
        self.state = AccountState.INVITED
        self.activation = Activation(code_hash=code_hash, expires=expires)
        self.invited_at = at
        self.password_hash, self.totp_sealed, self.totp_confirmed, self.totp_step = "", "", False, 0
        self.tell(
            ActivationCodeIssued(
                campaign_id=self.campaign_id,
                account_id=self.id,
                role=self.role,
                name=self.name,
                email=self.email,
                province=self.province or "",
                sealed_code=sealed_code,
                expires=expires,
            )
        )

    def open_for(self, *, by: str, at: datetime, why: str = "") -> None:
        """Put on the record who opened the account."""
        self.tell(recorded(self.campaign_id, by=by, what=f"建立账号：{self.role}", about=self.id, why=why, at=at))

    def reissue(self, *, code_hash: str, sealed_code: str, expires: datetime, by: str, at: datetime) -> None:
        """Issue a fresh code by hand; sessions end and the password is forgotten."""
        self.invite(code_hash=code_hash, sealed_code=sealed_code, expires=expires, at=at)
        self.tell(StaffSessionsRevoked(account_id=self.id, revoked_before=at))
        self.tell(recorded(self.campaign_id, by=by, what="重发激活码", about=self.id, at=at))

    def activate(self, *, code_hash: str, password_hash: str, at: datetime) -> None:
        """Spend the code and set the password."""
        if self.activation is None or self.activation.code_hash != code_hash or self.state is AccountState.CLOSED:
            raise code_wrong()
        if self.activation.used_at is not None:
            raise Refused("code-used", "该激活码已使用过。请直接登录；忘记密码请联系组织单位重发激活码。", field="code")
        if self.activation.expires <= at:
            raise Refused("code-expired", "该激活码已过期，请联系组织单位重发激活码。", field="code")
        self.activation = Activation(code_hash=code_hash, expires=self.activation.expires, used_at=at)
        self.password_hash = password_hash
        self.state = AccountState.ACTIVE

    def offer_second_factor(self, sealed_secret: str) -> None:
        """Keep the secret that the person is being shown; nothing counts until a number confirms it."""
        if self.totp_confirmed:
            raise Refused("second-factor-set", "动态验证码已经设置过。更换手机请联系组织单位重发激活码。")
        self.totp_sealed = sealed_secret

    def confirm_second_factor(self, step: int | None) -> None:
        """The person's app gave a number that fits time step ``step``."""
        self._take_step(step)
        self.totp_confirmed = True

    def log_in(self, *, password_fits: bool, step: int | None) -> bool:
        """Judge a try to log in."""
        fits = password_fits and self.state is AccountState.ACTIVE
        if fits and self.totp_confirmed:
            fits = step is not None and step > self.totp_step
        if not fits:
            return False
        if self.totp_confirmed and step is not None:
            self.totp_step = step
        return True

    def change_password(self, password_hash: str, *, at: datetime) -> None:
        """Set another password; sessions begun before are over."""
        self.password_hash = password_hash
        self.tell(StaffSessionsRevoked(account_id=self.id, revoked_before=at))

    def log_out(self, *, at: datetime) -> None:
        """Every session begun before is over, at all services."""
        self.tell(StaffSessionsRevoked(account_id=self.id, revoked_before=at))

    def accept_statement(self, *, at: datetime, conflicts: Sequence[Conflict]) -> None:
        """The expert promises confidentiality and avoidance, and says what to avoid."""
        self.statement_at = self.statement_at or at
        self.conflicts = tuple(conflicts)

    def close(self, *, at: datetime) -> None:
        """End the account; its sessions are over, what it did stays."""
        if self.state is AccountState.CLOSED:
            return
        self.state, self.closed_at, self.login = AccountState.CLOSED, at, None
        self.activation = None
        self.tell(StaffSessionsRevoked(account_id=self.id, revoked_before=at))

    def _take_step(self, step: int | None) -> None:
        if step is None or step <= self.totp_step:
            raise Refused(
                "second-factor-wrong", "动态验证码不正确或已使用过，请输入应用中最新的6位数字。", field="number"
            )
        self.totp_step = step


def code_wrong() -> Refused:
    """The same words for an unknown account and a wrong code, so that neither can be probed."""
    return Refused("code-wrong", "手机号与激活码不相符，请核对后重新输入；重发过的，以最后一封邮件为准。", field="code")


def login_wrong() -> Refused:
    """The same words whatever was wrong."""
    return Refused("login-wrong", "手机号、密码或动态验证码不正确，请核对后重新登录。", status=401)


MOBILE_TAKEN = Refused("mobile-taken", "这个手机号已有账号，请换一个手机号，或先停用原账号。", field="mobile")
