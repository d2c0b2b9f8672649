"""The roles of validation: python -m services.validation web | worker | checker | migrate."""

from __future__ import annotations

import sys

from services.validation import wiring
from services.validation.settings import ValidationSettings
from shared.roles import Roles

ROLES = Roles(
    service=wiring.SERVICE,
    settings=ValidationSettings,
    web=wiring.create_app,
    processes={"worker": wiring.create_worker, "checker": wiring.create_checker},
    migrate=lambda settings: wiring.migrate(wiring.build(settings)),
)

if __name__ == "__main__":
    ROLES.play(sys.argv[1:])
