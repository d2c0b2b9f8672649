"""Facts that notify tells."""

from __future__ import annotations

from typing import ClassVar

from shared.events.base import Event, Instant


class LetterSent(Event):
    """The mail server took a letter. ``possibly_twice`` says that an earlier try may have arrived as well."""

    topic: ClassVar[str] = "notify.internal"
    outsiders: ClassVar[bool] = True
    letter_id: str
    kind: str
    message_id: str
    tries: int
    possibly_twice: bool
    at: Instant


class LetterBounced(Event):
    """A letter was refused for good."""

    topic: ClassVar[str] = "notify.internal"
    outsiders: ClassVar[bool] = True
    letter_id: str
    kind: str
    reason: str
    at: Instant


class ContactFormReceived(Event):
    """A provincial contact form (附表2) that arrived by mail, as far as it could be read.

    ``missing`` names the fields (in Chinese) that could not be read; ``message_id`` is the mail it came in.
    """

    topic: ClassVar[str] = "notify.restricted"
    campaign_id: str
    form_id: str
    message_id: str
    sender: str
    province: str
    unit: str
    department: str
    name: str
    post: str
    address: str
    postcode: str
    phone: str
    mobile: str
    wechat: str
    qq: str
    email: str
    missing: tuple[str, ...] = ()
    late: bool = False
    at: Instant
