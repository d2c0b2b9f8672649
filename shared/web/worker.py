"""gunicorn's threaded worker, which tells each request for how long it waited for a thread."""

from __future__ import annotations

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from shared.web.waited import WAITED


class Worker(ThreadWorker):
    """``gunicorn --worker-class shared.web.worker.Worker``"""

    def enqueue_req(self, conn: Any) -> None:
        """A request is there; it waits for one of the threads."""
        conn.waits_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """A thread takes it up."""
        WAITED.set(time.monotonic() - conn.waits_since)
        return super().handle(conn)
