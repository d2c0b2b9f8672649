"""One JSON line for each fact, with ids as fields and no personal data."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def set_up_logs(service: str, role: str, *, level: str = "INFO") -> None:
    """Send structlog and the standard library's logging to standard output as JSON lines."""
    shared: list[Any] = [  # structlog's processor protocol is wider than its alias
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(logging.getLevelName(level), logging.WARNING), force=True)
    structlog.contextvars.bind_contextvars(service=service, role=role)
