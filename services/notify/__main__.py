"""The roles of notify: python -m services.notify web | worker | sender | mailbox | migrate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from services.notify import wiring
from services.notify.settings import NotifySettings
from shared.process import Process, run
from shared.telemetry.logs import set_up_logs

PROCESSES: Mapping[str, Callable[[NotifySettings], Process]] = {
    "worker": wiring.create_worker,
    "sender": wiring.create_sender,
    "mailbox": wiring.create_mailbox,
}
ROLES = ("web", *PROCESSES, "migrate")


def main(arguments: list[str]) -> None:
    """Play one role until told to stop. ``web`` is for development; in production gunicorn calls ``create_app``."""
    role = arguments[0] if arguments else ""
    if role not in ROLES:
        sys.exit(f"usage: python -m services.notify {' | '.join(ROLES)}")
    settings = NotifySettings.read()
    set_up_logs(wiring.SERVICE, role, level=settings.log_level)
    if role == "web":
        wiring.create_app(settings).run(port=int(arguments[1]) if len(arguments) > 1 else 8005, threaded=True)
    elif role == "migrate":
        wiring.migrate(wiring.build(settings))
    else:
        run(PROCESSES[role](settings))


if __name__ == "__main__":
    main(sys.argv[1:])
