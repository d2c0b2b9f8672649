"""The official stages as an author sees them: dates and what is certain, never what must not be known yet (I8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.intake.domain.case import Case
from shared.campaign.model import Campaign, Stage
from shared.campaign.spans import short_day, since, span, until
from shared.clock import SHANGHAI

Reached = Literal["done", "now", "later"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stage with the day or span it belongs to."""

    text: str
    state: Reached
    when: str


def timeline(case: Case, campaign: Campaign, *, now: datetime) -> tuple[Step, ...]:
    """Every stage of the campaign for this case."""
    return tuple(
        Step(text=stage.name, state=_reached(stage, case, campaign, now), when=_when(stage, case, campaign, now))
        for stage in campaign.stages
        if stage.code != "certificates" or not _gets_none(case)
    )


def _gets_none(case: Case) -> bool:
    """Whether the author knows by now that this case has no certificate."""
    return case.ended is not None and (bool(case.ended.disqualified) or case.ended.outcome == "not-selected")


def next_date(campaign: Campaign, *, now: datetime) -> str:
    """The next announced instant, in words; empty when the notice leaves it open."""
    moments = [moment for stage in campaign.stages for moment in _moments(stage, campaign) if moment[0] > now]
    return min(moments)[1] if moments else ""


def _moments(stage: Stage, campaign: Campaign) -> list[tuple[datetime, str]]:
    """The announced beginning and end of a stage."""
    if stage.window is None or stage.code == "draft":
        return []
    window = campaign.window(stage.window)
    if not window.announced:
        return []
    begins = (window.opens, f"{stage.name}{since(window)}开始")
    if stage.code == "publication":  # what is public stays so: the far end of its window is no date for authors
        return [begins]
    return [begins, (window.closes, f"{stage.name}{until(window)}截止")]


def _reached(stage: Stage, case: Case, campaign: Campaign, now: datetime) -> Reached:
    if stage.code == "draft":
        return "done"
    if stage.code == "submission":
        closed = campaign.windows.submission.has_closed(now)
        return "done" if case.latest else ("later" if closed else "now")
    if stage.code == "publication" and case.ended and case.ended.outcome:
        return "done"
    if stage.code == "certificates" and case.ended:
        return "now"
    if case.latest is None or stage.window is None:
        return "later"
    window = campaign.window(stage.window)
    if not window.announced:
        return "later"
    if window.has_closed(now):
        return "done"
    return "now" if window.has_opened(now) else "later"


def _when(stage: Stage, case: Case, campaign: Campaign, now: datetime) -> str:
    if stage.code == "draft":
        return _minute(case.opened_at)
    if stage.code == "submission" and case.latest:
        return _minute(case.latest.received_at)
    if stage.code == "publication" and case.ended and case.ended.outcome:
        return short_day(case.ended.at)
    if stage.code == "submission" and campaign.windows.submission.has_closed(now):
        return f"{until(campaign.windows.submission)}截止，没有报送"
    if stage.code == "certificates" and case.ended:
        return "请在“证书查询”中查询和下载"
    if stage.window is None:
        return stage.description
    window = campaign.window(stage.window)
    if not window.announced:
        return "时间另行通知"
    return f"{since(window)}起" if stage.code == "publication" else span(window)


def _minute(at: datetime) -> str:
    return f"{short_day(at)}{at.astimezone(SHANGHAI):%H:%M}"
