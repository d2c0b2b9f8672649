"""A fresh activation code: its hash to keep, and the code itself closed for notify alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.review.app import App
from services.review.domain.account import StaffAccount
from shared.identity.secrets import hash_code, new_code, seal


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A code that was just made. ``code`` leaves this process only closed, or in the answer to the first command."""

    code: str
    code_hash: str
    sealed_code: str
    expires: datetime
    at: datetime


def new_invitation(app: App) -> Invitation:
    """Make a code."""
    code, at = new_code(), app.clock()
    return Invitation(
        code=code,
        code_hash=hash_code(code),
        sealed_code=seal(code, app.settings.letter_public_key),
        expires=at + timedelta(days=app.settings.activation_days),
        at=at,
    )


def inviting(invitation: Invitation) -> Callable[[StaffAccount], None]:
    """What the invitation does to an account."""

    def act(account: StaffAccount) -> None:
        account.invite(
            code_hash=invitation.code_hash,
            sealed_code=invitation.sealed_code,
            expires=invitation.expires,
            at=invitation.at,
        )

    return act
