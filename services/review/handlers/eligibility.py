"""The centre's check before expert review, one case or many."""

from __future__ import annotations

from collections.abc import Sequence

from services.review.app import App
from shared.records import derived_id
from shared.trouble import Refused


def check_eligibility(
    app: App, *, case_id: str, eligible: bool, reason: str = "", by: str, command: str | None = None
) -> None:
    """Confirm or refuse one case."""
    at = app.clock()
    app.cases.change(
        case_id,
        lambda case: case.check_eligibility(eligible=eligible, reason=reason, by=by, at=at),
        command=command,
    )


def confirm_many(app: App, *, case_ids: Sequence[str], by: str, command: str) -> str:
    """Confirm the chosen cases, one after the other, by a job; gives the job's id."""
    if not case_ids:
        raise Refused("nothing-chosen", "请先勾选要确认的案例。")
    job_id = _job_of(command)
    at = app.clock().isoformat()
    app.work.add(job_id, {"kind": "eligibility", "case_ids": list(case_ids), "by": by, "at": at})
    return job_id


def confirming(app: App, *, command: str) -> str | None:
    """The job that this command has begun before, where it is sent again because its answer was lost."""
    job_id = _job_of(command)
    return job_id if app.work.find(job_id) else None


def _job_of(command: str) -> str:
    return derived_id("eligibility", command)
