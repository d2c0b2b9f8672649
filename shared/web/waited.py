"""For how long the request that a thread is at had waited for that thread."""

from __future__ import annotations

from contextvars import ContextVar

WAITED: ContextVar[float | None] = ContextVar("waited", default=None)
"""Seconds; None where nobody measured it. Set by shared.web.worker."""
