"""What the centre may ask of letters."""

from __future__ import annotations

from services.notify.app import App
from services.notify.handlers.writing import find_address


def resend_letter(app: App, letter_id: str, *, command: str) -> None:
    """Send a letter once more that did not arrive, to the address known by now. NotThere, Refused."""
    now = app.clock()
    app.letters.change(letter_id, lambda letter: letter.resend(at=now), command=command)
    find_address(app, letter_id)
