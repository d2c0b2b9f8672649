"""What the centre may ask of letters."""

from __future__ import annotations

from services.notify.app import App
from services.notify.handlers.writing import find_address


def resend_letter(app: App, letter_id: str, *, command: str) -> None:
    """Send a letter once more that did not arrive, to the address known by now. NotThere, Refused."""
    now = app.clock()
    app.letters.change(letter_id, lambda letter: letter.resend(at=now), command=command)
    find_address(app, letter_id)


def release_letter(app: App, letter_id: str) -> None:
    """Let a letter go that was held after a restore; it bears the Message-ID it had. NotThere, Refused."""
    now = app.clock()
    app.letters.change(letter_id, lambda letter: letter.release(at=now))
    find_address(app, letter_id)


def set_letter_aside(app: App, letter_id: str) -> None:
    """Decide that a letter that was held after a restore does not go. NotThere, Refused."""
    now = app.clock()
    app.letters.change(letter_id, lambda letter: letter.set_aside(at=now))
