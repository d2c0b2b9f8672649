"""When a request came: as the front door saw it, also where it had to come twice because too many came at once."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

from flask import current_app, g, request
from itsdangerous import BadData, URLSafeSerializer

from shared.clock import Clock
from shared.web.reading import here

FIELD = "came"
"""The field of a form that was turned away: when it first came, for these very contents at this very address."""
NO_CONTENTS = frozenset({"csrf_token", FIELD})
"""Fields in which two posts of the same may differ."""
GOOD_FOR = timedelta(minutes=10)
_STAMP = re.compile(r"(\d{9,11})\.(\d{3})")


def at_the_door() -> datetime | None:
    """When the front door got the first byte; None where no door is trusted."""
    given = request.headers.get("X-Received-At", "") if current_app.config["TRUST_RECEIVED_AT"] else ""
    stamp = _STAMP.fullmatch(given)
    if stamp is None:
        return None
    seconds, milliseconds = int(stamp[1]), int(stamp[2])
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)


def now() -> datetime:
    """When this very request came: by the door, where one is trusted, else by the clock."""
    clock: Clock = current_app.extensions["zhengji.clock"]
    return at_the_door() or clock()


def keep() -> None:
    """The page that answers this request carries when it came; what it carried itself counts on."""
    came = now()
    g.came = request.form.get(FIELD) if first(came) else _seal().dumps([came.isoformat(), _digest()])


def kept() -> str:
    """What a page that carries a form on puts into its field; empty where nothing was turned away."""
    if "came" not in g:
        g.came = request.form.get(FIELD, "") if first(now()) else ""
    came: str = g.came
    return came


def first(now: datetime) -> datetime | None:
    """When the same was posted first, where it was turned away then and not long ago."""
    if request.method != "POST" or not request.mimetype.endswith("form-urlencoded"):
        return None
    sealed = request.form.get(FIELD)
    if not sealed:
        return None
    try:
        came, digest = _seal().loads(sealed)
    except BadData:
        return None
    then = datetime.fromisoformat(came)
    return then if digest == _digest() and now - GOOD_FOR <= then <= now else None


def contents() -> list[tuple[str, str]]:
    """The fields of this form, in an order of their own: the same for two posts of the same."""
    return sorted(pair for pair in request.form.items(multi=True) if pair[0] not in NO_CONTENTS)


def _digest() -> str:
    """What this form says, and to which address."""
    return hashlib.sha256(repr((here(), contents())).encode()).hexdigest()


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="came")
