"""Which port each program gets: the well-known one when it is free, else one of a block that belongs to this stack."""

import json
import os
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deploy.local.trouble import CannotGoOn, no_free_port, port_taken

# Blocks of 100 ports below 32768, where the kernel begins to hand out ports for outgoing connections.
_FIRST, _BLOCK, _BLOCKS = 20000, 100, 120


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port (and on every address) right now."""
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - bound for a moment, to ask
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


class Ports:
    """The ports of one stack, remembered in its folder so that a restart keeps its addresses."""

    def __init__(
        self,
        file: Path,
        *,
        well_known: bool,
        environ: Mapping[str, str] = os.environ,
        free: Callable[[int], bool] = is_free,
    ) -> None:
        self._file = file
        self._well_known = well_known
        self._environ = environ
        self._free = free
        self._home = zlib.crc32(str(file).encode()) % _BLOCKS
        self._chosen: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def choose(self, name: str, default: int, *, running: bool = False) -> int:
        """The port for `name`: the one a person fixed, the remembered one, the default, or the next free one.

        `running` says that our own program holds its remembered port already. Raises CannotGoOn when a fixed port
        is taken, because another one would silently break what the person set up.
        """
        if running and name in self._chosen:
            return self._chosen[name]
        setting = f"ZHENGJI_PORT_{name.upper().replace('-', '_')}"
        if setting in self._environ:
            return self._keep(name, self._fixed(name, setting))
        for port in self._candidates(name, default):
            if port not in self._given_to_others(name) and self._free(port):
                return self._keep(name, port)
        raise no_free_port(name)

    def _fixed(self, name: str, setting: str) -> int:
        text = self._environ[setting]
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise CannotGoOn(f"{setting} must be a port number between 1 and 65535, and is {text!r}.")
        if not self._free(int(text)):
            raise port_taken(name, int(text), setting)
        return int(text)

    def _candidates(self, name: str, default: int) -> Iterator[int]:
        if name in self._chosen:
            yield self._chosen[name]
        if self._well_known:
            yield default
        for step in range(_BLOCKS):
            block = _FIRST + _BLOCK * ((self._home + step) % _BLOCKS)
            yield from range(block + default % _BLOCK, block + _BLOCK)

    def _given_to_others(self, name: str) -> set[int]:
        return {port for other, port in self._chosen.items() if other != name}

    def _keep(self, name: str, port: int) -> int:
        self._chosen[name] = port
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._chosen, indent=1, sort_keys=True))
        part.replace(self._file)
        return port
