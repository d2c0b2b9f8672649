"""Nothing typed is lost: what a person posted survives an expired page and an expired login."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, current_app, make_response, render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer

from shared.identity.tokens import Kind
from shared.web import arrival
from shared.web.access import LOGINS
from shared.web.reading import bears_files, here

LIVES = 7 * 86_400
_NOT_KEPT = {"kept", "next", *arrival.NO_CONTENTS}

Field = tuple[str, str]


@dataclass(frozen=True)
class Kept:
    """The fields of one form and the path they were on their way to."""

    to: str
    fields: tuple[Field, ...]
    came: str = ""
    """When it first came, sealed, where it was turned away in a crowd (shared.web.arrival)."""


def posted() -> Kept:
    """What this request carries: the fields it was posted with, or those sealed in an earlier one."""
    sealed = request.form.get("kept")
    earlier = unseal(sealed) if sealed else None
    if earlier is not None:
        return earlier
    return _without(_NOT_KEPT)


def as_it_came() -> Kept:
    """This request's form with everything it carries for others, so that it can be sent once more."""
    return _without(arrival.NO_CONTENTS)


def _without(names: Collection[str]) -> Kept:
    fields = tuple(pair for pair in request.form.items(multi=True) if pair[0] not in names)
    return Kept(to=here(), fields=fields, came=arrival.kept())


def seal(kept: Kept) -> str:
    """Sign and compress; passwords are left out."""
    fields = [pair for pair in kept.fields if not is_secret(pair[0])]
    return str(_serializer().dumps({"to": kept.to, "fields": fields, "came": kept.came}))


def unseal(text: str) -> Kept | None:
    """Open what this service sealed; None when another service did, or when it is too old."""
    try:
        found = _serializer().loads(text, max_age=LIVES)
    except BadData:
        return None
    fields = tuple((name, value) for name, value in found["fields"])
    return Kept(to=found["to"], fields=fields, came=found.get("came", ""))


def is_secret(name: str) -> bool:
    """Fields that are asked for again instead of being written into a page."""
    return "password" in name


def page(*, heading: str, reason: str, status: int, kept: Kept | None = None) -> Response:
    """A page that says why, carries every field, and continues with one press."""
    kept = kept or posted()
    body = render_template(
        "kept.html",
        heading=heading,
        reason=reason,
        to=kept.to,
        fields=[pair for pair in kept.fields if not is_secret(pair[0])],
        secrets=[name for name, _ in kept.fields if is_secret(name)],
        files_chosen=bears_files(),
        sealed=None,
        came=kept.came,
        button="继续提交",
    )
    return make_response(body, status)


def login_page(kind: Kind) -> Response:
    """For a post without a login: say so, and carry the fields through the login form."""
    kept = posted()
    body = render_template(
        "kept.html",
        heading="登录已过期，您填写的内容已保留",
        reason="请重新登录，登录后即可继续提交。",
        to=LOGINS[kind],
        fields=[("next", kept.to)],
        secrets=[],
        files_chosen=bears_files(),
        sealed=seal(kept),
        button="去登录",
    )
    return make_response(body, 401)


def is_arriving() -> bool:
    """True when a kept form was brought to a login page, which is to be shown, not tried."""
    return (
        request.method == "POST"
        and request.path in LOGINS.values()
        and "kept" in request.form
        and "csrf_token" not in request.form
    )


def luggage() -> list[Field]:
    """The hidden fields every login form must pass on; ``open_form`` writes them."""
    return [(name, request.values[name]) for name in ("kept", "next") if request.values.get(name)]


def carry_on(response: Response) -> Response:
    """After a successful login: continue the kept form, else go where the person was going, else ``response``.

    Cookies of ``response`` are kept. ``g.person`` is forgotten, because the request still bears the old cookies.
    """
    sealed, target = request.form.get("kept"), safe_path(request.values.get("next"))
    if not sealed:
        if target:
            response.headers["Location"] = target
        return response
    kept = unseal(sealed)
    if kept is not None:
        onward = page(heading="登录成功，您填写的内容已保留", reason="请点击“继续提交”。", status=200, kept=kept)
    elif target:
        onward = make_response(_pass_on(sealed, target), 200)
    else:
        return response
    for cookie in response.headers.getlist("Set-Cookie"):
        onward.headers.add("Set-Cookie", cookie)
    return onward


def _pass_on(sealed: str, target: str) -> str:
    """The page that hands a form sealed by another service back to that service."""
    return render_template(
        "kept.html",
        heading="登录成功，您填写的内容已保留",
        reason="请点击“继续”，返回刚才的页面。",
        to=target,
        fields=[],
        secrets=[],
        files_chosen=False,
        sealed=sealed,
        button="继续",
    )


def safe_path(target: str | None) -> str | None:
    """A path on this site, or None: never an address elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    if any(ord(letter) < 32 for letter in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


def _serializer() -> URLSafeTimedSerializer:
    key = current_app.secret_key
    assert key, "an app has a secret key"
    return URLSafeTimedSerializer(key, salt="kept-form")
