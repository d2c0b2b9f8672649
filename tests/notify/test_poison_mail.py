"""Whatever a stranger sends, it is kept for a person and the next mail is read."""

from __future__ import annotations

import pytest

from services.notify.adapters.mail_reading import read_mail
from services.notify.domain.inbound import InboundMail, MailState
from services.notify.domain.letter import LetterState
from services.notify.domain.read_mail import ReadMail
from services.notify.handlers import mailbox
from services.notify.handlers.mailbox import empty_mailbox
from services.notify.handlers.sending import send_next
from shared.trouble import Away
from tests.notify import corpus
from tests.notify.given import Given


def mails(here: Given) -> list[InboundMail]:
    return [here.app.mails.get(row["_id"]) for row in here.app.mails.rows({}, only=("_id",))]


def take(here: Given, *raws: bytes) -> None:
    for raw in raws:
        here.mailbox.deliver(raw)
    empty_mailbox(here.app)


POISON = {
    "a surrogate by UTF-7 in the subject": b"Subject: =?utf-7?Q?+2AA-x?=\r\n\r\nhello\r\n",
    "a surrogate by an escape in the subject": b"Subject: =?unicode_escape?Q?=5Cud800?=\r\n\r\nhello\r\n",
    "a surrogate in the body": b"Content-Type: text/plain; charset=utf-7\r\n\r\nx+2AA-y\r\n",
    "a surrogate in a file name": b"Content-Type: application/pdf; name*=unicode_escape''%5Cud800.docx\r\n\r\nx\r\n",
    "a date beyond all dates": b"Date: Fri, 31 Dec 9999 23:59:59 -2359\r\n\r\nhello\r\n",
    "a NUL in the subject": b"Subject: =?utf-8?Q?a=00b?=\r\n\r\nhello\r\n",
    "a NUL in the name of a charset": b'Content-Type: text/plain; charset="a\0b"\r\n\r\nhello\r\n',
    "a charset that is none": b"Subject: =?base64?Q?aGVsbG8=?=\r\n\r\nhello\r\n",
    "line ends in the sender": b"From: =?utf-8?Q?a=0D=0AX:_y?= <b@c.example>\r\n\r\nhello\r\n",
    "a folded Message-ID": b"Message-ID: <a\r\n b\r\n\tc@x>\r\nSubject: hello\r\n\r\nhello\r\n",
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_whatever_a_mail_holds_it_is_kept_answered_and_the_next_one_is_read(here: Given, poison: bytes) -> None:
    sender = b"" if b"From:" in poison else b"From: x@p33.example\r\n"
    take(here, sender + poison, corpus.plain())
    assert sorted(mail.state for mail in mails(here)) == [MailState.FORM, MailState.WAITING]
    with here.mailbox.open() as opened:
        assert opened.unseen() == []
    while send_next(here.app):
        pass
    assert {letter.state for letter in here.letters()} == {LetterState.SENT}


def test_a_mail_that_fells_the_reading_waits_for_a_person(here: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    def fell(raw: bytes) -> ReadMail:
        if b"poison" in raw:
            raise ZeroDivisionError
        return read_mail(raw)

    monkeypatch.setattr(mailbox, "read_mail", fell)
    take(here, b"From: x@p33.example\r\n\r\npoison\r\n", corpus.plain())
    waiting, form = sorted(mails(here), key=lambda mail: mail.state, reverse=True)
    assert (waiting.state, waiting.subject) == (MailState.WAITING, "（无法读取的邮件）")
    assert here.originals.kept[waiting.object_key] == b"From: x@p33.example\r\n\r\npoison\r\n"
    assert form.state is MailState.FORM
    with here.mailbox.open() as opened:
        assert opened.unseen() == []


def test_mails_stay_unseen_while_a_dependency_is_away(here: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_key: str, _content: bytes) -> None:
        raise Away("minio", "told to be away")

    monkeypatch.setattr(here.originals, "keep", away)
    here.mailbox.deliver(corpus.plain())
    with pytest.raises(Away):
        empty_mailbox(here.app)
    with here.mailbox.open() as opened:
        assert len(opened.unseen()) == 1
