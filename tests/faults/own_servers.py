"""Servers that one test may pause and kill: started in a folder of their own, gone with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.local.places import Places, places
from deploy.local.ports import Ports
from deploy.local.processes import Processes
from deploy.local.servers import Program, Server


class OwnServers:
    """The programs of one kind of server."""

    def __init__(self, server: Server, folder: Path) -> None:
        usual = places()
        self._places = Places(root=usual.root, var=folder, cache=usual.cache)
        self._places.make()
        self._processes = Processes(self._places.run, self._places.log)
        ports = Ports(folder / "ports.json", well_known=False)
        self._programs = {each.name: each for each in server.programs(self._places, ports.choose)}
        self.names = server.names

    @property
    def settings(self) -> Mapping[str, str]:
        """What their clients are told."""
        return {name: text for program in self._programs.values() for name, text in program.settings.items()}

    def start(self, *names: str) -> None:
        """Start these, or all, and wait until each is ready."""
        programs = [self._programs[name] for name in names or self.names]
        for program in programs:
            self._start(program)
        for program in programs:
            self._processes.wait_ready(program.name, program.ready, seconds=program.seconds)

    def _start(self, program: Program) -> None:
        self._processes.start(program.name, program.command, env={**os.environ, **program.env}, cwd=self._places.root)

    def pause(self, *names: str) -> None:
        """Stop them where they stand; their connections stay open."""
        self._signal(names, signal.SIGSTOP)

    def go_on(self, *names: str) -> None:
        """Let them go on."""
        self._signal(names, signal.SIGCONT)

    def kill(self, *names: str) -> None:
        """Kill them; what they did not write down is lost."""
        self._signal(names, signal.SIGKILL)

    def close(self) -> None:
        """End them all."""
        for name in self.names:
            if pid := self._processes.pid(name):
                os.kill(pid, signal.SIGKILL)
        self._processes.stop(self.names)
        deadline = time.monotonic() + 10
        while self._processes._children and time.monotonic() < deadline:
            self._processes.reap()
            time.sleep(0.02)

    def _signal(self, names: tuple[str, ...], which: signal.Signals) -> None:
        for name in names:
            pid = self._processes.pid(name)
            assert pid is not None, f"{name} does not run"
            os.kill(pid, which)


@contextmanager
def own_servers(server: Server, folder: Path) -> Iterator[OwnServers]:
    """Started, and gone afterwards."""
    servers = OwnServers(server, folder)
    try:
        servers.start()
        yield servers
    finally:
        servers.close()
