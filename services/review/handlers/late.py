"""Permissions to hand in after the bell: given by the centre, spent by a submission."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple, cast

from services.review.app import App
from services.review.domain.case import Case
from services.review.domain.late import LatePermission
from shared.campaign.model import Campaign
from shared.events.intake import LatePermissionSpent
from shared.events.wire import Heard
from shared.records import derived_id
from shared.text import is_mobile
from shared.trouble import Refused
from shared.web.wording import masked

_NUMBER = re.compile(r"[0-9]{4}-[0-9]{3}-[0-9]{3}-[0-9]{3}")


class Whom(NamedTuple):
    """Who may hand in late: a case, or the person of an account; and how pages name it."""

    case_id: str
    person: str
    name: str


def whom(app: App, campaign: Campaign, text: str) -> Whom:
    """Whom a case's number or an author's mobile means."""
    if is_mobile(text):
        return Whom("", app.person(text), f"作者{masked(text)}")
    if not _NUMBER.fullmatch(text):
        message = "请填写11位手机号，或完整的案例编号，例如2024-482-130-572。"
        raise Refused("whom-unclear", message, field="whom")
    for row in app.cases.rows({"campaign_id": campaign.id, "number": text}, only=("disqualified",)):
        if row.get("disqualified"):
            raise Refused("case-gone", "该案例已取消资格，不能补报。", field="whom", status=409)
        return Whom(str(row["_id"]), "", f"案例{text}")
    message = f"没有找到编号为{text}的案例，请核对。没有报送过的案例没有编号，请填写作者的手机号。"
    raise Refused("case-unknown", message, field="whom")


def permit_late(
    app: App, *, campaign: Campaign, text: str, expires_at: datetime, reason: str, by: str, command: str
) -> str:
    """Permit one submission after the bell; gives whom it is for, in words. The same command gives it once."""
    at, found = app.clock(), whom(app, campaign, text)
    permission_id = derived_id("late-permission", command)
    query = {"campaign_id": campaign.id, "case_id": found.case_id, "person": found.person, "used_at": None}
    for row in app.permissions.rows({**query, "expires_at": {"$gt": at}}, only=("_id",)):
        if row["_id"] != permission_id:
            message = f"{found.name}已有一份没有使用的补报许可，不必再给。"
            raise Refused("permitted-already", message, field="whom", status=409)
    permission = LatePermission(
        id=permission_id,
        campaign_id=campaign.id,
        case_id=found.case_id,
        person=found.person,
        whom=found.name,
        reason=reason,
        expires_at=expires_at,
        given_by=by,
        given_at=at,
    )
    permission.give(campaign)
    return str(app.permissions.create(permission, command=command, answer=found.name))


def permission_spent(app: App, heard: Heard) -> None:
    """The permission is used, and the version that used it is late."""
    event = cast(LatePermissionSpent, heard.event)
    app.permissions.hear(heard, event.permission_id, lambda each: each.use(event.case_id, at=event.at))
    app.cases.hear(
        heard,
        event.case_id,
        lambda case: case.take_late(event.case_version),
        create=lambda: Case(id=event.case_id, campaign_id=event.campaign_id),
    )
