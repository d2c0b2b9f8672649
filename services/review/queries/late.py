"""Permissions to hand in after the bell, as the centre's list shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.review.app import App
from shared.campaign.model import Campaign


@dataclass(frozen=True, kw_only=True)
class PermissionLine:
    """One permission; ``number`` and ``case_id`` name the case that it is for, or that used it."""

    whom: str
    number: str
    case_id: str
    reason: str
    given_by: str
    given_at: datetime
    expires_at: datetime
    used_at: datetime | None
    state: str
    look: str


def permissions(app: App, campaign: Campaign) -> list[PermissionLine]:
    """Every permission of a campaign, the last given first: three reads, however many there are."""
    rows = list(app.permissions.rows({"campaign_id": campaign.id}, sort="-given_at"))
    cases = {row.get("used_for") or row.get("case_id") or "" for row in rows} - {""}
    numbers = {row["_id"]: row["number"] for row in app.cases.rows({"_id": {"$in": sorted(cases)}}, only=("number",))}
    givers = sorted({row["given_by"] for row in rows})
    names = {row["_id"]: row["name"] for row in app.accounts.rows({"_id": {"$in": givers}}, only=("name",))}
    found, now = [], app.clock()
    for row in rows:
        case_id = row.get("used_for") or row.get("case_id") or ""
        state, look = ("已使用", "done") if row.get("used_at") else ("有效", "doing")
        if not row.get("used_at") and row["expires_at"] <= now:
            state, look = "已到期", "plain"
        found.append(
            PermissionLine(
                whom=row["whom"],
                number=numbers.get(case_id, ""),
                case_id=case_id if case_id in numbers else "",
                reason=row["reason"],
                given_by=str(names.get(row["given_by"]) or row["given_by"]),
                given_at=row["given_at"],
                expires_at=row["expires_at"],
                used_at=row.get("used_at"),
                state=state,
                look=look,
            )
        )
    return found
