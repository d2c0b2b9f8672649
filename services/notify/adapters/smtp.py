"""Letters handed to a real mail server by SMTP, over one connection as long as it is good."""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from services.notify.domain.delivery import Verdict, verdict
from services.notify.domain.ports import AnswerLost, Declined, Parcel
from shared.trouble import Away

_TIMEOUT = 30
_CONNECTION_LASTS = 20.0
"""Seconds; an idle connection is one that servers cut without a word."""


class SmtpPost:
    """One mail server. ``security`` is ``ssl``, ``starttls`` or ``none``."""

    def __init__(
        self, *, host: str, port: int, user: str, password: str, security: str, letters_per_connection: int = 20
    ) -> None:
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._security = security
        self._most = letters_per_connection
        self._connection: smtplib.SMTP | None = None
        self._sent = 0
        self._used_at = 0.0
        self._lock = threading.Lock()

    def send(self, parcel: Parcel) -> None:
        """Hand over one mail. Declined, AnswerLost, Away."""
        if not parcel.recipient.isascii():
            raise Declined(553, "5.1.3 the address holds letters that mail servers do not take")
        with self._lock:
            with _or_away(self):
                connection = self._ready()
                self._ask(connection, f"MAIL FROM:<{parcel.sender}>", about_us=True)
                self._ask(connection, f"RCPT TO:<{parcel.recipient}>")
                self._ask(connection, "DATA")
            self._hand_over(connection, parcel.content)

    def ping(self) -> None:
        """Raise Away unless the server answers; a connection of its own, without a login that providers count."""
        try:
            with self._greeted() as connection:
                connection.noop()
        except (smtplib.SMTPException, OSError) as error:
            raise Away("smtp", f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Let go of the connection, politely where it still answers."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _hand_over(self, connection: smtplib.SMTP, content: bytes) -> None:
        """From here on nobody knows whether the mail arrived until the server has said so."""
        try:
            connection.send(re.sub(rb"(?m)^\.", b"..", content) + (b"" if content.endswith(b"\r\n") else b"\r\n"))
            connection.send(b".\r\n")
            code, answer = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.drop()
            raise AnswerLost(f"{type(error).__name__}: {error}") from error
        self._sent += 1
        self._used_at = time.monotonic()
        if code != 250:
            self._reset(connection)
            raise Declined(code, _text(answer))

    def _ready(self) -> smtplib.SMTP:
        """A connection that answers; a new one where the old one is used up, idle too long or cut."""
        idle = time.monotonic() - self._used_at > _CONNECTION_LASTS
        if self._connection is not None and (self._sent >= self._most or idle or not self._answers()):
            self.close()
        if self._connection is None:
            self._connection = self._connect()
            self._sent = 0
        self._used_at = time.monotonic()
        return self._connection

    def _answers(self) -> bool:
        assert self._connection is not None
        try:
            return self._connection.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _connect(self) -> smtplib.SMTP:
        connection = self._greeted()
        try:
            connection.ehlo_or_helo_if_needed()
            if self._security == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if self._user:
                connection.login(self._user, self._password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greeted(self) -> smtplib.SMTP:
        if self._security == "ssl":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT)

    def _ask(self, connection: smtplib.SMTP, command: str, *, about_us: bool = False) -> None:
        """One command; a no to our own address is nothing a recipient is to blame for."""
        code, answer = connection.docmd(command)
        if code in (250, 251, 354):
            return
        text = _text(answer)
        self._reset(connection)
        if code == 421:
            self.drop()
        if about_us and verdict(code, text) is Verdict.NEVER:
            raise Away("smtp", f"our own address is refused: {code} {text}")
        raise Declined(code, text)

    def _reset(self, connection: smtplib.SMTP) -> None:
        try:
            connection.rset()
        except (smtplib.SMTPException, OSError):
            self.drop()

    def drop(self) -> None:
        """Forget a connection that is no good."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def _or_away(post: SmtpPost) -> Iterator[None]:
    try:
        yield
    except (smtplib.SMTPException, OSError) as error:
        post.drop()
        raise Away("smtp", f"{type(error).__name__}: {error}") from error


def _text(answer: bytes) -> str:
    return " ".join(answer.decode("utf-8", "replace").split())[:500]
