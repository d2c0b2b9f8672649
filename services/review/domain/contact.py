"""Contact forms (附表2) of the provincial organisers, and the centre's answer to each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.aggregates import Aggregate
from shared.events.review import ContactApproved, ContactRefused
from shared.trouble import Refused


class ContactState(StrEnum):
    """What became of a form."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True)
class ContactForm:
    """附表2 as it was filled in."""

    province: str = ""
    unit: str = ""
    department: str = ""
    name: str = ""
    post: str = ""
    address: str = ""
    postcode: str = ""
    phone: str = ""
    mobile: str = ""
    wechat: str = ""
    qq: str = ""
    email: str = ""


@dataclass(kw_only=True)
class Contact(Aggregate):
    """One form; ``by_mail`` says whether it came in a letter, ``late`` whether after its window."""

    campaign_id: str
    form: ContactForm
    missing: tuple[str, ...] = ()
    late: bool = False
    by_mail: bool = True
    received_at: datetime
    state: ContactState = ContactState.WAITING
    account_id: str | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""

    def approve(self, *, province: str, account_id: str, by: str, at: datetime) -> None:
        """Accept the contact for a province."""
        self._must_wait()
        if not self.form.name or not self.form.email or not self.form.mobile:
            raise Refused("contact-incomplete", "联系人、手机或电子邮箱缺失，请退回并说明需要补充的内容。")
        self.state = ContactState.APPROVED
        self.account_id = account_id
        self.decided_by = by
        self.decided_at = at
        self.tell(
            ContactApproved(
                campaign_id=self.campaign_id,
                account_id=account_id,
                province=province,
                name=self.form.name,
                unit=self.form.unit,
                email=self.form.email,
                mobile=self.form.mobile,
                by=by,
                at=at,
            )
        )

    def refuse(self, *, reason: str, by: str, at: datetime) -> None:
        """Send it back with a reason."""
        self._must_wait()
        if not reason.strip():
            raise Refused("reason-missing", "请填写退回原因，对方将在邮件中看到。", field="reason")
        self.state = ContactState.REFUSED
        self.reason = reason.strip()
        self.decided_by = by
        self.decided_at = at
        self.tell(
            ContactRefused(
                campaign_id=self.campaign_id,
                province=self.form.province,
                name=self.form.name,
                email=self.form.email,
                reason=self.reason,
                by=by,
                at=at,
            )
        )

    def _must_wait(self) -> None:
        if self.state is not ContactState.WAITING:
            raise Refused("contact-decided", "这份联系人信息表已经处理过，请刷新页面查看结果。", status=409)
