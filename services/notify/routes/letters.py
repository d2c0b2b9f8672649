"""Letters, for the centre: where each stands, how it looks, and sending it again."""

from __future__ import annotations

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request

from services.notify import queries
from services.notify.handlers.letters import resend_letter
from services.notify.routes.here import app, page_number
from shared.web.access import asks
from shared.web.forms import ChineseForm, answer_form

letters = Blueprint("letters", __name__)

PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


class ResendForm(ChineseForm):
    """Nothing to fill in."""


@letters.get("/letters")
@asks("see_letters")
def letters_list() -> Response:
    """Letters by state, kind, recipient."""
    chosen = queries.LetterFilter(
        state=request.args.get("state", ""), kind=request.args.get("kind", ""), words=request.args.get("q", "")
    )
    lines, pages = queries.letters_page(app(), chosen, page=page_number())
    return make_response(
        render_template(
            "letters.html",
            chosen=chosen,
            lines=lines,
            page=page_number(),
            pages=pages,
            counts=queries.letters_by_state(app()),
            states=queries.STATES,
            kinds=queries.KINDS,
            waiting_mails=app().mails.count({"state": "waiting"}),
        )
    )


@letters.get("/letters/<letter_id>")
@asks("see_letters")
def letter(letter_id: str) -> Response:
    """One letter."""
    found = queries.letter_page(app(), letter_id)
    return make_response(render_template("letter.html", letter=found, form=ResendForm(), back=("返回信件", "/letters")))


@letters.get("/letters/<letter_id>/preview")
@asks("see_letters")
def letter_preview(letter_id: str) -> Response:
    """The letter as its reader sees it, in a frame that may run nothing and load nothing."""
    response = make_response(queries.letter_preview(app(), letter_id))
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@letters.post("/letters/<letter_id>/resend")
@asks("resend_letters")
def resend(letter_id: str) -> Response:
    """Send it again."""
    form = ResendForm()

    def act() -> Response:
        resend_letter(app(), letter_id, command=form.command)
        flash("信件已重新放入发送队列。", "done")
        return make_response(redirect(f"/letters/{letter_id}", 303))

    found = queries.letter_page(app(), letter_id)
    return answer_form(form, "letter.html", act, letter=found, back=("返回信件", "/letters"))


@letters.get("/api/notify/letters/states")
@asks("see_letters")
def states_api() -> Response:
    """How many letters stand where, for programs."""
    return jsonify(states=queries.letters_by_state(app()))
