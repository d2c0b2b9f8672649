"""The roles of notify: python -m services.notify web | worker | sender | mailbox | migrate."""

from __future__ import annotations

import sys

from services.notify import wiring
from services.notify.settings import NotifySettings
from shared.roles import Roles

ROLES = Roles(
    service=wiring.SERVICE,
    settings=NotifySettings,
    web=wiring.create_app,
    processes={"worker": wiring.create_worker, "sender": wiring.create_sender, "mailbox": wiring.create_mailbox},
    migrate=lambda settings: wiring.migrate(wiring.build(settings)),
)

if __name__ == "__main__":
    ROLES.play(sys.argv[1:])
