"""The mailboxes of everybody the platform writes to, kept as files by a mail server that may be killed."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from zhengji.play.post import Letter, Post


def is_listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class KeptPost(Post):
    """Sends as people do; reads what came from the files of the receiving server."""

    folder: Path = Path()
    _known: dict[str, list[Path]] = field(default_factory=dict, repr=False)
    _seen: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def letters(self, address: str) -> list[Letter]:
        """Everything that was taken for an address, the oldest first."""
        return [_letter(each) for each in self._mails_of(address)]

    def message_ids(self, address: str) -> list[str]:
        """The Message-ID of each."""
        return [str(each["Message-ID"]).strip() for each in self._mails_of(address)]

    def _mails_of(self, address: str) -> list[EmailMessage]:
        with self._lock:
            self._look()
            files = sorted(self._known.get(address, []), key=lambda file: file.stat().st_mtime_ns)
        return [_read(file) for file in files]

    def _look(self) -> None:
        """Sort in what is new; a file's name says nothing about its recipient."""
        for file in (self.folder / "new").glob("*"):
            if file.name in self._seen:
                continue
            self._seen.add(file.name)
            for address in str(_read(file)["X-RcptTo"]).split(","):
                self._known.setdefault(address.strip(), []).append(file)


def _read(file: Path) -> EmailMessage:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _letter(mail: EmailMessage) -> Letter:
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    return Letter(
        subject=str(mail["Subject"]),
        text=plain.get_content() if plain else "",
        html=rich.get_content() if rich else "",
        sender=str(mail["From"]),
        message_id=str(mail["Message-ID"]).strip(),
    )
