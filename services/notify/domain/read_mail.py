"""What a mail says once it is decoded: plain values, whatever its form was."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,400}@[!-;=?-~]{1,400}>")


def message_id_in(header: str) -> str:
    """The Message-ID that a header holds; an empty string where it holds none that another mail could name."""
    found = _MESSAGE_ID.search(header)
    return found[0] if found else ""


@dataclass(frozen=True)
class Attachment:
    """A file that came with a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Bounce:
    """A delivery report: which mail of ours could not be delivered, and what the server said."""

    message_id: str
    reason: str
    final: bool


@dataclass(frozen=True, kw_only=True)
class ReadMail:
    """A decoded mail. ``tables`` are the rows of cells of its HTML, nested and forwarded parts included."""

    message_id: str
    sender: str
    sender_name: str
    subject: str
    date: datetime | None
    text: str
    tables: tuple[tuple[str, ...], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    automatic: bool = False
    bounce: Bounce | None = None

    def fingerprint(self) -> str:
        """The same for the same message however often and by whatever way it arrives."""
        found = hashlib.sha256()
        parts = [self.message_id, self.sender, self.subject, self.text, str(self.date or "")]
        parts += [f"{each.name}:{hashlib.sha256(each.content).hexdigest()}" for each in self.attachments]
        for part in parts:
            found.update(part.encode("utf-8", "replace") + b"\0")
        return found.hexdigest()
