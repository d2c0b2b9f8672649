"""A mail server and a mailbox in memory, for journeys in one process; they pass the suite of the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.notify.domain.ports import AnswerLost, Arrived, Declined, Parcel
from shared.clock import Clock, system_clock
from shared.trouble import Away, NotThere


class MemoryPost:
    """Keeps what it took. ``away`` makes it unreachable, ``answers`` are given instead of yes, one a letter.

    An answer of 0 takes the letter and loses the answer.
    """

    def __init__(self) -> None:
        self.taken: list[Parcel] = []
        self.away = False
        self.answers: list[tuple[int, str]] = []

    def send(self, parcel: Parcel) -> None:
        """Take one mail."""
        self.ping()
        if not parcel.recipient.isascii():
            raise Declined(553, "5.1.3 the address holds letters that mail servers do not take")
        code, text = self.answers.pop(0) if self.answers else (250, "ok")
        if code not in (0, 250):
            raise Declined(code, text)
        self.taken.append(parcel)
        if code == 0:
            raise AnswerLost(text)

    def ping(self) -> None:
        """Raise Away while it is made unreachable."""
        if self.away:
            raise Away("smtp", "the post in memory was told to be away")

    def close(self) -> None:
        """Nothing is held."""


class MemoryMailbox:
    """Mails put in by ``deliver``; ``away`` makes it unreachable."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._mails: dict[str, Arrived] = {}
        self._seen: set[str] = set()
        self.away = False

    def deliver(self, raw: bytes) -> str:
        """Put a mail in; gives its uid."""
        uid = str(len(self._mails) + 1)
        self._mails[uid] = Arrived(uid=uid, raw=raw, size=len(raw), at=self._clock())
        return uid

    @contextmanager
    def open(self) -> Iterator[MemoryMailbox]:
        """Look into it."""
        self.ping()
        yield self

    def ping(self) -> None:
        """Raise Away while it is made unreachable."""
        if self.away:
            raise Away("imap", "the mailbox in memory was told to be away")

    def unseen(self) -> list[str]:
        """The uids nobody has taken."""
        return [uid for uid in self._mails if uid not in self._seen]

    def fetch(self, uid: str, *, most: int) -> Arrived | None:
        """One mail."""
        found = self._mails.get(uid)
        return found and Arrived(uid=uid, raw=found.raw[:most], size=found.size, at=found.at)

    def mark_seen(self, uid: str) -> None:
        """This mail is taken."""
        self._seen.add(uid)


class MemoryOriginals:
    """Originals in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep(self, key: str, content: bytes) -> None:
        """Keep them."""
        self.kept[key] = content

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read them again."""
        if key not in self.kept:
            raise NotThere()
        yield self.kept[key]

    def reading_address(self, key: str, *, name: str) -> str:
        """An address that names the key."""
        return f"memory:{key}?{name}"
