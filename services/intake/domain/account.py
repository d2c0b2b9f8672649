"""An author's account: one mobile, one account, and its password."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.aggregates import Aggregate
from shared.events.intake import AuthorMoved, AuthorSessionsRevoked, PasswordResetAsked
from shared.trouble import Refused

RESET_LASTS = timedelta(minutes=30)
RESET_PAUSE = timedelta(minutes=2)
PASSWORD_MIN = 8
PASSWORD_MAX = 128
MOST_MOVES = 5
"""Each makes a version of everything the author handed in."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Who an author is and where they work; codes are the campaign's."""

    name: str
    province: str
    city: str
    county: str
    unit: str
    unit_type: str
    role: str
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The author changed province."""

    source: str
    to: str
    at: datetime


@dataclass(kw_only=True)
class Account(Aggregate):
    """One author's account; ``person`` is the pseudonym of the mobile, ``password`` its argon2id hash."""

    mobile: str
    person: str
    password: str
    profile: Profile
    privacy_revision: int
    registered_at: datetime
    reset_code: str = ""
    reset_asked_at: datetime | None = None
    moves: tuple[Moved, ...] = ()

    def correct(self, profile: Profile, *, at: datetime) -> None:
        """The author corrects what they said about themselves; what they handed in follows to another province."""
        source = self.profile.province
        if profile.province != source:
            if len(self.moves) >= MOST_MOVES:
                message = f"所属省份已更改{MOST_MOVES}次，不能再自行更改。需要更改的，请致电服务热线。"
                raise Refused("moved-too-often", message, field="province", status=409)
            self.moves = (*self.moves, Moved(source=source, to=profile.province, at=at))
            self.tell(AuthorMoved(account_id=self.id, source=source, to=profile.province, at=at))
        self.profile = profile

    def change_password(self, hashed: str, *, at: datetime) -> None:
        """A new password; every session begun before is over."""
        self.password = hashed
        self.reset_code, self.reset_asked_at = "", None
        self.tell(AuthorSessionsRevoked(account_id=self.id, revoked_before=at))

    def log_out(self, *, at: datetime) -> None:
        """Every session begun before is over, on all devices and at all services."""
        self.tell(AuthorSessionsRevoked(account_id=self.id, revoked_before=at))

    def ask_reset(self, *, hashed_code: str, sealed_code: str, at: datetime) -> bool:
        """A code goes to the account's mailbox; False when there is none, or one went out a moment ago."""
        if not self.profile.email:
            return False
        if self.reset_asked_at is not None and at - self.reset_asked_at < RESET_PAUSE:
            return False
        self.reset_code, self.reset_asked_at = hashed_code, at
        self.tell(
            PasswordResetAsked(
                account_id=self.id,
                name=self.profile.name,
                email=self.profile.email,
                sealed_code=sealed_code,
                expires=at + RESET_LASTS,
            )
        )
        return True

    def reset_password(self, *, hashed_code: str, hashed: str, at: datetime) -> None:
        """Set a new password by the code from the mail, which works once."""
        asked = self.reset_asked_at
        fits = bool(self.reset_code) and hmac.compare_digest(self.reset_code, hashed_code)
        if asked is None or not fits or at >= asked + RESET_LASTS:
            raise reset_wrong()
        self.change_password(hashed, at=at)


def sign_in_wrong() -> Refused:
    """Mobile and password do not belong together; which of them is wrong is not said."""
    message = "手机号或密码不正确，请核对后重新填写。忘记密码可以通过邮箱重新设置。"
    return Refused("sign-in-wrong", message, field="password")


def reset_wrong() -> Refused:
    """The code is not the one that was sent, or no longer holds."""
    return Refused("reset-wrong", "验证码不正确或已过期，请核对邮件中的验证码，或重新获取。", field="code")


def check_password(password: str, *, mobile: str, field: str = "password") -> None:
    """Refused when a password is too short, too long, only digits, or holds the mobile."""
    if len(password) < PASSWORD_MIN:
        raise Refused("password-short", f"密码至少{PASSWORD_MIN}位，请加长。", field=field)
    if len(password) > PASSWORD_MAX:
        raise Refused("password-long", f"密码最多{PASSWORD_MAX}位，请缩短。", field=field)
    if password.isdigit() or (mobile and mobile in password) or len(set(password)) < 4:
        raise Refused("password-weak", "密码过于简单：不能全是数字，不能含手机号，请混合使用字母和数字。", field=field)
