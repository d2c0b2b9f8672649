"""One id that follows a person's act from the browser through outbox and Kafka to the mail; and what caused what."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

_correlation: ContextVar[str] = ContextVar("correlation", default="")
_cause: ContextVar[str] = ContextVar("cause", default="")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


def correlation_id() -> str:
    """The id in force, or an empty string."""
    return _correlation.get()


def traceparent() -> str:
    """The W3C trace context in force, or an empty string."""
    return _traceparent.get()


def cause() -> str:
    """What makes the present work happen (an event id and a reaction, or a command id); empty outside of any."""
    return _cause.get()


@contextmanager
def following(correlation: str = "", *, cause: str = "", traceparent: str = "") -> Iterator[str]:
    """Work in the name of a correlation id (a new one where none is given); log lines inside carry it."""
    correlation = correlation or uuid.uuid4().hex
    tokens = (_correlation.set(correlation), _cause.set(cause), _traceparent.set(traceparent))
    with structlog.contextvars.bound_contextvars(correlation=correlation):
        try:
            yield correlation
        finally:
            _correlation.reset(tokens[0])
            _cause.reset(tokens[1])
            _traceparent.reset(tokens[2])
