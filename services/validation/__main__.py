"""The roles of validation: python -m services.validation web | worker | checker | migrate."""

from __future__ import annotations

import sys

from services.validation import wiring
from services.validation.settings import ValidationSettings
from shared.process import run
from shared.telemetry.logs import set_up_logs

ROLES = ("web", "worker", "checker", "migrate")


def main(arguments: list[str]) -> None:
    """Play one role until told to stop. ``web`` is for development; in production gunicorn calls ``create_app``."""
    role = arguments[0] if arguments else ""
    if role not in ROLES:
        sys.exit(f"usage: python -m services.validation {' | '.join(ROLES)}")
    settings = ValidationSettings.read()
    set_up_logs(wiring.SERVICE, role, level=settings.log_level)
    if role == "web":
        wiring.create_app(settings).run(port=int(arguments[1]) if len(arguments) > 1 else 8002, threaded=True)
    elif role == "worker":
        run(wiring.create_worker(settings))
    elif role == "checker":
        run(wiring.create_checker(settings))
    else:
        wiring.migrate(wiring.build(settings))


if __name__ == "__main__":
    main(sys.argv[1:])
