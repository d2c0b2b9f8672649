"""Messages on the site: every letter to this account, for those without e-mail too."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, render_template

from services.notify import queries
from services.notify.routes.here import app, page_number
from shared.web.access import asks, who

messages = Blueprint("messages", __name__)


@messages.get("/messages")
@asks("read_messages")
def messages_list() -> Response:
    """One's own messages."""
    lines, pages = queries.messages_of(app(), who().id, page=page_number())
    return make_response(render_template("messages.html", lines=lines, page=page_number(), pages=pages))


@messages.get("/messages/<letter_id>")
@asks("read_messages")
def message(letter_id: str) -> Response:
    """One of them."""
    found = queries.message_page(app(), letter_id, account_id=who().id)
    return make_response(render_template("message.html", message=found, back=("返回消息", "/messages")))


@messages.get("/api/notify/messages")
@asks("read_messages")
def messages_api() -> Response:
    """One's own messages, for programs."""
    lines, pages = queries.messages_of(app(), who().id, page=page_number())
    found = [{"id": each.id, "subject": each.subject, "at": each.at.isoformat()} for each in lines]
    return jsonify(messages=found, page=page_number(), pages=pages)
