"""A case follows its author to another province while it may be handed in; afterwards others decide (I13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.intake.domain import telling
from services.intake.domain.case import Case
from services.intake.domain.people import Move
from services.intake.domain.receipt import Sign, unsigned
from services.intake.domain.version import Submitter
from shared.campaign.model import Campaign
from shared.events.review import CaseMoved


def follow(case: Case, *, by: Submitter, campaign: Campaign, at: datetime, sign: Sign = unsigned) -> int:
    """What counts is handed in again under the author's new province, as a version of its own; gives it, or 0.

    The draft is left alone, and so is a case that is not handed in, or stands in that province already.
    """
    latest = case.latest
    moved = latest is not None and latest.by.province != by.province
    if latest is None or not moved or case.disqualified or campaign.windows.submission.has_closed(at):
        return 0
    signed = {done.person for done in case.confirmed} | case.refused
    version = replace(
        latest,
        version=len(case.versions) + 1,
        received_at=max(at, latest.received_at),
        by=by,
        authors=replace(
            latest.authors, people=tuple(each for each in latest.authors.people if each.person not in case.refused)
        ),
        unsigned=telling.still_unsigned(latest, signed),
    )
    case.versions = (*case.versions, version)
    move = Move(source=latest.by.province, to=by.province, at=at, by=by.account_id, version=version.version)
    case.moves = (*case.moves, move)
    for event in telling.submission(case.id, case.campaign_id, case.number or "", version, campaign, sign):
        case.tell(event)
    return version.version


def hear_moved(case: Case, event: CaseMoved) -> None:
    """Two provinces agreed on it, or the centre decided: the case is that province's from now on."""
    case.moves = (*case.moves, Move(source=event.source, to=event.to, at=event.at, by=event.by, why=event.reason))
