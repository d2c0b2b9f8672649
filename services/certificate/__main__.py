"""The roles of certificate: python -m services.certificate web | worker | maker | migrate."""

from __future__ import annotations

import sys

from services.certificate import wiring
from services.certificate.settings import CertificateSettings
from shared.roles import Roles
from shared.typesetting import FontMissing

ROLES = Roles(
    service=wiring.SERVICE,
    settings=CertificateSettings,
    web=wiring.create_app,
    processes={"worker": wiring.create_worker, "maker": wiring.create_maker},
    migrate=lambda settings: wiring.migrate(wiring.build(settings)),
)

if __name__ == "__main__":
    try:
        ROLES.play(sys.argv[1:])
    except FontMissing as missing:
        sys.exit(str(missing))
