"""The small HTTP server by which a process without pages shows its health: /healthz, /readyz, /metrics."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], None]
"""Raises when the dependency it looks at is missing."""


class Heartbeat:
    """Beaten by a loop each round; still alive while the last beat is younger than ``patience`` seconds.

    A loop whose rounds may take longer brings a patience of its own.
    """

    def __init__(self, patience: float = 60.0) -> None:
        self.patience = patience
        self._until: dict[str, float] = {}

    def beat(self, loop: str, *, patience: float | None = None) -> None:
        """The loop of that name went round once more."""
        self._until[loop] = time.monotonic() + (self.patience if patience is None else patience)

    def stuck(self) -> list[str]:
        """The loops that have not gone round for too long."""
        now = time.monotonic()
        return sorted(loop for loop, until in self._until.items() if now > until)


def missing_dependencies(checks: Mapping[str, Check]) -> dict[str, str]:
    """The dependencies that do not answer, each with the kind of error."""
    missing = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:  # whatever it is, the dependency is not usable
            missing[name] = type(error).__name__
    return missing


def serve_health(port: int, *, ready: Mapping[str, Check], heartbeat: Heartbeat) -> ThreadingHTTPServer:
    """Start the server in a thread on all addresses; the caller shuts it down."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/healthz":
                stuck = heartbeat.stuck()
                self._answer(503 if stuck else 200, {"alive": not stuck, "stuck": stuck})
            elif self.path == "/readyz":
                missing = missing_dependencies(ready)
                self._answer(503 if missing else 200, {"ready": not missing, "missing": missing})
            elif self.path == "/metrics":
                self._send(200, CONTENT_TYPE_LATEST, generate_latest())
            else:
                self._answer(404, {"paths": ["/healthz", "/readyz", "/metrics"]})

        def _answer(self, status: int, body: object) -> None:
            self._send(status, "application/json", json.dumps(body).encode())

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes come every few seconds: no line for them."""

    server = ThreadingHTTPServer(("0.0.0.0", port), Answers)  # noqa: S104  # probes come from outside the pod
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
