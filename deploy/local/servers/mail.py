"""GreenMail: a real SMTP and IMAP server whose mailboxes appear when the first letter or login comes."""

import imaplib
import smtplib

from deploy.local.java import java, mail_jar
from deploy.local.places import Places
from deploy.local.servers import Choose, Program

MAILBOX = "jsyxmoe@zhengji.example"


class Mail:
    name = "mail"
    external = "ZHENGJI_SMTP_HOST"
    passed_on: tuple[str, ...] = (
        "ZHENGJI_SMTP_PORT", "ZHENGJI_IMAP_HOST", "ZHENGJI_IMAP_PORT", "ZHENGJI_IMAP_USER", "ZHENGJI_IMAP_PASSWORD",
    )  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def install(self, places: Places) -> None:
        java(places)
        mail_jar(places)

    def programs(self, places: Places, choose: Choose) -> list[Program]:
        """Letters live in memory; any password opens a mailbox, so that a demo can read everybody's letters."""
        smtp, imap = choose("smtp", 3025), choose("imap", 3143)
        options = {
            "smtp.hostname": "127.0.0.1", "smtp.port": smtp, "imap.hostname": "127.0.0.1", "imap.port": imap,
            "users": f"jsyxmoe:local@{MAILBOX.partition('@')[2]}", "users.login": "email",
        }  # fmt: skip
        program = Program(
            name=self.name,
            command=(
                java(places), "-Xmx256m", "-XX:+UseSerialGC", "-Dgreenmail.auth.disabled",
                *(f"-Dgreenmail.{name}={text}" for name, text in options.items()), "-jar", mail_jar(places),
            ),
            ready=lambda: _answers(smtp, imap),
            settings={
                self.external: "127.0.0.1",
                "ZHENGJI_SMTP_PORT": str(smtp),
                "ZHENGJI_IMAP_HOST": "127.0.0.1",
                "ZHENGJI_IMAP_PORT": str(imap),
                "ZHENGJI_IMAP_USER": MAILBOX,
                "ZHENGJI_IMAP_PASSWORD": "local",
            },
        )  # fmt: skip
        return [program]


def _answers(smtp: int, imap: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", smtp, timeout=1) as door:
            door.noop()
        with imaplib.IMAP4("127.0.0.1", imap, timeout=1) as box:
            box.noop()
    except (OSError, smtplib.SMTPException, imaplib.IMAP4.error):
        return False
    return True
