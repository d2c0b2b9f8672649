"""What operators see of a web process: one correlation id a request, request metrics, /healthz /readyz /metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

import structlog
from flask import Blueprint, Flask, Response, current_app, g, jsonify, make_response, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from structlog.contextvars import bind_contextvars, clear_contextvars

from shared.telemetry.correlation import following
from shared.telemetry.health import missing_dependencies
from shared.telemetry.metrics import HTTP_REQUESTS, HTTP_SECONDS, REFUSALS
from shared.trouble import Refused
from shared.web.access import public

Ready = Mapping[str, Callable[[], None]]
"""Name of a dependency -> a short check that raises when it is away."""

PROBES = {"/healthz", "/readyz", "/metrics"}
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = structlog.get_logger(__name__)


def install_watching(app: Flask, *, service: str, ready: Ready) -> None:
    """Bind the correlation id, count and time each request, and answer the probes."""
    app.extensions["zhengji.service"] = service
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)
    app.register_blueprint(_probes(service, ready))


def _begin() -> None:
    clear_contextvars()
    bind_contextvars(service=_service(), role="web")
    given = request.headers.get("X-Request-Id", "")
    g.began = time.perf_counter()
    g.trail = following(given if _ID.fullmatch(given) else "", traceparent=request.headers.get("traceparent", ""))
    g.correlation = g.trail.__enter__()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.correlation
    if retry_after := g.get("retry_after"):
        response.headers["Retry-After"] = str(retry_after)
    if request.path in PROBES:
        return response
    seconds = time.perf_counter() - g.began
    route = request.url_rule.rule if request.url_rule else "unmatched"
    HTTP_REQUESTS.labels(_service(), route, request.method, str(response.status_code)).inc()
    HTTP_SECONDS.labels(_service(), route).observe(seconds)
    log.info(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
    )
    return response


def _probes(service: str, ready: Ready) -> Blueprint:
    probes = Blueprint("probes", __name__)

    @probes.get("/healthz")
    @public
    def healthz() -> Response:
        return jsonify(alive=True, service=service)

    @probes.get("/readyz")
    @public
    def readyz() -> Response:
        missing = missing_dependencies(ready)
        if missing:
            log.warning("not_ready", missing=missing)
        return make_response(jsonify(ready=not missing, service=service, missing=missing), 503 if missing else 200)

    @probes.get("/metrics")
    @public
    def metrics() -> Response:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    return probes


def count_refusal(refused: Refused) -> None:
    """Log and count a wish the rules refused; the answer will say when to come back, where that helps."""
    g.retry_after = refused.retry_after
    log.info("refused", code=refused.code, status=refused.status)
    REFUSALS.labels(_service(), refused.code).inc()


def _leave(_: BaseException | None) -> None:
    if (trail := g.pop("trail", None)) is not None:
        trail.__exit__(None, None, None)


def _service() -> str:
    return str(current_app.extensions["zhengji.service"])
