"""Trouble, sorted by what one can do about it."""

from __future__ import annotations


class Refused(Exception):
    """The rules say no: tell the person in Chinese; a worker records it and goes on.

    ``code`` is a stable English word for programs, ``message`` says what is wrong and what to do, ``field`` names the
    form field it is about, ``status`` is the HTTP status that fits, ``retry_after`` the seconds after which the same
    wish may well be granted; 0 where time changes nothing.
    """

    def __init__(
        self, code: str, message: str, *, field: str | None = None, status: int = 422, retry_after: int = 0
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.status = status
        self.retry_after = retry_after


class NotThere(Refused):
    """There is no such thing, or none that this person may know of."""

    def __init__(self, message: str = "没有找到这一内容，请核对网址或返回上一页。") -> None:
        super().__init__("not-there", message, status=404)


class Forbidden(Refused):
    """This person may not do that."""

    def __init__(self, message: str = "您没有进行这一操作的权限。如有疑问，请联系组织单位。") -> None:
        super().__init__("forbidden", message, status=403)


class Conflict(Exception):
    """Someone was faster: read again, try again."""


class Away(Exception):
    """A dependency is gone: pause, try for ever, count no try."""

    def __init__(self, dependency: str, reason: str = "") -> None:
        super().__init__(f"{dependency} is away: {reason}" if reason else f"{dependency} is away")
        self.dependency = dependency


class Unreadable(Exception):
    """A message whose content nobody can make sense of."""
