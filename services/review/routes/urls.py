"""The table of contents: every address of review, and the view that answers it."""

from __future__ import annotations

from flask import Blueprint

from services.review.routes import at_hand, staff

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")

STAFF = (
    ("/staff", staff.start, GET),
    ("/staff/activate", staff.activate, BOTH),
    ("/staff/second-factor", staff.second_factor, BOTH),
    ("/staff/second-factor.svg", staff.second_factor_picture, GET),
    ("/staff/login", staff.login, BOTH),
    ("/staff/logout", staff.logout, BOTH),
    ("/staff/password", staff.password, BOTH),
)

pages = Blueprint("review", __name__)

for table in (STAFF,):
    for rule, view, methods in table:
        pages.add_url_rule(rule, view_func=view, methods=methods)

pages.after_request(at_hand.renew_session)

BLUEPRINTS = (pages,)
