"""The app that tests/shared/test_worker.py runs under gunicorn: pages of fifty milliseconds each."""

from __future__ import annotations

import time

from flask import Blueprint, Flask, Response, make_response

from shared.web.access import public
from shared.web.admission import hands_in
from tests.shared.test_web_app import an_app

WORK = 0.05
"""Seconds of each page."""


def create() -> Flask:
    """An app with a page to look at and one to hand in."""
    blueprint = Blueprint("crowded", __name__)

    @blueprint.get("/front")
    @public
    def front() -> Response:
        time.sleep(WORK)
        return make_response("front")

    @blueprint.get("/hand-in")
    @public
    @hands_in
    def hand_in() -> Response:
        time.sleep(WORK)
        return make_response("handed in")

    return an_app(blueprint=blueprint)
