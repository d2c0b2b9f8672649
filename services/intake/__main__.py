"""The roles of intake: python -m services.intake web | worker | migrate."""

from __future__ import annotations

import sys

from services.intake import wiring
from services.intake.settings import IntakeSettings
from shared.roles import Roles

ROLES = Roles(
    service=wiring.SERVICE,
    settings=IntakeSettings,
    web=wiring.create_app,
    processes={"worker": wiring.create_worker},
    migrate=lambda settings: wiring.migrate(wiring.build(settings)),
)

if __name__ == "__main__":
    ROLES.play(sys.argv[1:])
