"""Contact forms: they arrive by mail or by hand, and become accounts when the centre approves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from services.review.app import App
from services.review.domain.account import MOBILE_TAKEN, AccountState, StaffAccount
from services.review.domain.contact import Contact
from services.review.handlers.invitations import inviting, new_invitation
from shared.events.notify import ContactFormReceived
from shared.events.review import ContactApproved
from shared.events.wire import Heard
from shared.records import derived_id
from shared.trouble import Refused


@dataclass(frozen=True, kw_only=True)
class ContactDetails:
    """What the centre fills in or corrects; ``province`` is a code."""

    province: str
    name: str
    unit: str
    mobile: str
    email: str
    department: str = ""
    post: str = ""
    phone: str = ""


def form_received(app: App, heard: Heard) -> None:
    """Keep a form that came by mail until the centre looks at it."""
    event = cast(ContactFormReceived, heard.event)
    campaign = app.campaigns.get(event.campaign_id) if event.campaign_id else app.campaigns.current()
    province = campaign.find_province(event.province) or campaign.province_of_unit(event.unit)
    taken = event.model_dump(
        include={
            "unit",
            "department",
            "name",
            "post",
            "address",
            "postcode",
            "phone",
            "mobile",
            "wechat",
            "qq",
            "email",
            "sender",
            "missing",
            "late",
        }
    )
    app.contacts.ensure(
        Contact(
            id=event.form_id,
            campaign_id=campaign.id,
            source="mail",
            province=province.code if province else "",
            received=event.at,
            **taken,
        )
    )


def enter_contact(app: App, *, details: ContactDetails, received: datetime, by: str, command: str) -> str:
    """Enter a form by hand; gives its id."""
    campaign = app.campaigns.current()
    if campaign.find_province(details.province) is None:
        raise Refused("province-missing", "请选择该联系人所属的省级单位。", field="province")
    contact = Contact(
        id=derived_id("contact", command),
        campaign_id=campaign.id,
        source="centre",
        province=details.province,
        name=details.name,
        unit=details.unit,
        mobile=details.mobile,
        email=details.email,
        department=details.department,
        post=details.post,
        phone=details.phone,
        late=campaign.windows.contact_forms.has_closed(received),
        received=received,
    )
    contact.enter(by=by)
    return str(app.contacts.create(contact, command=command, answer=contact.id))


def approve_contact(app: App, *, contact_id: str, details: ContactDetails, by: str, command: str | None = None) -> str:
    """Approve a form with its last corrections; gives the id of the account it becomes."""
    if details.province and app.campaigns.current().find_province(details.province) is None:
        raise Refused("province-missing", "请选择该联系人所属的省级单位。", field="province")
    replaces = _present_accounts(app, details.province)
    taken = app.accounts.find_by({"login": details.mobile})
    if taken is not None and taken.id not in replaces:
        raise MOBILE_TAKEN
    account_id, at = derived_id("account", contact_id), app.clock()

    def decide(contact: Contact) -> str:
        contact.correct(
            province=details.province,
            name=details.name,
            unit=details.unit,
            mobile=details.mobile,
            email=details.email,
        )
        contact.approve(account_id=account_id, replaces=replaces, by=by, at=at)
        return account_id

    return app.contacts.change(contact_id, decide, command=command)


def refuse_contact(app: App, *, contact_id: str, reason: str, by: str, command: str | None = None) -> None:
    """Turn a form down with a reason."""
    at = app.clock()
    app.contacts.change(contact_id, lambda contact: contact.refuse(reason=reason, by=by, at=at), command=command)


def contact_approved(app: App, heard: Heard) -> None:
    """Close the accounts that the new contact replaces, then invite the contact."""
    event = cast(ContactApproved, heard.event)
    for account_id in event.replaces:
        app.accounts.hear(heard, account_id, lambda account: account.close(at=event.at))
    account = StaffAccount(
        id=event.account_id,
        campaign_id=event.campaign_id,
        role="province",
        name=event.name,
        mobile=event.mobile,
        email=event.email,
        unit=event.unit,
        province=event.province,
        person=app.person(event.mobile),
    )
    app.accounts.hear(heard, account.id, inviting(new_invitation(app)), create=lambda: account)


def _present_accounts(app: App, province: str) -> list[str]:
    query = {"role": "province", "province": province, "state": {"$ne": AccountState.CLOSED.value}}
    return [row["_id"] for row in app.accounts.rows(query, only=("_id",))]
