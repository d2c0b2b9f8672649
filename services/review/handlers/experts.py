"""Experts: read from a spreadsheet, invited, bound by the statement of confidentiality and avoidance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from services.review.adapters.spreadsheets import read_table
from services.review.app import App
from services.review.domain.account import Conflict, StaffAccount
from services.review.domain.expert_rows import COLUMNS, REQUIRED, ExpertRow, RowFault, read_rows
from services.review.handlers.invitations import inviting, new_invitation
from shared.records import derived_id
from shared.trouble import Refused


def preview_experts(app: App, content: bytes) -> tuple[list[ExpertRow], list[RowFault]]:
    """What a spreadsheet would bring: the experts to invite, and the faults line by line. Nothing is kept."""
    table = read_table(content, COLUMNS, REQUIRED)
    known = frozenset(row["login"] for row in app.accounts.rows({"login": {"$type": "string"}}, only=("login",)))
    return read_rows(table, campaign=app.campaigns.current(), known=known)


def import_experts(app: App, *, rows: Sequence[ExpertRow], by: str, command: str) -> str:
    """Invite the experts of a preview, one after the other, by a job; gives the job's id."""
    if not rows:
        raise Refused("no-rows", "没有可以导入的专家，请按提示修改表格后重新选择。", field="file")
    job_id = derived_id("experts", command)
    campaign_id = app.campaigns.current().id
    payload = {"kind": "invite_experts", "campaign_id": campaign_id, "by": by, "rows": [asdict(row) for row in rows]}
    app.work.add(job_id, payload)
    return job_id


def invite_expert(app: App, *, job_id: str, campaign_id: str, row: ExpertRow, by: str) -> bool:
    """Invite one expert; False when this job or another did so before."""
    account = StaffAccount(
        id=derived_id(job_id, row.mobile),
        campaign_id=campaign_id,
        role="expert",
        name=row.name,
        mobile=row.mobile,
        email=row.email,
        person=app.person(row.mobile),
        province=row.province,
        unit=row.unit,
        categories=tuple(row.categories),
        conflicts=tuple(Conflict(unit=unit, reason="导入时注明") for unit in row.avoid),
    )
    account.open_for(by=by, at=app.clock())
    inviting(new_invitation(app))(account)
    try:
        return app.accounts.ensure(account)
    except Refused:  # the mobile got an account since the preview; the page lists who was left out
        return False


def accept_statement(
    app: App, *, account_id: str, accepted: bool, units: Sequence[str] = (), command: str | None = None
) -> None:
    """The expert promises confidentiality and avoidance, and names units to keep away from."""
    if not accepted:
        raise Refused("statement-open", "请阅读并勾选保密与回避承诺后继续。", field="accepted")
    at = app.clock()
    named = tuple(Conflict(unit=unit.strip(), reason="本人申报") for unit in units if unit.strip())

    def accept(account: StaffAccount) -> None:
        imported = tuple(one for one in account.conflicts if one.reason != "本人申报")
        account.accept_statement(at=at, conflicts=(*imported, *named))

    app.accounts.change(account_id, accept, command=command)
