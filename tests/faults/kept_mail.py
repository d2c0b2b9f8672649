"""The mailboxes of everybody the platform writes to, kept as files by a mail server that may be killed."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesHeaderParser
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
    _read: dict[Path, Letter] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def letters(self, address: str) -> list[Letter]:
        """Everything that was taken for an address, the oldest first."""
        with self._lock:
            self._look()
            files = sorted(self._known.get(address, []), key=lambda file: file.stat().st_mtime_ns)
            for file in files:
                if file not in self._read:  # people ask again and again, and a mail that came does not change
                    self._read[file] = _letter(_mail(file))
            return [self._read[file] for file in files]

    def message_ids(self, address: str) -> list[str]:
        """The Message-ID of each."""
        return [letter.message_id for letter in self.letters(address)]

    def _look(self) -> None:
        """Sort in what is new; a file's name says nothing about its recipient."""
        for file in (self.folder / "new").glob("*"):
            if file.name in self._seen:
                continue
            self._seen.add(file.name)
            for address in _recipients(file):
                self._known.setdefault(address.strip(), []).append(file)


def _recipients(file: Path) -> list[str]:
    with file.open("rb") as mail:
        return str(BytesHeaderParser(policy=email.policy.default).parse(mail)["X-RcptTo"]).split(",")


def _mail(file: Path) -> EmailMessage:
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
