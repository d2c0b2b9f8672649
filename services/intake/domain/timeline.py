"""The official stages as an author sees them: dates and what is certain, never what must not be known yet (I8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.intake.domain.case import Case
from shared.campaign.model import Campaign, Stage, Window
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
        Step(text=stage.name, state=_reached(stage, case, campaign, now), when=_when(stage, case, campaign))
        for stage in campaign.stages
    )


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
    return [
        (window.opens, f"{stage.name}{_day(window.opens)}开始"),
        (window.closes, f"{stage.name}{_day(window.last_second)}截止"),
    ]


def _reached(stage: Stage, case: Case, campaign: Campaign, now: datetime) -> Reached:
    if stage.code == "draft":
        return "done"
    if stage.code == "submission":
        return "done" if case.latest else "now"
    if stage.code == "publication" and case.ended:
        return "done"
    if case.latest is None or stage.window is None:
        return "later"
    window = campaign.window(stage.window)
    if not window.announced:
        return "later"
    if window.has_closed(now):
        return "done"
    return "now" if window.has_opened(now) else "later"


def _when(stage: Stage, case: Case, campaign: Campaign) -> str:
    if stage.code == "draft":
        return _minute(case.opened_at)
    if stage.code == "submission" and case.latest:
        return _minute(case.latest.received_at)
    if stage.code == "publication" and case.ended:
        return _day(case.ended.at)
    if stage.window is None:
        return stage.description
    window = campaign.window(stage.window)
    return _span(window) if window.announced else "时间另行通知"


def _span(window: Window) -> str:
    return f"{_day(window.opens)}至{_day(window.last_second)}"


def _day(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日"


def _minute(at: datetime) -> str:
    return f"{_day(at)}{at.astimezone(SHANGHAI):%H:%M}"
