"""The roles of review: python -m services.review web | worker | migrate."""

from __future__ import annotations

import sys

from services.review import wiring
from services.review.settings import ReviewSettings
from shared.process import run
from shared.telemetry.logs import set_up_logs

ROLES = ("web", "worker", "migrate")


def main(arguments: list[str]) -> None:
    """Play one role until told to stop. ``web`` is for development; in production gunicorn calls ``create_app``."""
    role = arguments[0] if arguments else ""
    if role not in ROLES:
        sys.exit(f"usage: python -m services.review {' | '.join(ROLES)}")
    settings = ReviewSettings.read()
    set_up_logs(wiring.SERVICE, role, level=settings.log_level)
    if role == "web":
        wiring.create_app(settings).run(port=int(arguments[1]) if len(arguments) > 1 else 8003, threaded=True)
    elif role == "worker":
        run(wiring.create_worker(settings))
    else:
        wiring.migrate(wiring.build(settings))


if __name__ == "__main__":
    main(sys.argv[1:])
