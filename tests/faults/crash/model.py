"""What the two small services keep: a ledger that takes words and hears them echoed, and a diary of what was heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import mongoengine

from shared.aggregates import Aggregate
from shared.events.intake import CaseSubmitted, SignaturesAdded
from shared.events.review import ResultPublished, ReviewSubmitted
from shared.events.wire import Heard
from shared.records import Record

NOON = datetime(2024, 10, 10, 4, 0, tzinfo=UTC)


def line(heard: Heard, word: str) -> str:
    """How something heard is written down."""
    return f"{heard.topic}/{heard.subject}/{heard.seq}/{word}"


@dataclass(kw_only=True)
class Ledger(Aggregate):
    """Takes words one by one, tells each, each second one on another topic too, and writes down the echoes."""

    words: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()

    def take(self, word: str) -> int:
        """Take a word and tell it."""
        self.words += (word,)
        self.tell_last()
        return len(self.words)

    def tell_last(self) -> None:
        """Tell the newest word."""
        number, word = len(self.words), self.words[-1]
        self.tell(
            CaseSubmitted(
                campaign_id="c",
                case_id=self.id,
                case_version=number,
                number=word,
                category="region",
                province="110000",
                at=NOON,
            )
        )
        if number % 2 == 0:
            self.tell(SignaturesAdded(campaign_id="c", case_id=self.id, case_version=number, unsigned=(word,), at=NOON))

    def echo(self, echoed: str) -> None:
        """Write an echo down."""
        self.echoes += (echoed,)


@dataclass(kw_only=True)
class Diary(Aggregate):
    """Writes down what was heard of a ledger; a submission is told on."""

    lines: tuple[str, ...] = ()

    def write(self, heard: Heard) -> None:
        """Write it down, and tell on what may be known."""
        event = heard.event
        if isinstance(event, SignaturesAdded):
            self.lines += (line(heard, event.unsigned[0]),)
            return
        assert isinstance(event, CaseSubmitted)
        self.lines += (line(heard, event.number),)
        self.tell(
            ResultPublished(
                campaign_id="c",
                case_id=event.case_id,
                case_version=event.case_version,
                number=event.number,
                province="110000",
                category="region",
                outcome="showcase",
                at=NOON,
            )
        )


def worked_out(case_id: str, word: str) -> ReviewSubmitted:
    """What a finished job tells."""
    return ReviewSubmitted(campaign_id="c", case_id=case_id, expert_id=word, marks={}, total=0.0, at=NOON)


class LedgerRecord(Record):
    """How a ledger is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "ledgers"}
    words = mongoengine.ListField(mongoengine.StringField())
    echoes = mongoengine.ListField(mongoengine.StringField())


class DiaryRecord(Record):
    """How a diary is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "diaries"}
    lines = mongoengine.ListField(mongoengine.StringField())
