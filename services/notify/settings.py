"""What notify is told from outside, besides what all services are told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.settings import ServiceSettings

Security = Literal["ssl", "starttls", "none"]
_BY_PORT: dict[int, Security] = {465: "ssl", 587: "starttls"}


class NotifySettings(ServiceSettings):
    """Settings of notify.

    ``letter_private_key`` (base64 of 32 raw X25519 bytes) opens the codes that are sealed for letters. ``mail_from`` is
    the address letters come from; empty means the campaign's mailbox. ``smtp_security`` and ``imap_ssl`` follow the
    port where they are not set: 465 and 993 speak TLS, 587 upgrades to it.
    """

    letter_private_key: str

    smtp_host: str
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_security: Security | None = None
    mail_from: str = ""
    mail_from_name: str = ""

    imap_host: str
    imap_port: int = 993
    imap_user: str
    imap_password: str
    imap_ssl: bool | None = None
    imap_folder: str = "INBOX"
    mailbox_every_seconds: float = 5.0
    mail_most_bytes: int = 30 * 1024 * 1024
    answers_per_sender_and_day: int = 10

    letters_per_minute: int = Field(600, ge=1)
    letters_per_minute_and_domain: int = Field(120, ge=1)
    letters_burst: int = Field(200, ge=1)
    letter_first_wait_seconds: float = 60.0
    letter_longest_wait_seconds: float = 7200.0
    letter_tries: int = Field(12, ge=1)
    letter_lease_seconds: float = 180.0

    @property
    def sender(self) -> str:
        """The address letters come from."""
        return self.mail_from or self.imap_user

    @property
    def security_of_smtp(self) -> Security:
        """How the mail server is spoken to."""
        return self.smtp_security or _BY_PORT.get(self.smtp_port, "none")

    @property
    def security_of_imap(self) -> bool:
        """Whether the mailbox speaks TLS."""
        return self.imap_port == 993 if self.imap_ssl is None else self.imap_ssl
