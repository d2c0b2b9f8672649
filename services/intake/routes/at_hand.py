"""What every view of intake needs: the app's pieces, the account that asks, the bell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Response, current_app, make_response, render_template, request, url_for

from services.intake.app import App
from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.queries import Answer
from shared.campaign.model import Campaign
from shared.trouble import NotThere
from shared.web.access import LoginNeeded, who
from shared.web.frame import Bell


def pieces() -> App:
    """The pieces of this process."""
    app: App = current_app.extensions["intake"]
    return app


def account() -> Account:
    """The account that asks; one that is gone has to sign in anew."""
    try:
        return pieces().accounts.get(who().id)
    except NotThere:
        raise LoginNeeded("author") from None


def opened(case_id: str) -> tuple[App, Case, Campaign]:
    """A case of the account that asks, with its campaign; NotThere for everybody else."""
    app = pieces()
    case = app.own_case(case_id, who().id)
    return app, case, app.campaigns.get(case.campaign_id)


def closed_page(
    title: str,
    why: str,
    *,
    above: str = "",
    answers: Sequence[Answer] = (),
    unsent: Sequence[Answer] = (),
    onward: Sequence[tuple[str, str]] = (),
) -> Response:
    """Instead of a form that would be refused: why, what stands, what came late. A post is answered as refused."""
    shown = {"title": title, "why": why, "above": above, "answers": answers, "unsent": unsent, "onward": onward}
    page = render_template("closed.html", **shown)
    return make_response(page, 409 if request.method == "POST" else 200)


def submission_bell(
    campaign: Campaign, *, saved_at: datetime | None = None, late_until: datetime | None = None
) -> Bell | None:
    """The strip with the deadline while it lies ahead, or with the end of the centre's permission to hand in late."""
    closes = campaign.windows.submission.closes
    if pieces().clock() < closes:
        return Bell(closes=closes, saved_at=saved_at, clock=url_for("public_api.now"))
    if late_until is None:
        return None
    return Bell(closes=late_until, text="补报截止", saved_at=saved_at, clock=url_for("public_api.now"))
