"""How every service's command line begins: one word names the role this process plays until it is told to stop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import Flask

from shared.process import Process, run
from shared.settings import ServiceSettings
from shared.telemetry.logs import set_up_logs

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class Roles(Generic[S]):
    """The roles of one service: ``web`` (for development: in production gunicorn calls create_app), ``processes``
    by role, and ``migrate``, which prepares what all of them stand on."""

    service: str
    settings: type[S]
    web: Callable[[S], Flask]
    processes: Mapping[str, Callable[[S], Process]]
    migrate: Callable[[S], None]

    def play(self, arguments: list[str]) -> None:
        """Play the role that the first argument names; for ``web`` a second one may name the port."""
        names = ("web", *self.processes, "migrate")
        role = arguments[0] if arguments else ""
        if role not in names:
            sys.exit(f"usage: python -m services.{self.service} {' | '.join(names)}")
        settings = self.settings.read()
        set_up_logs(self.service, role, level=settings.log_level)
        if role == "web":
            self.web(settings).run(port=int(arguments[1]) if len(arguments) > 1 else 8000, threaded=True)
        elif role == "migrate":
            self.migrate(settings)
        else:
            run(self.processes[role](settings))
