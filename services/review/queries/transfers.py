"""Cases on their way between provinces, as both of them see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.review.app import App
from services.review.domain.transfer import TransferState, check_transferring
from services.review.queries.words import category_name, province_name
from shared.campaign.model import Campaign
from shared.records import Row
from shared.trouble import NotThere, Refused

STATES = {
    TransferState.OFFERED: ("待对方办理", "doing"),
    TransferState.ACCEPTED: ("已接收", "done"),
    TransferState.DECLINED: ("未接收", "plain"),
    TransferState.DECIDED: ("中心决定", "done"),
}


@dataclass(frozen=True, kw_only=True)
class TransferLine:
    """One case on its way: what both provinces may know of it before it is taken."""

    id: str
    case_id: str
    number: str
    title: str
    category: str
    unit: str
    source: str
    to: str
    reason: str
    offered_at: datetime
    state: str
    look: str
    answer: str
    is_open: bool
    incoming: bool


def transfers(app: App, campaign: Campaign, province: str) -> list[TransferLine]:
    """Everything offered to a province or by it, the last first: two reads, however many there are."""
    query = {"campaign_id": campaign.id, "$or": [{"to": province}, {"source": province}]}
    rows = list(app.transfers.rows(query, sort="-offered_at"))
    wanted = {"_id": {"$in": sorted({row["case_id"] for row in rows})}}
    cases = {row["_id"]: row for row in app.cases.rows(wanted, only=("number", "title", "category", "unit"))}
    return [_line(row, cases[row["case_id"]], campaign, province) for row in rows if row["case_id"] in cases]


def transfer_line(app: App, transfer_id: str, province: str) -> TransferLine:
    """One that was offered to this province; NotThere for any other."""
    transfer = app.transfers.get(transfer_id)
    for line in transfers(app, app.campaigns.get(transfer.campaign_id), province):
        if line.id == transfer_id and line.incoming:
            return line
    raise NotThere()


def waiting(app: App, campaign: Campaign, province: str) -> int:
    """How many wait for this province's answer."""
    query = {"campaign_id": campaign.id, "to": province, "state": TransferState.OFFERED.value}
    return app.transfers.count(query)


def why_no_transfer(campaign: Campaign, at: datetime) -> str:
    """Why no case can go to another province now; empty while one can."""
    try:
        check_transferring(campaign, at)
    except Refused as refused:
        return refused.message
    return ""


def _line(row: Row, case: Row, campaign: Campaign, province: str) -> TransferLine:
    state = TransferState(row["state"])
    words, look = STATES[state]
    incoming = row["to"] == province
    is_open = state is TransferState.OFFERED
    return TransferLine(
        id=row["_id"],
        case_id=row["case_id"],
        number=case["number"],
        title=case["title"],
        category=category_name(campaign, case["category"]),
        unit=case.get("unit", ""),
        source=province_name(campaign, row["source"]),
        to=province_name(campaign, row["to"]),
        reason=row["reason"],
        offered_at=row["offered_at"],
        state="待本省办理" if incoming and is_open else words,
        look=look,
        answer=row.get("answer", ""),
        is_open=is_open,
        incoming=incoming,
    )
