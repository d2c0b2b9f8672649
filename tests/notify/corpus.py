"""Mails as the programs of provinces write them, made byte by byte: charsets, encodings, nesting, bounces, replies."""

from __future__ import annotations

import base64
import io
import quopri
import zipfile
from collections.abc import Sequence
from email.header import Header
from email.message import EmailMessage
from xml.sax.saxutils import escape

from tests.notify.test_contact_form import TABLE, WITH_COLONS

FROM = "zhang@hbe.example"
TO = "jsyxmoe@zhengji.example"
DATE = "Mon, 14 Oct 2024 14:00:00 +0800"
SUBJECT = "湖北省联系人信息表"


def raw_mail(*headers: str, body: bytes, sender: bytes = FROM.encode(), message_id: str = "<m1@hbe.example>") -> bytes:
    """Headers as they are given, in whatever bytes."""
    lines = [
        b"From: " + sender,
        f"To: {TO}".encode(),
        f"Date: {DATE}".encode(),
        f"Message-ID: {message_id}".encode(),
        b"MIME-Version: 1.0",
        *(header.encode("utf-8", "surrogateescape") for header in headers),
    ]
    return b"\r\n".join([*lines, b"", body])


def word(text: str, charset: str, encoding: str = "B") -> str:
    """One encoded word."""
    content = text.encode(charset)
    if encoding == "B":
        return f"=?{charset}?B?{base64.b64encode(content).decode()}?="
    return f"=?{charset}?Q?{quopri.encodestring(content, quotetabs=True, header=True).decode().replace(' ', '_')}?="


def split_words(text: str, charset: str) -> str:
    """Encoded words cut in the middle of a character, as some clients do."""
    content = text.encode(charset)
    at = len(content) // 2 | 1
    parts = [f"=?{charset}?B?{base64.b64encode(part).decode()}?=" for part in (content[:at], content[at:])]
    return "\r\n ".join(parts)


def docx(
    rows: Sequence[Sequence[str]] = TABLE, *, before: str = "各省（自治区、直辖市）活动组织单位联系人信息表"
) -> bytes:
    """A Word document with one table; each letter of a cell's text in a run of its own, as Word likes to split."""

    def runs(text: str) -> str:
        return "".join(f"<w:r><w:t xml:space='preserve'>{escape(letter)}</w:t></w:r>" for letter in text)

    body = f"<w:p>{runs(before)}</w:p><w:tbl>"
    for row in rows:
        body += "<w:tr>" + "".join(f"<w:tc><w:p>{runs(cell)}</w:p></w:tc>" for cell in row) + "</w:tr>"
    body += "</w:tbl>"
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    xml = f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", xml)
    return made.getvalue()


def html_table() -> str:
    """附表2 as a web mail editor pastes it from Word."""
    rows = "".join(
        "<tr>" + "".join(f'<td width="100"><p class="MsoNormal"><span>{cell}</span></p></td>' for cell in row) + "</tr>"
        for row in TABLE
    )
    style = "<style>td { color: red }</style>"
    return f"<html><head>{style}</head><body><div>您好：</div><table border=1>{rows}</table><p>此致</p></body></html>"


def plain() -> bytes:
    """UTF-8, 8bit, nothing special."""
    return raw_mail(
        f"Subject: {Header(SUBJECT, 'utf-8').encode()}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        body=WITH_COLONS.encode(),
    )


def gb2312_split() -> bytes:
    """A GB2312 subject cut in mid-character, body in base64 called GB2312 but holding GBK letters."""
    body = WITH_COLONS.replace("张三", "张喆")  # 喆 is in GBK, not in GB2312
    return raw_mail(
        f"Subject: {split_words(SUBJECT, 'gb2312')}",
        'Content-Type: text/plain; charset="gb2312"',
        "Content-Transfer-Encoding: base64",
        body=base64.encodebytes(body.encode("gb18030")),
        sender=f"{word('张喆', 'gbk')} <{FROM}>".encode(),
    )


def raw_gbk() -> bytes:
    """Raw GBK bytes in headers and body, nothing declared."""
    subject = b"Subject: " + SUBJECT.encode("gbk")
    return raw_mail(
        subject.decode("utf-8", "surrogateescape"),
        "Content-Type: text/plain",
        "Content-Transfer-Encoding: 8bit",
        body=WITH_COLONS.encode("gbk"),
        sender="张三".encode("gbk") + f" <{FROM}>".encode(),
    )


def html_only() -> bytes:
    """A web mail: HTML alone, the form a table, quoted-printable GB18030."""
    return raw_mail(
        f"Subject: {word(SUBJECT, 'gb18030', 'Q')}",
        "Content-Type: text/html; charset=GB18030",
        "Content-Transfer-Encoding: quoted-printable",
        body=quopri.encodestring(html_table().encode("gb18030")),
    )


def _with_docx(name_header: str, *, message_id: str) -> bytes:
    content = base64.encodebytes(docx()).decode().replace("\n", "\r\n")
    body = (
        "--b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "您好，联系人信息表见附件。\r\n"
        "--b1\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        f"{name_header}\r\n\r\n{content}\r\n--b1--\r\n"
    )
    return raw_mail(
        f"Subject: {word(SUBJECT, 'utf-8')}",
        'Content-Type: multipart/mixed; boundary="b1"',
        body=body.encode("utf-8", "surrogateescape"),
        message_id=message_id,
    )


NAME = "附表2 联系人信息表（湖北省）.docx"


def docx_rfc2231() -> bytes:
    """The attachment's name in RFC 2231 continuations, in GBK."""
    coded = "".join(f"%{byte:02X}" for byte in NAME.encode("gbk"))
    half = len(coded) // 6 * 3
    return _with_docx(
        f"Content-Disposition: attachment;\r\n filename*0*=gb2312''{coded[:half]};\r\n filename*1*={coded[half:]}",
        message_id="<rfc2231@hbe.example>",
    )


def docx_encoded_word() -> bytes:
    """The attachment's name as an encoded word, as QQ mail writes it."""
    return _with_docx(
        f'Content-Disposition: attachment; filename="{word(NAME, "gb18030")}"', message_id="<word@hbe.example>"
    )


def docx_raw_name() -> bytes:
    """The attachment's name in raw GBK bytes."""
    name = NAME.encode("gbk").decode("utf-8", "surrogateescape")
    return _with_docx(f'Content-Disposition: attachment; filename="{name}"', message_id="<rawname@hbe.example>")


def nested() -> bytes:
    """Forwarded as an attachment, inside of it alternative inside mixed."""
    inner = EmailMessage()
    inner["From"] = "li@wuhan.example"
    inner["Subject"] = "转：附表2"
    inner.set_content("请转交中心，谢谢。")
    inner.add_alternative(f"<p>请转交中心</p>{html_table()}", subtype="html")
    inner.add_attachment(docx(), maintype="application", subtype="octet-stream", filename="附表2.docx")
    outer = EmailMessage()
    outer["From"] = FROM
    outer["To"] = TO
    outer["Date"] = DATE
    outer["Message-ID"] = "<nested@hbe.example>"
    outer["Subject"] = "转发：" + SUBJECT
    outer.set_content("见转发。")
    outer.add_attachment(inner)
    return outer.as_bytes()


def incomplete() -> bytes:
    """A form without mobile, with a broken address."""
    body = WITH_COLONS.replace("手机：138-0000-1234\n", "").replace("zhang@hbe.example", "zhang#hbe.example")
    return raw_mail(
        f"Subject: {word(SUBJECT, 'utf-8')}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        body=body.encode(),
        message_id="<incomplete@hbe.example>",
    )


def scanned() -> bytes:
    """The stamped form as a photograph: nobody but a person can read it."""
    mail = EmailMessage()
    mail["From"] = f"张三 <{FROM}>"
    mail["To"] = TO
    mail["Date"] = DATE
    mail["Message-ID"] = "<scan@hbe.example>"
    mail["Subject"] = SUBJECT + "（盖章扫描件）"
    mail.set_content("您好，附表2扫描件见附件。")
    mail.add_attachment(b"\xff\xd8\xff\xe0scan", maintype="image", subtype="jpeg", filename="扫描件.jpg")
    return mail.as_bytes()


def old_word() -> bytes:
    """The form as an old .doc, which waits for a person."""
    mail = EmailMessage()
    mail["From"] = FROM
    mail["To"] = TO
    mail["Message-ID"] = "<doc@hbe.example>"
    mail["Subject"] = SUBJECT
    mail.set_content("见附件")
    mail.add_attachment(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", maintype="application", subtype="msword", filename="附表2.doc"
    )
    return mail.as_bytes()


def broken_docx() -> bytes:
    """Called .docx, holding half of one."""
    mail = EmailMessage()
    mail["From"] = FROM
    mail["To"] = TO
    mail["Message-ID"] = "<broken@hbe.example>"
    mail["Subject"] = SUBJECT
    mail.set_content("见附件")
    mail.add_attachment(docx()[:300], maintype="application", subtype="zip", filename="附表2.docx")
    return mail.as_bytes()


def malformed() -> bytes:
    """Boundary never closed, base64 cut, charset of no such name, two subjects."""
    return (
        b"From: =?x-unknown?B?1cXI/Q==?= <zhang@hbe.example>\nSubject: =?utf-8?B?5rmW5YyX?=\nSubject: twice\n"
        b'Content-Type: multipart/mixed; boundary="open"\n\n--open\n'
        b"Content-Type: text/plain; charset=x-none\nContent-Transfer-Encoding: base64\n\n5Lqg5L2N5ZCN56ew77ya\xff!!\n"
    )


def auto_reply() -> bytes:
    """Somebody is out of office."""
    return raw_mail(
        f"Subject: {word('自动回复: 案例报送成功', 'utf-8')}",
        "Auto-Submitted: auto-replied",
        "Content-Type: text/plain; charset=utf-8",
        body="您好，我正在休假。".encode(),
        message_id="<auto@hbe.example>",
    )


def bounce(message_id: str, *, action: str = "failed", answer: str = "smtp; 550 5.1.1 user unknown") -> bytes:
    """A delivery report after RFC 3464."""
    body = (
        "--r1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour message could not be delivered.\r\n"
        "--r1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.school.example\r\n\r\n"
        f"Final-Recipient: rfc822; wang@school.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: {answer}\r\n"
        f"\r\n--r1\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: {TO}\r\nMessage-ID: {message_id}\r\n\r\n--r1--\r\n"
    )
    return raw_mail(
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r1"',
        body=body.encode(),
        sender=b"MAILER-DAEMON@mx.school.example",
        message_id="<dsn1@mx.school.example>",
    )


def chinese_bounce(message_id: str) -> bytes:
    """A 退信 of a Chinese provider: no report, the original as an attachment."""
    mail = EmailMessage()
    mail["From"] = "postmaster@163.example"
    mail["To"] = TO
    mail["Message-ID"] = "<dsn2@163.example>"
    mail["Subject"] = "系统退信"
    mail.set_content("很抱歉，您的邮件无法投递。\n原因：550 User not found: nobody@163.example\n")
    original = EmailMessage()
    original["From"] = TO
    original["Message-ID"] = message_id
    original.set_content("原邮件")
    mail.add_attachment(original)
    return mail.as_bytes()
