"""What every event is: a frozen fact with a topic, a type and a key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_aware)]

MAX_EVENT_BYTES = 512 * 1024
"""The largest case that the limits of forms and files allow fits; a broker takes a megabyte."""


class Part(BaseModel):
    """A value inside an event. Listeners ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """A fact that one service tells.

    ``topic`` is where it is told, ``type`` its CloudEvents type without the version, ``version`` its schema's version.
    ``outsiders`` marks a fact that no service of ours has to hear; a ``tombstone`` travels as a null value.
    """

    topic: ClassVar[str] = ""
    version: ClassVar[int] = 1
    outsiders: ClassVar[bool] = False
    tombstone: ClassVar[bool] = False

    @classmethod
    def speaker(cls) -> str:
        """The service that tells it."""
        return cls.__module__.rsplit(".", 1)[-1]

    @classmethod
    def type(cls) -> str:
        """CloudEvents ``type``: zhengji.<speaker>.<Name>.v<version>."""
        return f"zhengji.{cls.speaker()}.{cls.__name__}.v{cls.version}"

    def key(self) -> str | None:
        """The record key: the case's id where there is one; None leaves it to the subject."""
        return getattr(self, "case_id", None)
