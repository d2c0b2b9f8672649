"""Pages open to anybody: the front page, the notice, the privacy notice."""

from __future__ import annotations

from flask import Response, make_response, render_template

from services.intake.routes.at_hand import pieces, submission_bell
from shared.web.access import public


@public
def front() -> Response:
    """The front page: what it is, until when, and three doors."""
    campaign = pieces().campaigns.current()
    bell = submission_bell(campaign)
    return make_response(render_template("front.html", campaign=campaign, bell=bell))


@public
def notices() -> Response:
    """What is asked for, when, and how: the notice's words as far as they are campaign data."""
    return make_response(render_template("notices.html", campaign=pieces().campaigns.current()))


@public
def privacy() -> Response:
    """The privacy notice."""
    return make_response(render_template("privacy.html", campaign=pieces().campaigns.current()))
