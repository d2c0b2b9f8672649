"""Mails as they come: every one of the corpus is read without loss, or waits for a person. M3, M4."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given as with_any
from hypothesis import settings as limits
from hypothesis import strategies as st

from services.notify.adapters.contact_form_docx import rows_of_docx
from services.notify.adapters.mail_reading import decoded_header, read_mail
from services.notify.domain.contact_form import ContactForm, read_rows, read_text
from services.notify.domain.read_mail import Bounce
from services.notify.handlers.mailbox import forms_in
from shared.records import derived_id
from shared.trouble import Unreadable
from tests.notify import corpus
from tests.notify.test_contact_form import TABLE, WHOLE


def form_of(raw: bytes) -> tuple[str, ContactForm]:
    """The form a mail holds and where it was found."""
    return next((name, form) for name, form in forms_in(read_mail(raw)) if form.recognised)


@pytest.mark.parametrize(
    ("mail", "found_in", "subject"),
    [
        (corpus.plain, "正文", corpus.SUBJECT),
        (corpus.raw_gbk, "正文", corpus.SUBJECT),
        (corpus.html_only, "正文", corpus.SUBJECT),
        (corpus.docx_rfc2231, corpus.NAME, corpus.SUBJECT),
        (corpus.docx_encoded_word, corpus.NAME, corpus.SUBJECT),
        (corpus.docx_raw_name, corpus.NAME, corpus.SUBJECT),
        (corpus.nested, "附表2.docx", "转发：" + corpus.SUBJECT),
    ],
)
def test_the_form_is_found(mail: Callable[[], bytes], found_in: str, subject: str) -> None:
    raw = mail()
    assert form_of(raw) == (found_in, WHOLE)
    read = read_mail(raw)
    assert (read.subject, read.sender, read.automatic, read.bounce) == (subject, corpus.FROM, False, None)


def test_a_subject_cut_in_mid_character_and_letters_beyond_gb2312_survive() -> None:
    read = read_mail(corpus.gb2312_split())
    assert (read.subject, read.sender_name) == (corpus.SUBJECT, "张喆")
    assert form_of(corpus.gb2312_split())[1].name == "张喆"


def test_raw_gbk_in_the_senders_name_survives() -> None:
    assert read_mail(corpus.raw_gbk()).sender_name == "张三"


@pytest.mark.parametrize("mail", [corpus.scanned, corpus.old_word, corpus.broken_docx, corpus.malformed])
def test_what_holds_no_readable_form_is_still_read(mail: Callable[[], bytes]) -> None:
    read = read_mail(mail())
    assert read.sender == corpus.FROM
    assert not any(form.recognised for _, form in forms_in(read))


def test_attachments_keep_their_names_and_bytes() -> None:
    (attachment,) = read_mail(corpus.scanned()).attachments
    assert (attachment.name, attachment.content) == ("扫描件.jpg", b"\xff\xd8\xff\xe0scan")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("=?gb2312?B?uv6xsQ==?=", "湖北"),
        ("=?UTF-8?Q?=E6=B9=96=E5=8C=97?= =?UTF-8?Q?=E7=9C=81?=", "湖北省"),
        ("Re: =?utf-8?B?5rmW5YyX?= (2)", "Re: 湖北 (2)"),
        ("=?utf-8*zh?B?5rmW5YyX?=", "湖北"),
        ("=?x-none?B?5rmW5YyX?=", "湖北"),
        ("=?utf-8?B?5rmW5YyX", "=?utf-8?B?5rmW5YyX"),
        ("湖北 =?utf-8?B?55yB?=", "湖北 省"),
        ("", ""),
    ],
)
def test_a_header_is_decoded(header: str, text: str) -> None:
    assert decoded_header(header) == text


def test_an_automatic_reply_is_known_as_one() -> None:
    assert read_mail(corpus.auto_reply()).automatic


OURS = f"<{derived_id('letter')}.0@zhengji.example>"


def test_a_delivery_report_names_our_letter_and_the_answer() -> None:
    assert read_mail(corpus.bounce(OURS)).bounce == Bounce(OURS, "smtp; 550 5.1.1 user unknown", final=True)


def test_a_report_of_delay_is_not_final() -> None:
    found = read_mail(corpus.bounce(OURS, action="delayed")).bounce
    assert found is not None
    assert not found.final


def test_a_chinese_bounce_without_report_is_understood() -> None:
    found = read_mail(corpus.chinese_bounce(OURS)).bounce
    assert found == Bounce(OURS, "550 User not found: nobody@163.example", final=True)


def test_a_report_about_somebody_elses_mail_is_no_bounce_of_ours() -> None:
    assert read_mail(corpus.bounce("<CAB123@mail.example>")).bounce is None


def test_the_same_message_has_one_fingerprint_by_whatever_way_it_came() -> None:
    twice = b"Received: from a by b\r\nX-Spam: no\r\n" + corpus.plain()
    assert read_mail(twice).fingerprint() == read_mail(corpus.plain()).fingerprint()
    other = corpus.plain().replace(b"430079", b"430080")
    assert read_mail(other).fingerprint() != read_mail(corpus.plain()).fingerprint()


def test_every_row_of_a_word_table_is_read() -> None:
    rows = rows_of_docx(corpus.docx())
    assert rows[1:] == [tuple(row) for row in TABLE]
    assert read_rows(rows) == WHOLE


def test_a_word_document_with_entities_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        xml = '<!DOCTYPE d [<!ENTITY a "aaaa">]><w:document xmlns:w="urn:x">&a;</w:document>'
        archive.writestr("word/document.xml", xml)
    with pytest.raises(Unreadable):
        rows_of_docx(made.getvalue())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.4", b"\xd0\xcf\x11\xe0"])
def test_what_is_no_word_document_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        rows_of_docx(content)


def test_a_document_larger_than_any_form_is_refused() -> None:
    bomb = corpus.docx([["单位名称", "甲" * 9_000]] * 30)
    with pytest.raises(Unreadable):
        rows_of_docx(bomb)


@limits(max_examples=150, deadline=None)
@with_any(
    st.binary(max_size=600), st.sampled_from([corpus.plain, corpus.html_only, corpus.nested, corpus.docx_rfc2231])
)
def test_no_bytes_break_the_reading(noise: bytes, mail: Callable[[], bytes]) -> None:
    raw = mail()
    middle = len(noise) * len(raw) // 601
    for damaged in (noise, raw[:middle] + noise + raw[middle:], noise + raw):
        try:
            read = read_mail(damaged)
        except Unreadable:
            continue
        read.fingerprint()
        read_text(read.text)
