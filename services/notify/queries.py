"""What the pages of notify show: plain values, with addresses masked in lists and codes masked everywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.adapters.paper import MASKED, Written
from services.notify.app import App
from services.notify.domain.contact_form import LABELS, ContactForm, label_of
from services.notify.domain.inbound import MailState
from services.notify.domain.letter import MOST_RESENDS, SEALED_KINDS, UNDELIVERED, Letter, LetterState
from shared.trouble import NotThere

PAGE = 50

STATES: Mapping[str, str] = {
    LetterState.WAITING_FOR_ADDRESS: "等待联系方式",
    LetterState.WAITING: "等待发送",
    LetterState.SENDING: "正在发送",
    LetterState.SENT: "已发送",
    LetterState.BOUNCED: "已退回",
    LetterState.FAILED: "未能送达",
    LetterState.ON_SITE: "站内消息",
    LetterState.HELD: "暂缓发送",
}
_UNFINISHED = (LetterState.WAITING_FOR_ADDRESS, LetterState.HELD)
"""Letters that may miss what comes with the address, and that nobody finds among the messages yet."""
LOOKS: Mapping[str, str] = {
    LetterState.SENT: "done",
    LetterState.ON_SITE: "done",
    LetterState.BOUNCED: "wrong",
    LetterState.FAILED: "wrong",
    LetterState.SENDING: "doing",
}
KINDS: Mapping[str, str] = {
    "receipt": "报送回执",
    "findings": "检查结果",
    "reminder": "报送提醒",
    "co_author": "列为作者的告知",
    "co_author_refused": "不同意列为作者",
    "handover_offered": "请接手案例",
    "handover": "案例移交",
    "password_reset": "重设密码",
    "activation_code": "激活码",
    "contact_form_received": "联系人信息表已收到",
    "contact_form_incomplete": "联系人信息表需补充",
    "mail_waiting": "来信已收到",
    "contact_refused": "联系人信息表未通过",
    "shortlist": "推荐名单已收到",
    "assignment": "专家推荐任务",
    "result": "推荐结果",
    "certificate": "电子证书",
    "certificate_replaced": "电子证书更正",
    "certificate_revoked": "电子证书撤销",
    "transfer": "案例转省",
    "case_moved": "所属省份变更",
    "not_eligible": "资格审定未通过",
    "disqualification": "取消参加资格",
    "disqualification_province": "取消参加资格（省级）",
}
MAIL_STATES: Mapping[str, str] = {
    MailState.FORM: "已登记",
    MailState.INCOMPLETE: "已登记，待补充",
    MailState.WAITING: "待处理",
    MailState.SETTLED: "已处理",
    MailState.BOUNCE: "退信",
    MailState.IGNORED: "自动回复",
}


def masked_mail(address: str) -> str:
    """z***@example.com"""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***{at}{domain}" if at else ""


# Messages on the site


@dataclass(frozen=True)
class MessageLine:
    """One message in somebody's list."""

    id: str
    subject: str
    at: datetime


@dataclass(frozen=True)
class MessagePage:
    """One message, whole."""

    id: str
    subject: str
    text: str
    at: datetime
    has_code: bool


def messages_of(app: App, account_id: str, *, page: int) -> tuple[list[MessageLine], int]:
    """Somebody's messages, newest first, and how many pages there are."""
    query = _mine(account_id)
    ids = [row["_id"] for row in app.letters.page(query, skip=(page - 1) * PAGE, most=PAGE)]
    letters = [letter for letter in map(app.letters.find, ids) if letter is not None]
    lines = [MessageLine(letter.id, _written(app, letter).subject, letter.created) for letter in letters]
    return lines, pages(app.letters.count(query))


def message_page(app: App, letter_id: str, *, account_id: str) -> MessagePage:
    """One of somebody's own messages; NotThere for anybody else's."""
    letter = app.letters.find(letter_id)
    if letter is None or letter.account_id != account_id or letter.state in _UNFINISHED:
        raise NotThere("没有找到这条消息。")
    written = _written(app, letter, on_site=True)
    return MessagePage(letter.id, written.subject, written.text, letter.created, MASKED in written.text)


def _mine(account_id: str) -> dict[str, Any]:
    return {"account_id": account_id, "state": {"$nin": [state.value for state in _UNFINISHED]}}


# Letters, for the centre


@dataclass(frozen=True)
class LetterFilter:
    """What a list of letters is narrowed to; ``words`` is an address, a name, or the number of a case."""

    state: str = ""
    kind: str = ""
    words: str = ""

    def query(self) -> dict[str, Any]:
        """The filter in MongoDB's terms; an unknown state or kind is no filter."""
        found: dict[str, Any] = {}
        if self.state in STATES:
            found["state"] = self.state
        if self.kind in KINDS:
            found["kind"] = self.kind
        words = self.words.strip()
        if words:
            begins = {"$regex": f"^{re.escape(words)}"}
            found["$or"] = [{"email": begins}, {"name": words}, {"values.number": words}, {"case_id": words}]
        return found


@dataclass(frozen=True)
class LetterLine:
    """One letter in the list."""

    id: str
    kind: str
    state: str
    look: str
    name: str
    email: str
    at: datetime
    tries: int
    reason: str


@dataclass(frozen=True)
class LetterPage:
    """One letter with everything the centre may know of it."""

    id: str
    kind: str
    state: str
    look: str
    subject: str
    text: str
    name: str
    email: str
    case_id: str
    created: datetime
    sent_at: datetime | None
    due: datetime | None
    tries: int
    resends: int
    most_resends: int
    reason: str
    possibly_twice: bool
    message_id: str
    correlation: str
    may_resend: bool
    has_code: bool


def letters_page(app: App, chosen: LetterFilter, *, page: int) -> tuple[list[LetterLine], int]:
    """Letters, newest first, and how many pages there are."""
    query = chosen.query()
    rows = app.letters.page(query, skip=(page - 1) * PAGE, most=PAGE)
    return [_line(row) for row in rows], pages(app.letters.count(query))


def _line(row: Mapping[str, Any]) -> LetterLine:
    return LetterLine(
        id=row["_id"],
        kind=KINDS.get(row["kind"], row["kind"]),
        state=STATES[row["state"]],
        look=LOOKS.get(row["state"], "todo"),
        name=row.get("name", ""),
        email=masked_mail(row.get("email", "")),
        at=row["created"],
        tries=row.get("tries", 0),
        reason=row.get("reason", ""),
    )


def letters_by_state(app: App) -> dict[str, int]:
    """How many letters stand where, every state named."""
    found = app.letters.by_state()
    return {state.value: found.get(state.value, 0) for state in LetterState}


def letter_page(app: App, letter_id: str) -> LetterPage:
    """One letter. NotThere."""
    letter = app.letters.get(letter_id)
    written = _written(app, letter)
    return LetterPage(
        id=letter.id,
        kind=KINDS.get(letter.kind, letter.kind),
        state=STATES[letter.state],
        look=LOOKS.get(letter.state, "todo"),
        subject=written.subject,
        text=written.text,
        name=letter.name,
        email=letter.email,
        case_id=letter.case_id,
        created=letter.created,
        sent_at=letter.sent_at,
        due=letter.due,
        tries=letter.tries,
        resends=letter.resends,
        most_resends=MOST_RESENDS,
        reason=letter.reason,
        possibly_twice=letter.possibly_twice,
        message_id=letter.message_id,
        correlation=letter.correlation,
        may_resend=letter.state in UNDELIVERED,
        has_code=letter.kind in SEALED_KINDS,
    )


def letter_preview(app: App, letter_id: str) -> str:
    """The HTML of a letter, its code masked. NotThere."""
    return _written(app, app.letters.get(letter_id)).html


def _written(app: App, letter: Letter, *, on_site: bool = False) -> Written:
    """A letter in words. One that still misses what comes with the address shows its place empty."""
    if letter.state in _UNFINISHED:
        letter.values = {"number": "", "title": "", "author_name": letter.name, **letter.values}
    return app.paper.write(letter, campaign=app.campaign(letter.campaign_id), at=letter.created, on_site=on_site)


# The mailbox, for the centre


@dataclass(frozen=True)
class MailLine:
    """One mail in the list."""

    id: str
    state: str
    subject: str
    sender: str
    at: datetime


@dataclass(frozen=True)
class MailPage:
    """One mail with what was read of it."""

    id: str
    state: str
    waits: bool
    subject: str
    sender: str
    sender_name: str
    at: datetime
    text: str
    enclosed: tuple[str, ...]
    reason: str
    found_in: str
    late: bool
    rows: tuple[tuple[str, str], ...]
    form: ContactForm
    object_key: str
    province: str


def mails_page(app: App, state: str, *, page: int) -> tuple[list[MailLine], int]:
    """Mails of a state, newest first, and how many pages there are."""
    query = {"state": state} if state in MAIL_STATES else {}
    rows = app.mails.page(query, skip=(page - 1) * PAGE, most=PAGE)
    lines = [
        MailLine(row["_id"], MAIL_STATES[row["state"]], row["subject"], masked_mail(row["sender"]), row["arrived"])
        for row in rows
    ]
    return lines, pages(app.mails.count(query))


def mail_page(app: App, mail_id: str) -> MailPage:
    """One mail. NotThere."""
    mail = app.mails.get(mail_id)
    form = mail.form or ContactForm()
    return MailPage(
        id=mail.id,
        state=MAIL_STATES[mail.state],
        waits=mail.state is MailState.WAITING,
        subject=mail.subject,
        sender=mail.sender,
        sender_name=mail.sender_name,
        at=mail.arrived,
        text=mail.text,
        enclosed=tuple(each.name for each in mail.enclosed),
        reason=mail.reason,
        found_in=mail.found_in,
        late=mail.late,
        rows=tuple((label_of(name), getattr(form, name)) for name in LABELS) if mail.form else (),
        form=form,
        object_key=mail.object_key,
        province=mail.province,
    )


def provinces(app: App) -> list[tuple[str, str]]:
    """The provinces of the present campaign, for a choice."""
    return [(each.code, each.name) for each in app.campaigns.current().provinces]


def pages(count: int) -> int:
    """How many pages so many lines fill."""
    return max(1, -(-count // PAGE))
