"""docs/architecture.md holds the table that the catalogue and the reactions make."""

from __future__ import annotations

from docs import topics
from shared.events.catalogue import EVENTS


def test_table_of_topics_is_the_present_one() -> None:
    page = topics.PAGE.read_text(encoding="utf-8")
    assert topics.with_table(page) == page, "run python -m docs.topics"


def test_table_names_every_event() -> None:
    table = topics.table()
    assert [event.__name__ for event in EVENTS.values() if f"| {event.__name__} |" not in table] == []


def test_a_missing_line_is_seen() -> None:
    page = topics.PAGE.read_text(encoding="utf-8")
    torn = page.replace("| FileChecked |", "| FileLost |")
    assert topics.with_table(torn) != torn
