"""Lets requests in as a process can serve them; whoever has to wait reads why, and how many are ahead.

What is typed is kept: a form that is turned away comes back as a page that carries its fields. What it says then
counts as received when it first came, so that a crowd costs nobody the deadline.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, make_response, render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer

from shared.clock import Clock
from shared.identity import TokenRefused
from shared.telemetry.metrics import HTTP_STANDING_WAIT, HTTP_TURNED_AWAY, HTTP_WAITING
from shared.web import arrival, kept
from shared.web.access import LOGINS, access_of
from shared.web.crowding import Gate, Importance, Turned
from shared.web.problems import problem, wants_json
from shared.web.waited import WAITED
from shared.web.watching import PROBES

View = TypeVar("View", bound=Callable[..., Any])

PLACE, PASS = "place", "pass"
"""Cookies: where somebody stands in line, and that they were let in."""
PASS_LASTS = 15 * 60
PLACE_LASTS = 60 * 60
_MARK = "importance"


def hands_in(view: View) -> View:
    """Mark a view as part of handing in: it is turned away last of all."""
    setattr(view, _MARK, Importance.HANDING_IN)
    return view


def install_admission(app: Flask, *, service: str, target: float, clock: Clock) -> None:
    """Judge every request by how long those of the last moments waited for a thread (shared.web.worker measures it).

    ``target`` is in seconds; 0 turns nobody away.
    """
    app.extensions["zhengji.gate"] = Gate(target=target or 1.0, clock=time.monotonic)
    HTTP_STANDING_WAIT.labels(service).set_function(lambda: _gate_of(app).standing_wait)
    HTTP_WAITING.labels(service).set_function(lambda: _gate_of(app).waiting)
    if not target:
        return

    @app.before_request
    def admit() -> Response | None:
        waited = WAITED.get()
        if waited is None or request.endpoint is None or request.path in PROBES:
            return None
        gate = _gate_of(app)
        gate.saw(waited)
        importance = _importance()
        visitor = _ticket(clock()) if importance is Importance.BROWSING else _visitor()
        turned = gate.turns_away(importance, visitor=visitor)
        if turned is None:
            if importance is Importance.BROWSING and gate.waiting:
                g.cookie = (PASS, _signed().dumps(visitor), PASS_LASTS)
            return None
        HTTP_TURNED_AWAY.labels(service, importance.name.lower()).inc()
        if importance is Importance.BROWSING:
            g.cookie = (PLACE, _signed().dumps(visitor), PLACE_LASTS)
        return _come_again(turned, importance, arrival.at_the_door() or clock())

    @app.after_request
    def remember(response: Response) -> Response:
        if cookie := g.pop("cookie", None):
            name, value, lasts = cookie
            secure = bool(app.config["SESSION_COOKIE_SECURE"])
            response.set_cookie(name, value, max_age=lasts, httponly=True, samesite="Lax", secure=secure)
        return response


def saves_every() -> int:
    """Seconds between two savings that a page may make by itself at present."""
    return _gate_of(current_app).saves_every


def _gate_of(app: Flask) -> Gate:
    gate: Gate = app.extensions["zhengji.gate"]
    return gate


def _come_again(turned: Turned, importance: Importance, came: datetime) -> Response:
    wait = turned.retry_after
    if wants_json():
        what = "草稿暂未保存，将自动重试。" if importance is Importance.SAVING_BY_ITSELF else "请稍候再试。"
        response = problem(429, "crowded", f"现在访问的人很多，{what}", ahead=turned.ahead, retry_after=wait)
    elif request.method in ("GET", "HEAD"):
        page = render_template(
            "waiting.html", me=None, places=(), turned=turned, target=request.full_path.removesuffix("?")
        )
        response = make_response(page, 429)
    else:
        reason = f"您填写的内容已保留，请在{wait}秒后点击“继续提交”。"
        if not any(part.filename for part in request.files.values()):
            arrival.keep(came)
            reason += "接收时间按您这一次提交计算，不受等候影响。"
        response = kept.page(heading="现在访问的人很多，请稍候", reason=reason, status=429)
    response.headers["Retry-After"] = str(wait)
    response.headers["Cache-Control"] = "no-store"
    return response


def _importance() -> Importance:
    view = current_app.view_functions[request.endpoint or ""]
    marked: Importance | None = getattr(view, _MARK, None)
    if marked is not None:
        return marked
    if request.method not in ("GET", "HEAD"):
        by_itself = wants_json() and not request.path.startswith("/api/")
        return Importance.SAVING_BY_ITSELF if by_itself else Importance.WORKING
    return Importance.WORKING if _is_inside() else Importance.BROWSING


def _is_inside() -> bool:
    """Whether somebody is signed in, or was let in a short while ago."""
    return _opened(PASS, PASS_LASTS) is not None or any(map(_is_signed_in, LOGINS))


def _is_signed_in(kind: Any) -> bool:
    token = request.cookies.get(kind)
    if not token:
        return False
    try:
        access_of(current_app).read(token, kind)
    except TokenRefused:
        return False
    return True


def _ticket(now: datetime) -> str:
    """The place in line that came with the request, or the last: it begins with the milliseconds since 1970."""
    return _opened(PLACE, PLACE_LASTS) or f"{int(now.timestamp() * 1000):014d}-{secrets.token_urlsafe(6)}"


def _visitor() -> str:
    """What tells one visitor from another, at the same address too."""
    named = next(filter(None, (request.cookies.get(name) for name in (*LOGINS, PASS, PLACE))), "")
    return hashlib.blake2b(f"{named}/{request.remote_addr}".encode(), digest_size=8).hexdigest()


def _opened(name: str, lasts: int) -> str | None:
    sealed = request.cookies.get(name)
    if not sealed:
        return None
    try:
        return str(_signed().loads(sealed, max_age=lasts))
    except BadData:
        return None


def _signed() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="line")
