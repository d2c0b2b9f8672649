"""What docs say of the code is so: the table of topics, and the tests that show what happens in each outage."""

from __future__ import annotations

import re

from deploy.local.places import ROOT
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


def test_each_outage_is_shown_by_a_test_that_exists() -> None:
    assert _tests_missing((ROOT / "docs/when-things-go-wrong.md").read_text(encoding="utf-8")) == []


def test_a_test_that_is_gone_is_missed() -> None:
    assert _tests_missing("| `tests/faults/test_poison.py::test_that_nobody_wrote` |") == ["test_that_nobody_wrote"]
    assert _tests_missing("| `tests/faults/test_nothing.py` |") == ["tests/faults/test_nothing.py"]


def _tests_missing(page: str) -> list[str]:
    missing = []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page):
        file = ROOT / path
        if not file.is_file():
            missing.append(path)
        elif name and f"def {name}(" not in file.read_text(encoding="utf-8"):
            missing.append(name)
    return missing
