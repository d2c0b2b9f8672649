"""Mail as people have it: sent by SMTP, read by IMAP."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from imap_tools import MailBoxUnencrypted, MailMessage
from imap_tools.errors import MailboxLoginError

_CODE = re.compile(r"\b[A-Z2-9]{4}(?:-[A-Z2-9]{4})+\b")
_DOCX = ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document")


@dataclass(frozen=True)
class Letter:
    """A letter in somebody's mailbox."""

    subject: str
    text: str
    html: str
    sender: str
    message_id: str

    @property
    def code(self) -> str:
        """The one-time code in it; empty where there is none."""
        found = _CODE.search(self.text)
        return found[0] if found else ""


@dataclass(frozen=True)
class Post:
    """The mail servers the people of the play use."""

    smtp_host: str
    smtp_port: int
    imap_host: str
    imap_port: int

    def send(
        self, *, sender: str, to: str, subject: str, text: str, attachments: Sequence[tuple[str, bytes]] = ()
    ) -> str:
        """Send a mail; gives its Message-ID."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, subject
        mail["Date"], mail["Message-ID"] = formatdate(localtime=True), make_msgid(domain=sender.rpartition("@")[2])
        mail.set_content(text)
        for name, content in attachments:
            mail.add_attachment(content, maintype=_DOCX[0], subtype=_DOCX[1], filename=name)
        with smtplib.SMTP(self.smtp_host, self.smtp_port, timeout=20) as server:
            server.send_message(mail)
        return str(mail["Message-ID"])

    def letters(self, address: str) -> list[Letter]:
        """Everything in the mailbox of an address, the oldest first."""
        return [
            Letter(
                subject=each.subject,
                text=each.text,
                html=each.html,
                sender=each.from_,
                message_id=_message_id(each),
            )
            for each in self._mails(address)
        ]

    def message_ids(self, address: str) -> list[str]:
        """The Message-ID of each mail in the mailbox of an address."""
        return [_message_id(each) for each in self._mails(address, headers_only=True)]

    def _mails(self, address: str, *, headers_only: bool = False) -> list[MailMessage]:
        try:
            # The local mail server takes any password.
            box = MailBoxUnencrypted(self.imap_host, self.imap_port, timeout=20).login(address, address)
        except MailboxLoginError:
            return []  # it makes a mailbox when the first letter comes
        with box:
            return list(box.fetch(mark_seen=False, headers_only=headers_only, bulk=headers_only))


def _message_id(mail: MailMessage) -> str:
    return str(mail.obj.get("Message-ID", "")).strip()
