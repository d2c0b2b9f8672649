"""A provincial contact form (附表2): it waits until the centre approves or refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.events.review import ContactApproved, ContactRefused
from shared.trouble import Refused


class ContactState(StrEnum):
    """What became of a form."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(kw_only=True)
class Contact(Aggregate):
    """What the form says. ``province`` is a code, empty while nobody knows it; ``source`` is mail or centre."""

    campaign_id: str
    source: str
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
    sender: str = ""
    missing: tuple[str, ...] = ()
    late: bool = False
    received: datetime
    state: ContactState = ContactState.WAITING
    decided_at: datetime | None = None
    decided_by: str = ""
    reason: str = ""
    account_id: str = ""

    def enter(self, *, by: str) -> None:
        """Put on the record who entered it by hand."""
        self.tell(recorded(self.campaign_id, by=by, what="登记省级联系人", about=self.id, at=self.received))

    def correct(self, *, province: str, name: str, unit: str, mobile: str, email: str) -> None:
        """Fill in what could not be read."""
        self._must_wait()
        self.province, self.name, self.unit, self.mobile, self.email = province, name, unit, mobile, email
        filled = {"联系人": name, "单位名称": unit, "手机": mobile, "电子邮箱": email}
        self.missing = tuple(field for field in self.missing if not filled.get(field))

    def approve(self, *, account_id: str, replaces: Sequence[str], by: str, at: datetime) -> None:
        """Give the contact the province's account; the accounts it replaces end."""
        self._must_wait()
        if not self.province:
            raise Refused("province-missing", "请先选择该联系人所属的省级单位。", field="province")
        for value, field, what in (
            (self.name, "name", "联系人姓名"),
            (self.mobile, "mobile", "手机号"),
            (self.email, "email", "电子邮箱"),
        ):
            if not value:
                raise Refused(f"{field}-missing", f"请先补填{what}，激活码要按它发送。", field=field)
        self._decide(ContactState.APPROVED, by=by, at=at)
        self.account_id = account_id
        self.tell(
            ContactApproved(
                campaign_id=self.campaign_id,
                account_id=account_id,
                province=self.province,
                name=self.name,
                unit=self.unit,
                email=self.email,
                mobile=self.mobile,
                replaces=tuple(replaces),
                by=by,
                at=at,
            )
        )
        self.tell(recorded(self.campaign_id, by=by, what="通过省级联系人", about=self.id, at=at))

    def refuse(self, *, reason: str, by: str, at: datetime) -> None:
        """Turn the form down; the sender is told why."""
        self._must_wait()
        if not reason.strip():
            raise Refused("reason-missing", "请填写不通过的原因，对方会收到。", field="reason")
        self._decide(ContactState.REFUSED, by=by, at=at)
        self.reason = reason
        self.tell(
            ContactRefused(
                campaign_id=self.campaign_id,
                province=self.province,
                name=self.name,
                email=self.email or self.sender,
                reason=reason,
                by=by,
                at=at,
            )
        )
        self.tell(recorded(self.campaign_id, by=by, what="不通过省级联系人", about=self.id, why=reason, at=at))

    def _must_wait(self) -> None:
        if self.state is not ContactState.WAITING:
            raise Refused("already-decided", "这份联系人信息表已经处理过，请刷新页面查看结果。", status=409)

    def _decide(self, state: ContactState, *, by: str, at: datetime) -> None:
        self.state, self.decided_by, self.decided_at = state, by, at
