"""Pages open to anybody: the front page, the notice, the privacy notice."""

from __future__ import annotations

from flask import Response, jsonify, make_response, render_template

from services.intake.domain.window import check_registration, in_the_way, over
from services.intake.routes.at_hand import pieces, submission_bell
from shared.web.access import public
from shared.web.admission import hands_in


@public
def front() -> Response:
    """The front page: what it is, until when, and three doors."""
    campaign = pieces().campaigns.current()
    now, windows = pieces().clock(), campaign.windows
    no_sign_up = in_the_way(lambda: check_registration(campaign, now))
    return make_response(
        render_template(
            "front.html",
            campaign=campaign,
            bell=submission_bell(campaign),
            no_sign_up=no_sign_up,
            over=f"{over(campaign)}。" if windows.submission.has_closed(now) else "",
            published=windows.publication.announced and windows.publication.has_opened(now),
        )
    )


@public
@hands_in
def now() -> Response:
    """The server's time in milliseconds, for a countdown in a browser whose own clock may be wrong."""
    answer = jsonify(now=int(pieces().clock().timestamp() * 1000))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@public
def notices() -> Response:
    """What is asked for, when, and how: the notice's words as far as they are campaign data."""
    return make_response(render_template("notices.html", campaign=pieces().campaigns.current()))


@public
def privacy() -> Response:
    """The privacy notice."""
    return make_response(render_template("privacy.html", campaign=pieces().campaigns.current()))
