"""The roles of review: python -m services.review web | worker | migrate."""

from __future__ import annotations

import sys

from services.review import wiring
from services.review.settings import ReviewSettings
from shared.roles import Roles

ROLES = Roles(
    service=wiring.SERVICE,
    settings=ReviewSettings,
    web=wiring.create_app,
    processes={"worker": wiring.create_worker},
    migrate=lambda settings: wiring.migrate(wiring.build(settings)),
)

if __name__ == "__main__":
    ROLES.play(sys.argv[1:])
