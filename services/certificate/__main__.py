"""Starts one role of the service: web, worker, maker, or migrate once."""

from __future__ import annotations

import sys

from services.certificate.adapters.pdf import FontMissing
from services.certificate.settings import CertificateSettings
from services.certificate.wiring import SERVICE, create_app, create_maker, create_worker, migrate
from shared.process import run
from shared.telemetry.logs import set_up_logs

ROLES = ("web", "worker", "maker", "migrate")


def main(arguments: list[str]) -> None:
    """Run the role that the one argument names."""
    role = arguments[0] if len(arguments) == 1 else ""
    if role not in ROLES:
        sys.exit(f"usage: python -m services.certificate {{{'|'.join(ROLES)}}}")
    settings = CertificateSettings.read()
    set_up_logs(SERVICE, role, level=settings.log_level)
    try:
        _start(role, settings)
    except FontMissing as missing:
        sys.exit(str(missing))


def _start(role: str, settings: CertificateSettings) -> None:
    if role == "worker":
        run(create_worker(settings))
    elif role == "maker":
        run(create_maker(settings))
    elif role == "migrate":
        migrate(settings)
    else:  # for one person at a time; in earnest gunicorn serves wiring:create_app()
        create_app(settings).run(port=8104)


if __name__ == "__main__":
    main(sys.argv[1:])
