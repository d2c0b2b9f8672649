"""What every view of this service reaches for."""

from __future__ import annotations

from typing import cast

from flask import current_app

from services.certificate.app import App


def here() -> App:
    """The pieces of the present process."""
    return cast(App, current_app.extensions["certificate"])
