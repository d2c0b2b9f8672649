"""A mail that came to the campaign's mailbox: taken once, understood or kept waiting for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.notify.domain.contact_form import ContactForm, faults_of, missing_of
from shared.aggregates import Aggregate
from shared.events.notify import ContactFormReceived
from shared.trouble import Refused


class MailState(StrEnum):
    """What became of a mail."""

    FORM = "form"  # a contact form with all that is needed
    INCOMPLETE = "incomplete"  # a contact form that misses something; told all the same
    WAITING = "waiting"  # nobody could read it yet: a person will
    SETTLED = "settled"  # a person saw to it
    BOUNCE = "bounce"  # about a letter of ours
    IGNORED = "ignored"  # an automatic reply


@dataclass(frozen=True)
class Enclosed:
    """What came with a mail: its name and how many bytes."""

    name: str
    size: int


@dataclass(kw_only=True)
class InboundMail(Aggregate):
    """One mail. Its bytes lie in the store under ``object_key``, as they came."""

    state: MailState
    campaign_id: str
    message_id: str
    sender: str
    sender_name: str
    subject: str
    arrived: datetime
    object_key: str
    size: int
    text: str = ""
    enclosed: tuple[Enclosed, ...] = ()
    form: ContactForm | None = None
    found_in: str = ""
    province: str = ""
    late: bool = False
    reason: str = ""
    settled_by: str = ""
    settled_at: datetime | None = None

    def bring_form(self, form: ContactForm, *, found_in: str, province: str, late: bool) -> None:
        """The mail holds a contact form: tell it, with what it misses."""
        self.form, self.found_in, self.province, self.late = form, found_in, province, late
        self.state = MailState.INCOMPLETE if missing_of(form) else MailState.FORM
        self._tell_form(form)

    def register(self, form: ContactForm, *, province: str, late: bool, by: str, at: datetime) -> None:
        """A person read what the machine could not: tell the form."""
        self._must_wait()
        faults = faults_of(form)
        if faults:
            raise Refused("contact-form-faulty", faults[0].message, field=faults[0].field)
        self.form, self.found_in, self.province, self.late = form, "人工登记", province, late
        self._settle(by=by, at=at)
        self._tell_form(form)

    def set_aside(self, reason: str, *, by: str, at: datetime) -> None:
        """A person saw to it otherwise, and says how."""
        self._must_wait()
        if not reason.strip():
            raise Refused("reason-missing", "请填写处理说明。", field="reason")
        self.reason = reason.strip()
        self._settle(by=by, at=at)

    def _must_wait(self) -> None:
        if self.state is not MailState.WAITING:
            raise Refused("mail-settled", "这封来信已经处理。", status=409)

    def _settle(self, *, by: str, at: datetime) -> None:
        self.state, self.settled_by, self.settled_at = MailState.SETTLED, by, at

    def _tell_form(self, form: ContactForm) -> None:
        self.tell(
            ContactFormReceived(
                campaign_id=self.campaign_id,
                form_id=self.id,
                message_id=self.message_id,
                sender=self.sender,
                province=self.province,
                unit=form.unit,
                department=form.department,
                name=form.name,
                post=form.post,
                address=form.address,
                postcode=form.postcode,
                phone=form.phone,
                mobile=form.mobile,
                wechat=form.wechat,
                qq=form.qq,
                email=form.email,
                missing=missing_of(form),
                late=self.late,
                at=self.arrived,
            )
        )
