"""What every view of notify has at hand."""

from __future__ import annotations

from typing import cast

from flask import current_app, request

from services.notify.app import App


def app() -> App:
    """The pieces of this process."""
    return cast(App, current_app.extensions["notify"])


def page_number() -> int:
    """The page asked for; nonsense is the first."""
    asked = request.args.get("page", "1")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
