"""After the bell: the centre's permissions to hand in late, each once and until a moment, and what came too late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from services.intake.domain.sheet import About, Authors, Declaration
from shared.aggregates import Aggregate
from shared.campaign.spans import day
from shared.clock import SHANGHAI
from shared.events.review import LateSubmissionPermitted
from shared.trouble import Refused


@dataclass(frozen=True, kw_only=True)
class Late:
    """One permission as a case holds it: good once, before ``expires_at``. ``shared``: other cases hold it as well."""

    permission_id: str
    reason: str
    given_at: datetime
    expires_at: datetime
    shared: bool = False
    used_at: datetime | None = None
    used_for: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether it still permits anything."""
        return self.used_at is None and at < self.expires_at

    def used(self, case_id: str, at: datetime) -> Self:
        """The same, spent; the first time counts."""
        return self if self.used_at else replace(self, used_at=at, used_for=case_id)


@dataclass(kw_only=True)
class LateUse(Aggregate):
    """Which case spent a permission that several cases of an account hold; its id is the permission's."""

    case_id: str

    def is_for(self, case_id: str) -> None:
        """Refused for every case but the one that spent it."""
        if self.case_id != case_id:
            message = "这次补报许可已用于您的另一个案例，只能使用一次。如有疑问，请致电服务热线。"
            raise Refused("permission-used", message, status=409)


def permitted(event: LateSubmissionPermitted) -> Late:
    """What the event permits; where it names no case the account's cases share it."""
    return Late(
        permission_id=event.permission_id,
        reason=event.reason,
        given_at=event.at,
        expires_at=event.expires_at,
        shared=not event.case_id,
    )


def in_force(lates: Iterable[Late], at: datetime) -> Late | None:
    """The permission that may be used now: the one that ends first."""
    holding = sorted((late for late in lates if late.holds(at)), key=lambda late: late.expires_at)
    return holding[0] if holding else None


def why_not(lates: Iterable[Late]) -> str:
    """What became of the permission given last, as a sentence; empty where none was given."""
    given = sorted(lates, key=lambda late: late.given_at)
    if not given:
        return ""
    last = given[-1]
    if last.used_at:
        return f"补报许可已于北京时间{minute(last.used_at)}使用，只能使用一次。"
    return f"补报许可已于北京时间{minute(last.expires_at)}到期，没有使用。"


def minute(at: datetime) -> str:
    """2024年10月18日12:00"""
    return f"{day(at)}{at.astimezone(SHANGHAI):%H:%M}"


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """What an open page sent after the bell: kept beside the draft, no part of it, and never handed in by itself."""

    about: About | None = None
    authors: Authors | None = None
    declaration: Declaration | None = None
    at: datetime

    def plus(self, part: About | Authors | Declaration, at: datetime) -> Self:
        """With this part, in the place of what was sent of it before."""
        at = max(self.at, at)
        if isinstance(part, About):
            return replace(self, about=part, at=at)
        if isinstance(part, Authors):
            return replace(self, authors=part, at=at)
        return replace(self, declaration=part, at=at)

    def without(self, part: About | Authors | Declaration) -> Self | None:
        """Without this part; None where nothing is left."""
        left = replace(
            self,
            about=None if isinstance(part, About) else self.about,
            authors=None if isinstance(part, Authors) else self.authors,
            declaration=None if isinstance(part, Declaration) else self.declaration,
        )
        return left if left.about or left.authors or left.declaration else None
