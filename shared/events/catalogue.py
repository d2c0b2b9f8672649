"""Every event there is, found by its type."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType

from shared.events import certificate, intake, notify, review, validation
from shared.events.base import Event
from shared.trouble import Unreadable

SERVICES = ("intake", "validation", "review", "certificate", "notify")
COMPACTED = frozenset({"campaign", "cases.state"})


def _events_of(module: ModuleType) -> Iterator[type[Event]]:
    for _, member in inspect.getmembers(module, inspect.isclass):
        if issubclass(member, Event) and member.__module__ == module.__name__:
            yield member


EVENTS: dict[str, type[Event]] = {
    event.type(): event for module in (intake, validation, review, certificate, notify) for event in _events_of(module)
}

TOPICS: tuple[str, ...] = tuple(
    sorted({event.topic for event in EVENTS.values()} | {f"dead.{service}" for service in SERVICES})
)


def event_class(type_: str) -> type[Event]:
    """The class of an event type; an unknown type is Unreadable."""
    try:
        return EVENTS[type_]
    except KeyError:
        raise Unreadable(f"no event of type {type_!r} is known") from None
