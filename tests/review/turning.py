"""Turns review's worker by hand, and speaks to it as the other services do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from services.review import wiring
from services.review.app import App
from services.review.handlers.news import REACTIONS
from shared.campaign.model import Campaign
from shared.events.base import Event
from shared.events.intake import CaseSubmittedInFull, Sheet, SheetAuthor, StoredFile
from shared.events.validation import Outcome, ReportReady
from shared.events.wire import Told, from_message, outbox_entry, to_message
from shared.messaging.hearing import HearLoop
from shared.messaging.memory import MemoryBus
from shared.messaging.relay import Relay

E = TypeVar("E", bound=Event)


class Turning:
    """One worker on a bus in memory; ``say`` tells it what another service would."""

    def __init__(self, app: App) -> None:
        self.app, self.bus = app, MemoryBus()
        self._relay = Relay(app.database, self.bus)
        reactions = {
            event: (lambda heard, reaction=reaction: reaction(app, heard)) for event, reaction in REACTIONS.items()
        }
        self._hearing = HearLoop(app.database, self.bus, reactions, clock=app.clock, breaker_limit=1)
        self._steps = wiring.job_steps(app)
        self._said: dict[tuple[str, str], int] = {}

    def turn(self) -> None:
        """Relay, hear and work until nothing moves any more."""
        for _ in range(1000):
            moved = [self._relay.step(), self._hearing.step(wait=0), *(step() for step in self._steps.values())]
            if not any(moved):
                assert not list(self.app.database.db["parked"].find()), "a reaction failed"
                return
        raise AssertionError("the worker never comes to rest")

    def say(self, event: Event, *, subject: str) -> None:
        """Tell an event of another service."""
        seq = self._said[(event.topic, subject)] = self._said.get((event.topic, subject), 0) + 1
        told = Told(
            id=f"{type(event).__name__}-{subject}-{seq}",
            event=event,
            subject=subject,
            seq=seq,
            epoch=1,
            time=self.app.clock(),
        )
        self.bus.append(to_message(outbox_entry(told)))

    def told(self, kind: type[E]) -> list[E]:
        """Every event of a kind that review told, in order."""
        found = [from_message(record.message).event for record in self.bus.records(kind.topic)]
        return [event for event in found if isinstance(event, kind)]

    def submit(self, case: CaseSubmittedInFull, *, report: Outcome | None = "passed") -> None:
        """A case comes in, with its report."""
        self.say(case, subject=case.case_id)
        if report:
            self.say(a_report(case, report), subject=f"report-{case.case_id}")


def a_case(
    number: int,
    *,
    campaign: Campaign,
    province: str = "320000",
    category: str = "region",
    at: datetime,
    case_version: int = 1,
    authors: Sequence[SheetAuthor] = (),
    unit: str = "",
    unsigned: tuple[str, ...] = (),
) -> CaseSubmittedInFull:
    """A submitted case like many."""
    unit = unit or f"第{number}实验学校"
    case_id = f"case-{number:04d}"
    people = authors or (SheetAuthor(name=f"作者{number}", unit=unit, title="教师", person=f"person-{number}"),)
    file = StoredFile(
        file_id=f"file-{number}",
        role="document",
        name=f"{unit}案例.docx",
        size=12_345,
        sha256="0" * 64,
        object_key=f"cases/{case_id}/document",
    )
    return CaseSubmittedInFull(
        campaign_id=campaign.id,
        case_id=case_id,
        case_version=case_version,
        number=f"{province[:2]}-{number:04d}",
        province=province,
        city="第一市",
        unit=unit,
        unit_type="school",
        account_id=f"author-{number}",
        sheet=Sheet(
            title=f"{unit}的平台研修实践",
            category=category,
            summary=f"{unit}以平台支持教师研修。",
            authors=tuple(people),
            declared=True,
            consents=("sharing", "national_platform"),
        ),
        files=(file,),
        unsigned=unsigned,
        at=at,
    )


def a_report(case: CaseSubmittedInFull, outcome: Outcome) -> ReportReady:
    """The report on that version."""
    return ReportReady(
        campaign_id=case.campaign_id,
        case_id=case.case_id,
        case_version=case.case_version,
        outcome=outcome,
        findings=(),
        words_low=2500,
        words_high=2510,
        at=case.at,
    )
