"""Who is asking, and whether they may: every view is marked ``@asks("action")`` or ``@public``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog
from flask import Flask, current_app, g, request
from werkzeug.exceptions import Unauthorized

from shared.identity import PermissionTable, Principal, TokenRefused, Whose, may
from shared.identity.tokens import Kind
from shared.trouble import Forbidden

View = TypeVar("View", bound=Callable[..., Any])

LOGINS: Mapping[Kind, str] = {"author": "/login", "staff": "/staff/login"}
"""Where people of each kind log in; the cookie of each kind bears its name."""

AUTHOR_ROLE = "author"
_MARK = "asks_action"
_PUBLIC = ""

log = structlog.get_logger(__name__)


class LoginNeeded(Unauthorized):
    """Nobody who may do this is logged in; ``kind`` says whose login to offer."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Access:
    """The rules one app asks before each view."""

    table: PermissionTable
    read: Callable[[str, Kind], Principal]
    revoked_before: Callable[[Principal], datetime | None]


def asks(action: str) -> Callable[[View], View]:
    """Mark a view as answering only those whom the permission table allows ``action``."""
    assert action, "an action has a name"

    def mark(view: View) -> View:
        setattr(view, _MARK, action)
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as open to anybody."""
    setattr(view, _MARK, _PUBLIC)
    return view


def assert_every_view_asks(app: Flask) -> None:
    """Refuse to start when a view forgot to say who may see it, or asks for an action no table names."""
    table = access_of(app).table
    silent = [name for name, view in app.view_functions.items() if not hasattr(view, _MARK)]
    if silent:
        raise AssertionError(f"mark these views with @asks or @public: {', '.join(sorted(silent))}")
    unknown = {action_of(view) for view in app.view_functions.values()} - set(table) - {None}
    if unknown:
        raise AssertionError(f"no permission table names: {', '.join(sorted(map(str, unknown)))}")


def action_of(view: Callable[..., Any]) -> str | None:
    """The action a view asks for; None when it is public."""
    action: str = getattr(view, _MARK)
    return action or None


def access_of(app: Flask) -> Access:
    """The rules of this app."""
    found: Access = app.extensions["zhengji.access"]
    return found


def who() -> Principal:
    """The person this request speaks for; for views marked ``@asks``."""
    person = somebody()
    if person is None:
        raise LoginNeeded("author")
    return person


def somebody() -> Principal | None:
    """The person this request speaks for, or None; for public views that greet those who are known."""
    if "person" not in g:
        g.person = next(iter(_known()), None)
    person: Principal | None = g.person
    return person


def known_as(kind: Kind) -> Principal | None:
    """Who came with a valid token of that kind; for pages that begin and end sessions."""
    return next((person for person in _known() if person.kind == kind), None)


def whose() -> frozenset[Whose]:
    """Whose things the present action may touch for this person; the view checks that the thing is one of them."""
    found: frozenset[Whose] = g.get("whose", frozenset())
    return found


def check_access() -> None:
    """Let the request through, or raise LoginNeeded or Forbidden."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return
    action = action_of(view)
    if action is None:
        return
    table = access_of(current_app).table
    known = _known()
    for person in known:
        allowed = may(table, person, action)
        if allowed:
            g.person, g.whose = person, allowed
            return
    kind = _kind_for(table, action)
    log.info("request_refused", action=action, kind=kind, persons=[person.id for person in known])
    if any(person.kind == kind for person in known):
        raise Forbidden()
    raise LoginNeeded(kind)


def _kind_for(table: PermissionTable, action: str) -> Kind:
    """Whose login to offer: the author's where authors may, unless the path belongs to staff."""
    return "author" if AUTHOR_ROLE in table[action] else "staff"


def _known() -> list[Principal]:
    """Everybody whose valid, unrevoked token came with the request; staff first."""
    if "known" not in g:
        people = (_principal(kind) for kind in ("staff", "author"))
        g.known = [person for person in people if person is not None]
    known: list[Principal] = g.known
    return known


def _principal(kind: Kind) -> Principal | None:
    token = request.cookies.get(kind)
    if not token:
        return None
    access = access_of(current_app)
    try:
        person = access.read(token, kind)
    except TokenRefused as refused:
        log.info("token_refused", kind=kind, reason=str(refused))
        return None
    revoked = access.revoked_before(person)
    if revoked is not None and person.issued < revoked:
        log.info("token_revoked", kind=kind, person=person.id)
        return None
    return person
