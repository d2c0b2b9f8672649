"""The campaign's mailbox read by IMAP: fetched without marking, marked when it is kept."""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxUnencrypted

from services.notify.domain.ports import Arrived
from shared.clock import Clock, system_clock, to_millisecond
from shared.trouble import Away

_TIMEOUT = 30.0
_WHO = '("name" "zhengji" "version" "1.0" "vendor" "zhengji")'
"""What the ID command tells (RFC 2971). NetEase answers SELECT with "Unsafe Login" to clients that do not say it."""
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@contextmanager
def imap_or_away() -> Iterator[None]:
    """Translate the server's absence, and its refusal to let us in, into Away."""
    try:
        yield
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
        raise Away("imap", f"{type(error).__name__}: {error}"[:300]) from error


class ImapMailbox:
    """One mailbox on one server. ``secure`` speaks TLS from the first byte."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str,
        password: str,
        secure: bool,
        folder: str = "INBOX",
        clock: Clock = system_clock,
    ) -> None:
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._secure = secure
        self._folder = folder
        self._clock = clock

    @contextmanager
    def open(self) -> Iterator[ImapOpen]:
        """Connect, log in, say who we are, and look into the folder."""
        with imap_or_away():
            box = self._connect()
        try:
            with imap_or_away():
                box.login(self._user, self._password, initial_folder=None)
                if "ID" in box.client.capabilities or "ID" in _capabilities(box):
                    box.client.xatom("ID", _WHO)
                box.folder.set(self._folder)
            yield ImapOpen(box, self._clock)
        finally:
            _leave(box)

    def ping(self) -> None:
        """Raise Away unless the server answers; without a login that providers count."""
        with imap_or_away():
            box = self._connect()
            box.client.noop()
        _leave(box)

    def _connect(self) -> BaseMailBox:
        if self._secure:
            return MailBox(self._host, self._port, timeout=_TIMEOUT, ssl_context=ssl.create_default_context())
        return MailBoxUnencrypted(self._host, self._port, timeout=_TIMEOUT)


class ImapOpen:
    """The mailbox while it is open."""

    def __init__(self, box: BaseMailBox, clock: Clock) -> None:
        self._box = box
        self._clock = clock

    def unseen(self) -> list[str]:
        """The uids of the mails nobody has taken yet, oldest first."""
        with imap_or_away():
            return sorted(self._box.uids(AND(seen=False)), key=int)

    def fetch(self, uid: str, *, most: int) -> Arrived | None:
        """One mail, without marking it; its first ``most`` bytes where it is larger."""
        with imap_or_away():
            head = self._fetch(uid, "(RFC822.SIZE INTERNALDATE)")
            size = _SIZE.search(b" ".join(_bytes(head)))
            if size is None:
                return None
            wanted = f"(BODY.PEEK[]<0.{most}>)" if int(size[1]) > most else "(BODY.PEEK[])"
            body = self._fetch(uid, wanted)
        raw = next((item[1] for item in body if isinstance(item, tuple)), None)
        if raw is None:
            return None
        # A server may count line ends otherwise than it sends them: what was asked for whole is whole.
        whole = max(int(size[1]), len(raw)) if int(size[1]) > most else len(raw)
        return Arrived(uid=uid, raw=raw, size=whole, at=self._at(head))

    def mark_seen(self, uid: str) -> None:
        """This mail is taken."""
        with imap_or_away():
            self._box.flag([uid], [r"\Seen"], True)

    def _fetch(self, uid: str, what: str) -> list[Any]:
        kind, found = self._box.client.uid("FETCH", uid, what)
        if kind != "OK":
            raise imaplib.IMAP4.error(f"FETCH {uid}: {kind}")
        return list(found)

    def _at(self, head: list[Any]) -> datetime:
        """When the server got it, which no sender can set; never later than now."""
        now = self._clock()
        for line in _bytes(head):
            parts = imaplib.Internaldate2tuple(line)
            if parts is not None:
                at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time.mktime(parts))
                return min(now, to_millisecond(at))
        return now


def _bytes(items: list[Any]) -> list[bytes]:
    return [item[0] if isinstance(item, tuple) else item for item in items if item is not None]


def _capabilities(box: BaseMailBox) -> tuple[str, ...]:
    """What the server can do once we are in; many tell more then."""
    _, found = box.client.capability()
    return tuple(found[-1].decode("ascii", "replace").upper().split()) if found and found[-1] else ()


def _leave(box: BaseMailBox) -> None:
    try:
        box.client.logout()
    except (imaplib.IMAP4.error, OSError):
        box.client.shutdown()
