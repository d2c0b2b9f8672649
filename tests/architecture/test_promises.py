"""The code base as it is keeps every standing promise and every import contract."""

from __future__ import annotations

import pytest

from shared.events.catalogue import EVENTS
from tests.architecture.contracts import lint
from tests.architecture.promises import PROMISES, events_of
from tests.architecture.tree import ROOT, Tree

REAL = Tree(ROOT)


@pytest.mark.parametrize("name", PROMISES)
def test_promise_holds(name: str) -> None:
    assert list(PROMISES[name](REAL)) == []


def test_import_contracts_hold() -> None:
    assert lint(REAL).broken == set()


def test_promises_look_at_all_events() -> None:
    """What is read off the source text is what the catalogue holds."""
    assert events_of(REAL) == {event.__name__: event.speaker() for event in EVENTS.values()}
