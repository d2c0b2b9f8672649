"""The record of decisions: written from what was told, so that a decision and its entry cannot come apart."""

from __future__ import annotations

from typing import cast

from services.review.app import App
from shared.events.review import DecisionRecorded
from shared.events.wire import Heard
from shared.records.audit import Decided


def decision_recorded(app: App, heard: Heard) -> None:
    """Chain the entry. The event left the same write as the decision; hearing it twice adds nothing."""
    event = cast(DecisionRecorded, heard.event)
    app.record.append(
        Decided(cause=heard.id, by=event.by, what=event.what, about=event.about, why=event.why, at=event.at)
    )


def verify_record(app: App) -> int | None:
    """The first entry that does not hold; None when the whole record does."""
    return app.record.verify()
