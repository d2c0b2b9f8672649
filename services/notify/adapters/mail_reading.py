"""A mail's bytes decoded into plain values: Chinese charsets however they are declared, nested and forwarded parts."""

from __future__ import annotations

import base64
import binascii
import codecs
import email
import quopri
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.policy import Compat32
from email.utils import parseaddr, parsedate_to_datetime

from lxml import etree, html

from services.notify.domain.letter import letter_id_of
from services.notify.domain.read_mail import Attachment, Bounce, ReadMail, message_id_in
from shared.text import legible, one_line
from shared.trouble import Unreadable

MOST_HTML = 2 * 1024 * 1024
MOST_PARTS = 200

_CHARSETS = re.compile(
    r"utf-8|utf-16(?:-[bl]e)?|gb\w+|hz|big5\w*|cp9(?:32|36|49|50)|iso8859-\d+|cp125\d|koi8-[rut]"
    r"|shift_jis\w*|euc_(?:jp|kr)\w*|iso2022_(?:jp|kr)\w*|johab|tis-620|mac-roman"
)
_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_GAP = re.compile(r"(=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)\s+(?==\?)")
_OURS = re.compile(r"<([0-9a-f]{8}-[0-9a-f-]{27}\.\d+@[^>\s]+)>")
_AUTOMATIC = re.compile(
    r"^\s*(?:自动回复|自动答复|自动应答|外出自动|auto[- ]?(?:reply|response)|automatic reply|out of office)", re.I
)
_UNDELIVERED = re.compile(
    r"退信|无法投递|投递失败|被退回|undeliver|delivery (?:status|fail)|returned mail|failure notice", re.I
)
_ANSWER = re.compile(r"\b[45]\d\d[ -][^\r\n]{3,300}")


class _Lenient(Compat32):
    """Headers as text even where they hold raw bytes of some Chinese charset."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002  # the policy's signature
        if isinstance(value, str) and any(0xDC80 <= ord(letter) <= 0xDCFF for letter in value):
            return decoded(value.encode("utf-8", "surrogateescape"), None)
        return value


_POLICY = _Lenient()


def read_mail(raw: bytes) -> ReadMail:
    """What the mail says. Unreadable when not even its parts can be told apart."""
    try:
        return _read(email.message_from_bytes(raw, policy=_POLICY))
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
        AssertionError,
        etree.LxmlError,
    ) as error:
        raise Unreadable(f"the mail cannot be taken apart: {type(error).__name__}") from error


def decoded(content: bytes, charset: str | None) -> str:
    """Bytes as text. What is called GB2312 is mostly GBK or GB18030; what is called nothing is UTF-8 or that."""
    name = (charset or "").lower().strip("\"' ")
    if name.startswith(("gb", "x-gbk", "cp936", "ms936", "hz", "euc-cn")) and name != "hz-gb-2312":
        name = "gb18030"
    for candidate in (_codec(name), "utf-8", "gb18030"):
        try:
            return legible(content.decode(candidate))
        except UnicodeDecodeError:
            continue
    return legible(content.decode("gb18030" if name == "gb18030" else "utf-8", "replace"))


def _codec(charset: str) -> str:
    """The codec of a charset that mails are written in; ASCII for every other name.

    Python has codecs by which a mail could say what no text may hold, and others that turn bytes into bytes.
    """
    try:
        found = codecs.lookup(charset).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return "ascii"
    return found if _CHARSETS.fullmatch(found) else "ascii"


def decoded_header(text: str) -> str:
    """A header with its encoded words decoded; neighbours of one charset are joined before, for split characters."""
    text = re.sub(r"\r?\n(?=[ \t])", "", text)
    while (joined := _GAP.sub(r"\1", text)) != text:
        text = joined
    parts: list[str] = []
    end = 0
    run: tuple[str, bytes] | None = None
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        charset, content = word[1].partition("*")[0].lower(), _word_bytes(word[2], word[3])
        if run and (between or run[0] != charset):
            parts.append(decoded(run[1], run[0]))
            run = None
        parts.append(between)
        run = (charset, (run[1] if run else b"") + content)
        end = word.end()
    if run:
        parts.append(decoded(run[1], run[0]))
    return one_line("".join([*parts, text[end:]])).strip()


def _word_bytes(encoding: str, content: str) -> bytes:
    if encoding in "qQ":
        return quopri.decodestring(content.replace("_", " ").encode("ascii", "replace"), header=True)
    try:
        return base64.b64decode(content + "=" * (-len(content) % 4))
    except (binascii.Error, ValueError):
        return content.encode("utf-8", "replace")


def _read(message: Message) -> ReadMail:
    subject = decoded_header(str(message.get("Subject", "")))
    sender_name, sender = parseaddr(str(message.get("From", "")))
    texts: list[str] = []
    pages: list[str] = []
    attachments: list[Attachment] = []
    for part in _leaves(message):
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        name = _file_name(part)
        kind = part.get_content_type()
        if not name and kind in ("text/plain", "text/html"):
            (texts if kind == "text/plain" else pages).append(decoded(content, part.get_content_charset()))
        else:
            attachments.append(Attachment(name=name or "未命名附件", content_type=kind, content=content))
    roots = [root for root in map(_html_root, pages) if root is not None]
    plain = "\n".join(texts).strip()
    return ReadMail(
        message_id=message_id_in(str(message.get("Message-ID", ""))),
        sender=one_line(sender).strip().lower(),
        sender_name=decoded_header(sender_name),
        subject=subject,
        date=_date(message),
        text=plain or "\n".join(_visible(root) for root in roots).strip(),
        tables=tuple(row for root in roots for row in _rows(root)),
        attachments=tuple(attachments),
        automatic=_is_automatic(message, subject),
        bounce=_bounce(message, sender, subject, plain),
    )


def _leaves(message: Message) -> Iterator[Message]:
    """Every part that holds content, those of forwarded mails included."""
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        if not part.is_multipart():
            yield part


def _file_name(part: Message) -> str:
    for header, param in (("content-disposition", "filename"), ("content-type", "name")):
        found = part.get_param(param, header=header)
        if isinstance(found, tuple):
            charset, _, value = found
            return one_line(decoded(value.encode("raw-unicode-escape"), charset)).strip()
        if found:
            return decoded_header(str(found))
    return ""


def _date(message: Message) -> datetime | None:
    try:
        at = parsedate_to_datetime(str(message.get("Date", "")))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None


def _is_automatic(message: Message, subject: str) -> bool:
    submitted = str(message.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    marked = any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
    return (
        submitted != "no"
        or precedence in {"auto_reply", "bulk", "junk", "list"}
        or marked
        or bool(_AUTOMATIC.match(subject))
    )


# HTML


def _html_root(page: str) -> html.HtmlElement | None:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", page[:MOST_HTML])
    if not text.strip():
        return None
    root = html.document_fromstring(text)
    etree.strip_elements(root, "script", "style", "head", with_tail=False)
    return root


def _rows(root: html.HtmlElement) -> Iterator[tuple[str, ...]]:
    for row in root.iter("tr"):
        if row.find(".//table") is None:
            yield tuple(_visible(cell).replace("\n", " ") for cell in row.iterchildren("td", "th"))


def _visible(element: html.HtmlElement) -> str:
    """The text a reader sees, a line for each block."""
    parts: list[str] = []
    for event, each in etree.iterwalk(element, events=("start", "end", "comment")):
        if event == "comment":
            parts.append(each.tail or "" if each is not element else "")
        elif event == "start":
            parts.append(" " if each.tag == "td" else "\n" if each.tag in _BLOCKS else "")
            parts.append(each.text or "")
        else:
            parts.append("\n" if each.tag in _BLOCKS else "")
            parts.append(each.tail or "" if each is not element else "")
    lines = legible("".join(parts)).replace("\xa0", " ").splitlines()
    return "\n".join(line for line in (" ".join(line.split(" ")).strip() for line in lines) if line)


_BLOCKS = {"p", "div", "br", "tr", "li", "table", "h1", "h2", "h3", "h4", "blockquote"}


# Bounces


def _bounce(message: Message, sender: str, subject: str, plain: str) -> Bounce | None:
    """A delivery report about a letter of ours, whether or not it follows RFC 3464."""
    reports = [part for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    daemon = sender.lower().partition("@")[0] in {"mailer-daemon", "postmaster"}
    if not reports and not (daemon and _UNDELIVERED.search(f"{subject}\n{plain}")):
        return None
    ours = _message_id_of_ours(message)
    if not ours:
        return None
    fields = [block for report in reports for block in report.walk() if block is not report]
    actions = {str(block.get("Action", "")).strip().lower() for block in fields} - {""}
    said = next((str(block["Diagnostic-Code"]) for block in fields if block.get("Diagnostic-Code")), "")
    if not said:
        answer = _ANSWER.search(plain)
        said = answer[0] if answer else subject
    reason = " ".join(legible(said).split())[:300]
    return Bounce(message_id=ours, reason=reason, final=not actions or "failed" in actions)


def _message_id_of_ours(message: Message) -> str:
    candidates = [str(part.get("Message-ID", "")).strip() for part in message.walk() if part is not message]
    for part in _leaves(message):
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            candidates += [f"<{found}>" for found in _OURS.findall(decoded(content, part.get_content_charset()))]
    candidates += [f"<{found}>" for found in _OURS.findall(str(message.get("References", "")))]
    candidates += [f"<{found}>" for found in _OURS.findall(str(message.get("In-Reply-To", "")))]
    return next((each for each in candidates if letter_id_of(each)), "")
