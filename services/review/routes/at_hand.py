"""What every view of review needs: the app's pieces, the account that asks, the cookie, the bell."""

from __future__ import annotations

from flask import Response, current_app, make_response, redirect, request

from services.review.app import App
from services.review.domain.account import StaffAccount
from services.review.handlers.accounts import renewed_token, session_token
from shared.campaign.parts import Window
from shared.trouble import NotThere
from shared.web.access import LoginNeeded, somebody, who
from shared.web.frame import Bell

COOKIE = "staff"


def pieces() -> App:
    """The pieces of this process."""
    app: App = current_app.extensions["review"]
    return app


def account() -> StaffAccount:
    """The account that asks; one that is gone has to log in anew."""
    try:
        return pieces().accounts.get(who().id)
    except NotThere:
        raise LoginNeeded("staff") from None


def own_province() -> str:
    """The code of the province the asking account works for."""
    province = who().province
    if not province:
        raise NotThere()
    return province


def to(address: str) -> Response:
    """After a post: go there."""
    return make_response(redirect(address, 303))


def signed_in(response: Response, staff: StaffAccount) -> Response:
    """Give the browser the staff's cookie."""
    return _with_cookie(response, session_token(pieces(), staff))


def signed_out(response: Response) -> Response:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, samesite="Lax", httponly=True)
    return response


def renew_session(response: Response) -> Response:
    """After a request: people who keep working stay logged in."""
    person = somebody() if request.cookies.get(COOKIE) else None
    given = any(header.startswith(f"{COOKIE}=") for header in response.headers.getlist("Set-Cookie"))
    if person is None or person.kind != "staff" or given or response.status_code >= 400:
        return response
    token = renewed_token(pieces(), person)
    return _with_cookie(response, token) if token else response


def _with_cookie(response: Response, token: str) -> Response:
    app = pieces()
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(app.settings.staff_session_minutes * 60),
        httponly=True,
        samesite="Lax",
        secure=app.settings.public_url.startswith("https://"),
    )
    return response


def bell_for(window: Window, text: str) -> Bell | None:
    """The strip with the deadline, while the window is open."""
    return Bell(closes=window.closes, text=text) if window.contains(pieces().clock()) else None
