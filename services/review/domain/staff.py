"""Staff accounts: invited with an activation code, activated once, guarded by a second factor, closed by a successor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.aggregates import Aggregate
from shared.events.review import ActivationCodeIssued, StaffSessionsRevoked
from shared.trouble import Refused

CODE_LASTS = timedelta(days=7)
FAILURES_BEFORE_A_PAUSE = 5
PAUSE = timedelta(minutes=10)


class StaffRole(StrEnum):
    """What an account is for."""

    PROVINCE = "province"
    HELPER = "helper"
    EXPERT = "expert"
    OFFICER = "officer"
    ADMINISTRATOR = "administrator"


ROLE_NAMES = {
    StaffRole.PROVINCE: "省级联系人",
    StaffRole.HELPER: "省级协助人员",
    StaffRole.EXPERT: "专家",
    StaffRole.OFFICER: "中心工作人员",
    StaffRole.ADMINISTRATOR: "中心管理员",
}
WITH_SECOND_FACTOR = frozenset({StaffRole.PROVINCE, StaffRole.HELPER, StaffRole.OFFICER, StaffRole.ADMINISTRATOR})


class StaffState(StrEnum):
    """Where an account stands."""

    INVITED = "invited"
    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(kw_only=True)
class StaffAccount(Aggregate):
    """One person's account. ``active_mobile`` equals the mobile until the account is closed, and is unique."""

    campaign_id: str = ""
    role: StaffRole
    province: str | None = None
    name: str
    unit: str = ""
    mobile: str
    active_mobile: str | None = None
    email: str
    state: StaffState = StaffState.INVITED
    code_hash: str | None = None
    code_expires: datetime | None = None
    password: str = ""
    second_factor: str = ""
    second_factor_confirmed: bool = False
    last_step: int = 0
    failures: int = 0
    failed_at: datetime | None = None
    opened_at: datetime
    activated_at: datetime | None = None

    @property
    def needs_second_factor(self) -> bool:
        """Centre and provinces sign in with a one-time code as well."""
        return self.role in WITH_SECOND_FACTOR

    def invite(self, *, code_hash: str, sealed_code: str, at: datetime) -> None:
        """Issue a code; an earlier one no longer works."""
        if self.state is StaffState.CLOSED:
            raise Refused("account-closed", "该账号已停用，不能再发激活码。请为新的联系人建立账号。")
        self.code_hash = code_hash
        self.code_expires = at + CODE_LASTS
        self.tell(
            ActivationCodeIssued(
                campaign_id=self.campaign_id,
                account_id=self.id,
                role=self.role.value,
                name=self.name,
                email=self.email,
                province=self.province or "",
                sealed_code=sealed_code,
                expires=self.code_expires,
            )
        )

    def activate(self, *, code_hash: str, password: str, second_factor: str, at: datetime) -> None:
        """Spend the code and set a password; the second factor still has to be confirmed where one is needed."""
        if self.state is StaffState.CLOSED or self.code_hash is None or self.code_hash != code_hash:
            raise wrong_code()
        if self.code_expires is None or at >= self.code_expires:
            raise Refused(
                "code-expired", "激活码已过期。请联系中心（010-66490925）重新发送激活码。", field="code", status=410
            )
        self.code_hash = None
        self.password = password
        self.second_factor = second_factor
        self.second_factor_confirmed = False
        self.state = StaffState.ACTIVE
        self.activated_at = at
        self.failures = 0

    def check_may_try(self, *, at: datetime) -> None:
        """After five wrong passwords in a row, ten minutes of rest."""
        if self.failures >= FAILURES_BEFORE_A_PAUSE and self.failed_at and at < self.failed_at + PAUSE:
            raise Refused("too-many-tries", "密码或验证码连续输错5次，请10分钟后再试。", status=429)

    def note_failure(self, *, at: datetime) -> None:
        """A wrong password or code."""
        if self.failures >= FAILURES_BEFORE_A_PAUSE:
            self.failures = 0
        self.failures += 1
        self.failed_at = at

    def sign_in(self, *, step: int | None) -> None:
        """Signed in; ``step`` is the time step of the one-time code, which works once."""
        if self.state is not StaffState.ACTIVE:
            raise wrong_sign_in()
        if step is not None:
            if step <= self.last_step:
                raise Refused("code-used", "这个动态验证码已用过，请等待下一个验证码。", field="one_time_code")
            self.last_step = step
            self.second_factor_confirmed = True
        self.failures = 0

    def close(self, *, at: datetime) -> None:
        """A successor took over: sessions end, what was marked stays."""
        if self.state is StaffState.CLOSED:
            return
        self.state = StaffState.CLOSED
        self.active_mobile = None
        self.code_hash = None
        self.tell(StaffSessionsRevoked(account_id=self.id, revoked_before=at))


def wrong_code() -> Refused:
    """One answer for a code that never was, was replaced, or was used."""
    return Refused("code-wrong", "激活码不正确或已使用。请核对邮件中最新的激活码，或联系中心重新发送。", field="code")


def wrong_sign_in() -> Refused:
    """One answer whatever was wrong, so that nobody learns which accounts there are."""
    return Refused("sign-in-wrong", "手机号或密码不正确，请核对后重新输入。", field="password")
