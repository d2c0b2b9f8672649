"""The roles of certificate: python -m services.certificate web | worker | maker | migrate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from services.certificate import wiring
from services.certificate.adapters.pdf import FontMissing
from services.certificate.settings import CertificateSettings
from shared.process import Process, run
from shared.telemetry.logs import set_up_logs

PROCESSES: Mapping[str, Callable[[CertificateSettings], Process]] = {
    "worker": wiring.create_worker,
    "maker": wiring.create_maker,
}
ROLES = ("web", *PROCESSES, "migrate")


def main(arguments: list[str]) -> None:
    """Play one role until told to stop. ``web`` is for development; in production gunicorn calls ``create_app``."""
    role = arguments[0] if arguments else ""
    if role not in ROLES:
        sys.exit(f"usage: python -m services.certificate {' | '.join(ROLES)}")
    settings = CertificateSettings.read()
    set_up_logs(wiring.SERVICE, role, level=settings.log_level)
    if role == "web":
        wiring.create_app(settings).run(port=int(arguments[1]) if len(arguments) > 1 else 8004, threaded=True)
    elif role == "migrate":
        wiring.migrate(wiring.build(settings))
    else:
        try:
            run(PROCESSES[role](settings))
        except FontMissing as missing:
            sys.exit(str(missing))


if __name__ == "__main__":
    main(sys.argv[1:])
