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
from shared.identity import Principal, TokenRefused
from shared.telemetry.metrics import HTTP_STANDING_WAIT, HTTP_TURNED_AWAY, HTTP_WAITING
from shared.web import arrival, kept
from shared.web.access import LOGINS, access_of
from shared.web.crowding import Gate, Importance, Turned
from shared.web.problems import problem, wants_json
from shared.web.reading import bears_files, here
from shared.web.waited import WAITED
from shared.web.watching import PROBES

View = TypeVar("View", bound=Callable[..., Any])

PLACE, PASS = "place", "pass"
"""Cookies: where somebody stands in line, and that they were let in."""
PASS_LASTS = 15 * 60
PLACE_LASTS = 60 * 60
_MARK = "importance"


def hands_in(view: View) -> View:
    """Mark a view as part of handing in: the signed-in are turned away from it last of all, and once at most."""
    setattr(view, _MARK, Importance.HANDING_IN)
    return view


def takes_files(view: View) -> View:
    """Mark a view as part of an upload: the signed-in are never turned away, for a file cannot be kept in a page."""
    setattr(view, _MARK, Importance.ALWAYS)
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
        person = _signed_in()
        importance = _importance(person)
        visitor = _ticket(gate, clock()) if importance is Importance.BROWSING else _visitor(person)
        turned = gate.turns_away(importance, visitor=visitor)
        if turned is None:
            if importance is Importance.BROWSING and gate.waiting:
                g.cookie = (_cookie(PASS), _signed(PASS).dumps(_address()), PASS_LASTS)
            return None
        HTTP_TURNED_AWAY.labels(service, importance.name.lower()).inc()
        if importance is Importance.BROWSING:
            g.cookie = (_cookie(PLACE), _signed(PLACE).dumps(visitor), PLACE_LASTS)
        return _come_again(turned, importance, person)

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


def _come_again(turned: Turned, importance: Importance, person: Principal | None) -> Response:
    g.turned_away, g.retry_after = True, turned.retry_after
    if wants_json():
        what = "草稿暂未保存，将自动重试。" if importance is Importance.SAVING_BY_ITSELF else "请稍候再试。"
        response = problem(
            429, "crowded", f"现在访问的人很多，{what}", ahead=turned.ahead, retry_after=turned.retry_after
        )
    elif request.method in ("GET", "HEAD"):
        response = make_response(render_template("waiting.html", turned=turned, target=here(), logins=LOGINS), 429)
    else:
        reason = "您填写的内容已保留，请稍候点击“继续提交”。"
        if person is not None and person.kind == "author" and not bears_files():
            arrival.keep()
            reason += "请在10分钟内继续，接收时间按您这一次提交计算，不受等候影响。"
        form = kept.as_it_came()
        response = kept.page(heading="现在访问的人很多，请稍候", reason=reason, status=429, kept=form)
    response.headers["Cache-Control"] = "no-store"
    return response


def _importance(person: Principal | None) -> Importance:
    view = current_app.view_functions[request.endpoint or ""]
    marked: Importance | None = getattr(view, _MARK, None)
    if person is not None and arrival.first(arrival.now()):
        return Importance.ALWAYS
    if person is not None and marked is not None:
        return marked
    if request.method not in ("GET", "HEAD"):
        by_itself = wants_json() and not request.path.startswith("/api/")
        return Importance.SAVING_BY_ITSELF if by_itself else Importance.WORKING
    inside = person or request.path in LOGINS.values() or _opened(PASS, PASS_LASTS) == _address()
    return Importance.WORKING if inside else Importance.BROWSING


def _signed_in() -> Principal | None:
    """Who bears a token of ours; whether it was revoked is asked of those who are let in."""
    for kind in LOGINS:
        if token := request.cookies.get(kind):
            try:
                return access_of(current_app).read(token, kind)
            except TokenRefused:
                continue
    return None


def _ticket(gate: Gate, now: datetime) -> str:
    """The place in line that came with the request, or the last: it begins with the milliseconds since 1970."""
    borne = _opened(PLACE, PLACE_LASTS)
    if borne and not gate.is_spent(borne):
        return borne
    return f"{int(now.timestamp() * 1000):014d}-{secrets.token_urlsafe(6)}"


def _visitor(person: Principal | None) -> str:
    """What stays the same of a visitor, and cannot be made up."""
    return person.id if person else _opened(PLACE, PLACE_LASTS) or _address()


def _address() -> str:
    return hashlib.blake2b(str(request.remote_addr).encode(), digest_size=8).hexdigest()


def _cookie(name: str) -> str:
    """Each service keeps a line of its own, on the one site."""
    return f"{name}_{current_app.extensions['zhengji.service']}"


def _opened(name: str, lasts: int) -> str | None:
    sealed = request.cookies.get(_cookie(name))
    if not sealed:
        return None
    try:
        return str(_signed(name).loads(sealed, max_age=lasts))
    except BadData:
        return None


def _signed(name: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt=f"line/{name}")
