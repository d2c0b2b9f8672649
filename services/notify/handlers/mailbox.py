"""What comes into the campaign's mailbox: kept as it came, read as far as possible, answered, marked."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.notify.adapters.contact_form_docx import rows_of_docx
from services.notify.adapters.mail_reading import read_mail
from services.notify.app import App
from services.notify.domain.contact_form import ContactForm, best_of, faults_of, read_rows, read_text, tidied
from services.notify.domain.inbound import Enclosed, InboundMail, MailState
from services.notify.domain.letter import Addressee, Whom, letter_id_of
from services.notify.domain.ports import Arrived, OpenMailbox
from services.notify.domain.read_mail import ReadMail
from services.notify.handlers.writing import new_letter, put_in
from shared.campaign.model import Campaign
from shared.records import derived_id
from shared.telemetry.correlation import following
from shared.trouble import Away, Conflict, NotThere, Unreadable

log = structlog.get_logger()

AT_ONCE = 50
_TEXT_KEPT = 4000
_ANSWERED = frozenset({MailState.FORM, MailState.INCOMPLETE, MailState.WAITING})


def empty_mailbox(app: App) -> bool:
    """Take every mail nobody has taken; a mail is marked only after it is kept. Away.

    Before the first campaign is heard mails stay where they are.
    """
    if not app.campaigns.all():
        return False
    taken = 0
    with app.mailbox.open() as mailbox:
        for uid in mailbox.unseen()[:AT_ONCE]:
            taken += _take(app, mailbox, uid)
    return taken == AT_ONCE


def _take(app: App, mailbox: OpenMailbox, uid: str) -> bool:
    arrived = mailbox.fetch(uid, most=app.settings.mail_most_bytes)
    if arrived is None:
        return False
    with following(cause=f"mail/{hashlib.sha256(arrived.raw).hexdigest()}") as correlation:
        try:
            take_mail(app, arrived, correlation=correlation)
        except (Away, Conflict):
            raise
        except Exception:  # a bug, or a mail nobody thought of: a person looks at it, the next is read
            log.exception("mail_not_taken", uid=uid, size=arrived.size)
            _leave_to_a_person(app, arrived)
    mailbox.mark_seen(uid)
    return True


def take_mail(app: App, arrived: Arrived, *, correlation: str) -> InboundMail:
    """Keep one mail and what it says; the same message again changes nothing and gets no second answer."""
    campaign = app.campaigns.current()
    mail, read = _understood(app, arrived, campaign)
    app.originals.keep(mail.object_key, arrived.raw)
    if app.mails.ensure(mail):
        log.info("mail_taken", mail=mail.id, state=mail.state.value, size=mail.size)
    kept = app.mails.find(mail.id) or mail
    if read is not None and read.bounce is not None and read.bounce.final:
        _mark_bounced(app, read)
    if kept.state in _ANSWERED and kept.sender:
        _answer(app, kept, correlation)
    return kept


def _leave_to_a_person(app: App, arrived: Arrived) -> None:
    mail = _unread(arrived, app.campaigns.current())
    app.originals.keep(mail.object_key, arrived.raw)
    app.mails.ensure(mail)


# Understanding


def _understood(app: App, arrived: Arrived, campaign: Campaign) -> tuple[InboundMail, ReadMail | None]:
    try:
        read = read_mail(arrived.raw)
    except Unreadable as error:
        log.warning("mail_unreadable", reason=str(error))
        return _unread(arrived, campaign), None
    mail = _row(arrived, campaign, read)
    if read.bounce is not None:
        mail.state, mail.reason = MailState.BOUNCE, read.bounce.reason
    elif read.automatic or read.sender == app.settings.sender.lower():
        mail.state, mail.reason = MailState.IGNORED, "自动回复"
    elif not arrived.whole:
        mail.reason = "邮件超过大小上限，只保存了开头部分，完整邮件仍在邮箱中。"
    else:
        _look_for_form(mail, read, campaign)
    return mail, read


def _unread(arrived: Arrived, campaign: Campaign) -> InboundMail:
    found = hashlib.sha256(arrived.raw).hexdigest()
    return InboundMail(
        id=derived_id("mail", found),
        state=MailState.WAITING,
        campaign_id=campaign.id,
        message_id="",
        sender="",
        sender_name="",
        subject="（无法读取的邮件）",
        arrived=arrived.at,
        object_key=f"mail/{found}.eml",
        size=arrived.size,
        reason="邮件格式损坏，请下载原件查看。",
    )


def _row(arrived: Arrived, campaign: Campaign, read: ReadMail) -> InboundMail:
    fingerprint = read.fingerprint()
    return InboundMail(
        id=derived_id("mail", fingerprint),
        state=MailState.WAITING,
        campaign_id=campaign.id,
        message_id=read.message_id,
        sender=read.sender,
        sender_name=read.sender_name[:100],
        subject=read.subject[:300] or "（无主题）",
        arrived=arrived.at,
        object_key=f"mail/{fingerprint}.eml",
        size=arrived.size,
        text=read.text[:_TEXT_KEPT],
        enclosed=tuple(Enclosed(each.name[:200], len(each.content)) for each in read.attachments[:50]),
        reason="没有读出联系人信息表。",
    )


def _look_for_form(mail: InboundMail, read: ReadMail, campaign: Campaign) -> None:
    """Attachments before the body, because people fill in the form they were sent; the one that says most counts."""
    found = [(name, form) for name, form in forms_in(read) if form.recognised]
    if not found:
        return
    best = best_of([form for _, form in found])
    name = next(name for name, form in found if form == best)
    mail.reason = ""
    mail.bring_form(best, found_in=name, province=province_of(best, campaign), late=is_late(mail, campaign))


def forms_in(read: ReadMail) -> list[tuple[str, ContactForm]]:
    """Every place a form may stand in, and what it says there."""
    forms = []
    for attachment in read.attachments:
        if attachment.name.lower().endswith(".docx") or "wordprocessingml" in attachment.content_type:
            try:
                forms.append((attachment.name, read_rows(rows_of_docx(attachment.content))))
            except Unreadable as error:
                log.info("attachment_unreadable", reason=str(error))
    forms.append(("正文", read_rows(read.tables)))
    forms.append(("正文", read_text(read.text)))
    return forms


def province_of(form: ContactForm, campaign: Campaign) -> str:
    """The code of the province that the unit's name or address begins with; empty where neither says."""
    found = campaign.province_of_unit(form.unit) or campaign.province_of_unit(form.address)
    return found.code if found else ""


def is_late(mail: InboundMail, campaign: Campaign) -> bool:
    """Whether the form came after the notice's date; it is taken all the same."""
    return campaign.windows.contact_forms.has_closed(mail.arrived)


# What follows


def _mark_bounced(app: App, read: ReadMail) -> None:
    assert read.bounce is not None
    bounce, now = read.bounce, app.clock()
    try:
        app.letters.change(
            letter_id_of(bounce.message_id), lambda each: each.bounce(bounce.message_id, bounce.reason, at=now)
        )
    except NotThere:
        log.warning("bounce_of_unknown_letter")


def _answer(app: App, mail: InboundMail, correlation: str) -> None:
    """Received, or what is missing; not more often a day than one would answer by hand."""
    since = app.clock() - timedelta(days=1)
    answered = app.letters.count({"kind": {"$in": list(_ANSWERS)}, "email": mail.sender, "created": {"$gte": since}})
    if answered >= app.settings.answers_per_sender_and_day:
        log.warning("sender_answered_enough", mail=mail.id)
        return
    kind = {MailState.FORM: _ANSWERS[0], MailState.INCOMPLETE: _ANSWERS[1]}.get(mail.state, _ANSWERS[2])
    letter = new_letter(
        app,
        kind,
        Addressee(whom=Whom.ADDRESS, name=mail.sender_name, email=mail.sender),
        event_id=mail.id,
        correlation=correlation,
        campaign_id=mail.campaign_id,
        values=_answer_values(mail),
        answers=mail.message_id,
    )
    restored = app.database.restored_at
    if restored is not None and mail.arrived < restored:
        letter.hold()  # it may have been answered in the time that the restore took back
    put_in(app, letter)


_ANSWERS = ("contact_form_received", "contact_form_incomplete", "mail_waiting")


def _answer_values(mail: InboundMail) -> dict[str, object]:
    form = mail.form or ContactForm()
    shown = {name: getattr(form, name) for name in ("unit", "department", "name", "post", "mobile", "email")}
    faults = [fault.message for fault in faults_of(form)] if mail.form else []
    return {"form": shown, "unit": form.unit, "faults": faults, "late": mail.late, "mail_subject": mail.subject}


# What a person does with a mail that waits


@dataclass(frozen=True, kw_only=True)
class RegisterForm:
    """Take this form for the one the mail holds."""

    mail_id: str
    form: ContactForm
    province: str
    by: str
    command: str


def register_form(app: App, command: RegisterForm) -> None:
    """Tell the form a person read, and answer the sender. NotThere, Refused."""
    campaign = app.campaign(app.mails.get(command.mail_id).campaign_id)
    now = app.clock()

    def act(mail: InboundMail) -> None:
        late = is_late(mail, campaign)
        mail.register(tidied(command.form), province=command.province, late=late, by=command.by, at=now)

    app.mails.change(command.mail_id, act, command=command.command)
    mail = app.mails.get(command.mail_id)
    if mail.sender:
        letter = new_letter(
            app,
            "contact_form_received",
            Addressee(whom=Whom.ADDRESS, name=mail.sender_name, email=mail.sender),
            event_id=f"{mail.id}/registered",
            correlation=uuid.uuid4().hex,
            campaign_id=mail.campaign_id,
            values=_answer_values(mail),
            answers=mail.message_id,
        )
        put_in(app, letter)


def set_mail_aside(app: App, mail_id: str, *, reason: str, by: str, command: str) -> None:
    """Say how a mail was seen to otherwise. NotThere, Refused."""
    now = app.clock()
    app.mails.change(mail_id, lambda mail: mail.set_aside(reason, by=by, at=now), command=command)
