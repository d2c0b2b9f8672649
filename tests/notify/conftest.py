"""Fixtures of notify's tests."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from tests.conftest import setting
from tests.notify.given import Given, given


@pytest.fixture
def start() -> Iterator[Callable[..., Given]]:
    """Starts apps on databases of their own, which are dropped afterwards."""
    started: list[Given] = []

    def begin(**changes: Any) -> Given:
        started.append(given(f"t_{uuid.uuid4().hex[:10]}", **changes))
        return started[-1]

    yield begin
    with MongoClient[dict[str, Any]](setting("MONGO_URI")) as client:
        for each in started:
            client.drop_database(each.app.database.db.name)
            each.app.database.close()


@pytest.fixture
def here(start: Callable[..., Given]) -> Given:
    """One app that has heard the campaign."""
    return start()
