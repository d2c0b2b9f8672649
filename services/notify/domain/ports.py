"""What the service needs of a mail server and of a mailbox, whoever runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Parcel:
    """A built mail on its way: ``content`` are its bytes with CRLF line ends."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


class Declined(Exception):
    """The mail server answered no; ``code`` and ``text`` are its answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class AnswerLost(Exception):
    """The data went out, the answer did not come back: the letter may have arrived."""


class Post(Protocol):
    """A mail server that takes letters."""

    def send(self, parcel: Parcel) -> None:
        """Hand over one mail. Declined, AnswerLost; Away when the server cannot be worked with at all."""

    def ping(self) -> None:
        """Raise Away unless the server answers."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True)
class Arrived:
    """A mail that lies in the mailbox; ``raw`` is cut where the mail is larger than one may fetch."""

    uid: str
    raw: bytes
    size: int
    at: datetime

    @property
    def whole(self) -> bool:
        """Whether ``raw`` is all of it."""
        return len(self.raw) >= self.size


class OpenMailbox(Protocol):
    """The campaign's mailbox while somebody looks into it."""

    def unseen(self) -> list[str]:
        """The uids of the mails nobody has taken yet, oldest first."""

    def fetch(self, uid: str, *, most: int) -> Arrived | None:
        """One mail, without marking it; None when it is gone."""

    def mark_seen(self, uid: str) -> None:
        """This mail is taken."""


class Mailbox(Protocol):
    """The campaign's mailbox."""

    def open(self) -> AbstractContextManager[OpenMailbox]:
        """Look into it. Away when it cannot be reached or entered."""

    def ping(self) -> None:
        """Raise Away unless the server answers."""


class Originals(Protocol):
    """Where the bytes of mails are kept as they came."""

    def keep(self, key: str, content: bytes) -> None:
        """Keep them; the same key again is the same mail."""

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read them again."""

    def reading_address(self, key: str, *, name: str) -> str:
        """An expiring address at which a browser downloads them."""
