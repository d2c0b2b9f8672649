"""Time is injected: whoever needs it is handed a clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present instant, aware and in UTC, to the millisecond."""

SHANGHAI = ZoneInfo("Asia/Shanghai")


def to_millisecond(at: datetime) -> datetime:
    """The same instant cut to the millisecond, which is what MongoDB keeps."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def system_clock() -> datetime:
    """The machine's clock."""
    return to_millisecond(datetime.now(UTC))


class FixedClock:
    """A clock that stands still until it is moved; for tests."""

    def __init__(self, at: datetime) -> None:
        self.at = to_millisecond(at)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move the hands forward."""
        self.at += by
