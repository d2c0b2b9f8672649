"""Disqualification: proposed, confirmed by somebody else, and then everything that follows."""

from __future__ import annotations

from typing import cast

from services.review.app import App
from services.review.domain.decision import decision_id
from services.review.domain.disqualification import Disqualification
from services.review.domain.shortlist import shortlist_id
from shared.events.review import DisqualificationConfirmed, DisqualificationRecorded
from shared.events.wire import Heard
from shared.records import derived_id
from shared.trouble import Refused


def propose_disqualification(
    app: App, *, case_id: str, reason: str, statement: str, evidence: str, by: str, command: str
) -> str:
    """Propose it for one of the notice's reasons; gives the proposal's id."""
    case = app.cases.get(case_id)
    reasons = {one.code for one in app.campaigns.get(case.campaign_id).disqualification_reasons}
    if reason not in reasons:
        raise Refused("reason-unknown", "请选择取消资格的理由。", field="reason")
    if not case.is_live:
        raise Refused("case-gone", "该案例已撤回或已取消资格。", status=409)
    proposal = Disqualification(
        id=derived_id("disqualification", command),
        campaign_id=case.campaign_id,
        case_id=case_id,
        reason=reason,
        statement=statement,
        evidence=evidence,
        proposed_by=by,
        proposed_at=app.clock(),
    )
    proposal.propose()
    return str(app.disqualifications.create(proposal, command=command, answer=proposal.id))


def confirm_disqualification(app: App, *, proposal_id: str, by: str, command: str | None = None) -> None:
    """A second person confirms."""
    at = app.clock()
    app.disqualifications.change(proposal_id, lambda each: each.confirm(by=by, at=at), command=command)


def reject_disqualification(app: App, *, proposal_id: str, why: str, by: str, command: str | None = None) -> None:
    """It does not hold."""
    at = app.clock()
    app.disqualifications.change(proposal_id, lambda each: each.reject(why=why, by=by, at=at), command=command)


def disqualification_confirmed(app: App, heard: Heard) -> None:
    """The case is out."""
    event = cast(DisqualificationConfirmed, heard.event)
    app.cases.hear(heard, event.case_id, lambda case: case.disqualify(reason=event.reason, at=event.at))


def disqualification_recorded(app: App, heard: Heard) -> None:
    """Its place on the shortlist is free, and it leaves the list."""
    event = cast(DisqualificationRecorded, heard.event)
    app.shortlists.hear(
        heard, shortlist_id(event.campaign_id, event.province), lambda shortlist: shortlist.free(event.case_id)
    )
    app.decisions.hear(heard, decision_id(event.campaign_id), lambda decision: decision.remove(event.case_id))
