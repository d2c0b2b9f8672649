"""How often a page asks the database does not depend on how many cases there are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pymongo import monitoring

from services.review.app import App
from tests.review.conftest import Browser, submitted_case

ROWS = (36, 360, 3600)
MOST = 10
"""Calls of one page, the session's own included."""
PAGES = {
    "province": ("/province", "/province/cases", "/province/shortlist"),
    "administrator": (
        "/centre",
        "/centre/cases",
        "/centre/cases?page=2",
        "/centre/eligibility",
        "/centre/shortlists",
        "/centre/accounts",
        "/centre/record",
    ),
}


class Calls(monitoring.CommandListener):
    """Counts the commands that clients of this process send, while somebody counts."""

    def __init__(self) -> None:
        self._names: list[str] | None = None
        self._lock = threading.Lock()

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Inside the block every command's name is put into what the block is given."""
        names: list[str] = []
        self._names = names
        yield names
        self._names = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """A command was sent."""
        with self._lock:
            if self._names is not None:
                self._names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Not counted again."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Not counted again."""


CALLS = Calls()
monitoring.register(CALLS)  # clients that are made from now on, those of this file's tests among them


def _more_cases(app: App, *, until: int) -> None:
    """Copies of the one case, each with an id and a number of its own."""
    rows = app.database.db["cases"]
    like = rows.find_one({"_id": "case-000"})
    assert like is not None
    have = rows.count_documents({})
    rows.insert_many(
        {**like, "_id": f"case-{number:05}", "number": f"2024-482-131-{number:05}"} for number in range(have, until)
    )


@pytest.fixture
def asked(app: App, logged_in: Callable[..., Browser]) -> Callable[[str, str], list[str]]:
    """What the database is asked while somebody of a role opens a page."""
    browsers = {role: logged_in(role) for role in PAGES}

    def ask(role: str, page: str) -> list[str]:
        found = []
        for _ in range(3):  # what is looked up once a second or so, such as revoked sessions, is not in all of them
            with CALLS.counting() as names:
                answer = browsers[role].open(page)
            assert answer.status_code == 200, page
            found.append(names)
        return min(found, key=len)

    return ask


def test_pages_ask_as_often_for_3600_rows_as_for_36(app: App, asked: Callable[[str, str], list[str]]) -> None:
    submitted_case(app, "case-000")
    calls: dict[str, list[list[str]]] = {}
    for rows in ROWS:
        _more_cases(app, until=rows)
        for role, pages in PAGES.items():
            for page in pages:
                calls.setdefault(page, []).append(asked(role, page))
    table = "\n".join(f"{page:28} {names}" for page, names in calls.items())
    assert all(few == more == most for few, more, most in calls.values()), table
    assert all(0 < len(names[0]) <= MOST for names in calls.values()), table
