"""The Flask factory of all five services: hand it blueprints and rules, get a guarded app."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from flask import Blueprint, Flask, request
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from shared.clock import Clock, system_clock
from shared.identity import PermissionTable, Principal, read_token
from shared.identity.tokens import Kind
from shared.settings import ServiceSettings
from shared.web import arrival, kept
from shared.web.access import Access, assert_every_view_asks, check_access
from shared.web.admission import install_admission
from shared.web.frame import Masthead, install_frame
from shared.web.problems import install_problems
from shared.web.reading import LegibleRequest
from shared.web.security import install_headers
from shared.web.watching import install_watching

TEMPLATES = Path(__file__).parent / "templates"
BODY_LIMIT = 2 * 1024 * 1024
"""Octets a posted form may hold; a view that takes a file sets ``request.max_content_length`` first."""


def create_web_app(
    *,
    service: str,
    settings: ServiceSettings,
    blueprints: Sequence[Blueprint],
    permissions: PermissionTable,
    revoked_before: Callable[[Principal], datetime | None],
    ready: Mapping[str, Callable[[], None]],
    template_folder: Path | str,
    clock: Clock = system_clock,
    masthead: Callable[[], Masthead] = Masthead,
) -> Flask:
    """An app with every guard in place; AssertionError when a view says neither ``@asks`` nor ``@public``."""
    app = Flask(f"services.{service}", template_folder=str(template_folder), static_folder=None)
    app.request_class = LegibleRequest
    _configure(app, service=service, settings=settings, clock=clock)
    app.extensions["zhengji.access"] = Access(
        table=permissions,
        read=lambda token, kind: _read(token, kind, settings=settings, clock=clock),
        revoked_before=revoked_before,
    )
    install_watching(app, service=service, ready=ready)
    install_admission(app, service=service, target=settings.busy_after_ms / 1000, clock=clock)
    _install_guards(app)
    install_headers(app, storage=settings.s3_public_endpoint, https=_over_https(settings))
    install_problems(app)
    install_frame(app, settings=settings, masthead=masthead, clock=clock)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    assert_every_view_asks(app)
    return app


def received_at() -> datetime:
    """When the front door got the first byte of this request: its header where that is trusted, else the clock.

    A form that was turned away because too many came counts as received when it first came.
    """
    at = arrival.now()
    return arrival.first(at) or at


def source() -> str:
    """The address this request comes from, as the front door saw it where that is trusted."""
    return request.remote_addr or ""


def _read(token: str, kind: Kind, *, settings: ServiceSettings, clock: Clock) -> Principal:
    keys = settings.author_public_keys if kind == "author" else settings.staff_public_keys
    return read_token(token, kind=kind, keys=keys, now=clock())


def _over_https(settings: ServiceSettings) -> bool:
    return settings.public_url.startswith("https://")


def _configure(app: Flask, *, service: str, settings: ServiceSettings, clock: Clock) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME=f"session_{service}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=_over_https(settings),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,  # checked after access, so that an expired login keeps the form first
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        MAX_FORM_MEMORY_SIZE=BODY_LIMIT,
        TRUST_RECEIVED_AT=settings.trust_door,
    )
    app.extensions["zhengji.clock"] = clock
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # the default provider has it
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    own = app.jinja_loader
    app.jinja_loader = ChoiceLoader([*([own] if own else []), FileSystemLoader(TEMPLATES)])
    if settings.trust_door:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]


def _install_guards(app: Flask) -> None:
    csrf = CSRFProtect(app)

    @app.before_request
    def guard() -> None:
        if request.endpoint is None:  # no such address or method: said as that, whoever asks
            return
        check_access()
        if not kept.is_arriving():
            csrf.protect()
