"""The whole platform on a cluster of three brokers and three database members, every program in a cell of its own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy.local.given import others
from deploy.local.servers.mail import Mail
from deploy.local.stack import all_servers
from tests.faults import cell
from tests.faults.kept_mail import KeptPost, is_listening
from tests.faults.schedule import MEMBERS, OWN
from tests.journeys.faulty import FaultyStack
from zhengji.play.world import RealWorld
from zhengji.plays import real_world

SOURCE = Path(__file__).parent
_PATIENCE = 120.0
_MAIL_PORTS = {"smtp": 2525, "imap": 2143, "provider": 2526}


class BreakableStack(FaultyStack):
    """A stack that may be broken in every way, inside namespaces of its own.

    Its letters go to a server that keeps them on disk, so that a letter that was taken is there whatever is killed; the
    campaign's own mailbox is GreenMail's, as everywhere.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._environ |= {
            "ZHENGJI_LOCAL_KAFKA_BROKERS": "3",
            "ZHENGJI_LOCAL_MONGODB_MEMBERS": "3",
            "ZHENGJI_LOCAL_START_WITH": shlex.join([sys.executable, "-m", "tests.faults.cell"]),
            "ZHENGJI_SMTP_HOST": "127.0.0.1",
            "ZHENGJI_SMTP_PORT": str(_MAIL_PORTS["provider"]),
            "ZHENGJI_IMAP_HOST": "127.0.0.1",
            "ZHENGJI_IMAP_PORT": str(_MAIL_PORTS["imap"]),
            "ZHENGJI_IMAP_USER": "jsyxmoe@zhengji.example",
            "ZHENGJI_IMAP_PASSWORD": "local",
            "ZHENGJI_LETTERS_PER_MINUTE": "6000",  # nobody's provider is hurt, and all write to two domains
            "ZHENGJI_LETTERS_PER_MINUTE_AND_DOMAIN": "6000",
            "PYTHONPATH": str(self.places.root),
            cell.FOLDER: str(self.cells),
        }

    @property
    def cells(self) -> Path:
        """Where clocks and their library lie."""
        return self.places.var / "cells"

    @property
    def kept_letters(self) -> Path:
        """The Maildir of the server that takes the platform's letters."""
        return self.places.var / "data" / "post"

    # Starting

    def start(self) -> None:
        """Everything, on empty data; the small disks are mounted already."""
        self.places.make()
        self.cells.mkdir(exist_ok=True)
        library = [str(self.cells / cell.LIBRARY), str(SOURCE / "step_clock.c"), "-ldl"]
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", *library], check=True)
        self.start_server("mail")
        self.start_server("post")
        self.command("up")

    def start_server(self, name: str) -> None:
        """Start a server and wait for nothing; one of several that are all down is not ready before the others."""
        if name == "door":
            return self.command("start", name)
        env = others(self._environ)
        if name in ("mail", "post"):
            command = self._mail_command(name)
        else:
            program = next(each for each in self._programs if each.name == name)
            command, env = [str(word) for word in program.command], env | dict(program.env)
        in_cell = [sys.executable, "-m", "tests.faults.cell", name, *command]
        self._processes.start(name, in_cell, env=env, cwd=self.places.root)
        return None

    def _mail_command(self, name: str) -> list[str]:
        if name == "post":
            self.kept_letters.parent.mkdir(parents=True, exist_ok=True)
            listening = ["-l", f"127.0.0.1:{_MAIL_PORTS['provider']}"]
            return [
                sys.executable, "-W", "ignore", "-m", "aiosmtpd", "-n", *listening, "-c", "aiosmtpd.handlers.Mailbox",
                str(self.kept_letters),
            ]  # fmt: skip
        (program,) = Mail().programs(self.places, lambda port, default: _MAIL_PORTS[port])
        return [str(word) for word in program.command]

    def restart_server(self, name: str) -> None:
        """Whatever state it is in."""
        self.terminate(name)
        self.start_server(name)

    def terminate(self, name: str) -> None:
        """SIGTERM, and wait until it has ended; the keeper starts our own programs again."""
        pid = self.running(name)
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 40
        while self.running(name) == pid:
            self._processes.reap()
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
            time.sleep(0.05)

    # Looking

    def running(self, name: str) -> int | None:
        """The pid of a program, or None."""
        self._processes.reap()
        return self._processes.pid(name)

    def pid(self, name: str) -> int:
        """The pid of a program that was started; waits for one that is just being started again."""
        deadline = time.monotonic() + 60
        while (pid := self.running(name)) is None:
            assert time.monotonic() < deadline, f"{name} does not run"
            time.sleep(0.05)
        return pid

    def kill(self, name: str, by: signal.Signals = signal.SIGKILL) -> int:
        """Kill a program with everything it started."""
        pid = self.pid(name)
        os.killpg(pid, by)
        return pid

    def ports_of(self, name: str) -> list[int]:
        """The ports a program listens on."""
        if name in ("mail", "post"):
            return [_MAIL_PORTS["provider"]] if name == "post" else [_MAIL_PORTS["smtp"], _MAIL_PORTS["imap"]]
        if name in OWN:
            return [self._ports[name]]
        return [port for holder, port in self._chosen_ports.items() if holder.removesuffix("-controller") == name]

    def answers(self, name: str) -> bool:
        """Whether a program does its work, as far as itself can say."""
        if name in OWN:
            return self.is_ready(name)
        if self.running(name) is None:
            return False
        if name in ("mail", "post"):
            return all(is_listening(port) for port in self.ports_of(name))
        if name == "door":
            return is_listening(self._chosen_ports["door"])
        return bool(next(program.ready() for program in self._programs if program.name == name))

    @cached_property
    def _programs(self) -> list[Any]:
        servers = [each for each in all_servers(self._environ) if each.name != "mail"]
        return [
            program
            for server in servers
            for program in server.programs(self.places, lambda port, default: self._chosen_ports[port])
        ]

    def primary(self) -> str:
        """The database member that takes writes; waits for an election."""
        deadline = time.monotonic() + 60
        while True:
            for name in MEMBERS:
                if self._is_primary(self._chosen_ports[name]):
                    return name
            assert time.monotonic() < deadline, "no primary"
            time.sleep(0.2)

    @staticmethod
    def _is_primary(port: int) -> bool:
        client: MongoClient[dict[str, Any]] = MongoClient(
            "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500, socketTimeoutMS=1000
        )
        with client:
            try:
                return bool(client.admin.command("hello").get("isWritablePrimary"))
            except PyMongoError:
                return False

    def clock_error(self, name: str) -> float:
        """By how many seconds the clock of one of our programs differs from ours, by the Date it sends."""
        answer = httpx.get(f"http://127.0.0.1:{self._ports[name]}/healthz", timeout=10)
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()

    @cached_property
    def world(self) -> RealWorld:
        """The platform from outside; its people press a button again for two minutes before they complain."""
        settings = {**self.settings, "ZHENGJI_SMTP_PORT": str(_MAIL_PORTS["smtp"])}
        world = real_world(settings, threads=_THREADS, patience=_PATIENCE)
        post = world.post
        world.post = KeptPost(
            smtp_host=post.smtp_host,
            smtp_port=post.smtp_port,
            imap_host=post.imap_host,
            imap_port=post.imap_port,
            folder=self.kept_letters,
        )
        return world

    def close(self) -> None:
        """Let go of everything, and stop it."""
        self.world.close()
        self._client.close()
        self.command("down")
        self._processes.stop(["mail", "post"])

    def logs(self) -> Iterator[Path]:
        """What the programs wrote."""
        yield from sorted(self.places.log.glob("*.log"))


_THREADS = 8
