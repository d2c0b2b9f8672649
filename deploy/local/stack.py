"""The stack as a whole: which servers it has, how they and our programs are started, what the others are told."""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property, partial

from deploy.local.door import door_program, write_door
from deploy.local.keys import keys
from deploy.local.memory import check_memory
from deploy.local.places import Places
from deploy.local.ports import Ports
from deploy.local.processes import Processes
from deploy.local.say import say
from deploy.local.servers import Program, Server
from deploy.local.servers.kafka import Kafka
from deploy.local.servers.mail import Mail
from deploy.local.servers.minio import MinIO
from deploy.local.servers.mongodb import MongoDB
from deploy.local.settings_file import write_settings
from deploy.local.table import SERVICES, TABLE, OwnProgram
from deploy.local.web import answers

SERVERS: tuple[Server, ...] = (MongoDB(), Kafka(), MinIO(), Mail())

# Which program of ours holds which remembered port; a port name that is missing here is a program's own name.
_HOLDER = {"kafka-controller": "kafka", "smtp": "mail", "imap": "mail"}


class Stack:
    """One stack in one folder."""

    def __init__(self, places: Places, environ: Mapping[str, str] = os.environ) -> None:
        places.make()
        self._places = places
        self._environ = environ
        self._processes = Processes(places.run, places.log)
        self._ports = Ports(places.var / "ports.json", well_known=places.is_main, environ=environ)

    def up_servers(self) -> dict[str, str]:
        """Start the servers, wait until each is ready, write the env files; returns the settings for everybody."""
        here = [server for server in SERVERS if server.external not in self._environ]
        check_memory([server.name for server in here if self._processes.pid(server.name) is None], self._environ)
        programs = [server.program(self._places, self._port) for server in here]
        for program in programs:
            self._start(program)
        for program in programs:
            self._processes.wait_ready(program.name, program.ready, seconds=program.seconds)
            say(f"{program.name} is ready")
        settings = {name: text for program in programs for name, text in program.settings.items()}
        return self._tell(settings | self._external_settings())

    def up_programs(self, settings: Mapping[str, str]) -> None:
        """Start our own programs and the door in front of them, and wait until each is ready."""
        if any(self._processes.pid(own.name) is None for own in self.own):
            check_memory(["programs"], self._environ)
        for own in self.own:
            env = self._environment_of(own, settings)
            self._processes.start(own.name, own.command(self._places.python), env=env, cwd=self._places.root)
        write_door(self._places, self.own, self._port("door", 8080))
        self._start(self._door)
        say(f"{len(TABLE)} programs and the door are started; waiting until each is ready")
        self.wait()

    def wait(self) -> None:
        """Wait until every own program and the door answer; raises CannotGoOn with the first that does not."""
        for own in self.own:
            self._processes.wait_ready(own.name, partial(_is_ready, own), seconds=90)
            say(f"{own.name} is ready")
        self._processes.wait_ready("door", self._door.ready, seconds=20)
        say(f"the door is open: {self.public_url}")

    @property
    def public_url(self) -> str:
        return self._environ.get("ZHENGJI_PUBLIC_URL") or f"http://127.0.0.1:{self._port('door', 8080)}"

    @cached_property
    def own(self) -> tuple[OwnProgram, ...]:
        """Our programs with their ports: web roles from 8101, health and metrics from 8121."""
        return tuple(self._own())

    def _own(self) -> Iterator[OwnProgram]:
        for place, (service, role) in enumerate(TABLE):
            name = f"{service}-{role}"
            port = self._port(name, 8101 + place) if role == "web" else None
            yield OwnProgram(service, role, port=port, metrics=self._port(f"{name}-metrics", 8121 + place))

    @cached_property
    def _door(self) -> Program:
        return door_program(self._places, self._port("door", 8080))

    def _port(self, name: str, default: int) -> int:
        holder = _HOLDER.get(name, name.removesuffix("-metrics"))
        return self._ports.choose(name, default, running=self._processes.pid(holder) is not None)

    def _start(self, program: Program) -> None:
        running = self._processes.pid(program.name)
        if running is None:
            say(f"starting {program.name}")
            env = {**self._clean(), **program.env}
            self._processes.start(program.name, program.command, env=env, cwd=self._places.var)

    def _clean(self) -> dict[str, str]:
        """The person's environment without settings of ours: what a program gets is what the stack gives it."""
        return {name: text for name, text in self._environ.items() if not name.startswith(("ZHENGJI_", "MINIO_"))}

    def _environment_of(self, own: OwnProgram, settings: Mapping[str, str]) -> dict[str, str]:
        private = keys(self._places.keys).private[own.service]
        return {
            **self._clean(), "PYTHONUNBUFFERED": "1", **settings, **private, "ZHENGJI_METRICS_PORT": str(own.metrics),
        }  # fmt: skip

    def _external_settings(self) -> dict[str, str]:
        given = [server for server in SERVERS if server.external in self._environ]
        names = [name for server in given for name in (server.external, *server.passed_on)]
        return {name: self._environ[name] for name in names if name in self._environ}

    def _tell(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Write stack.env for everybody and env/SERVICE.env with what one service alone may know."""
        made = keys(self._places.keys)
        common = {**settings, **made.common, "ZHENGJI_PUBLIC_URL": self.public_url}
        extra = {name: text for name, text in self._environ.items() if name.startswith("ZHENGJI_SET_")}
        common |= {name.replace("ZHENGJI_SET_", "ZHENGJI_"): text for name, text in extra.items()}
        write_settings(self._places.stack_env, common, note="Settings of the running stack, the same for all services.")
        for service in SERVICES:
            note = f"What {service} alone may know."
            write_settings(self._places.env / f"{service}.env", made.private[service], note=note)
        return common


def _is_ready(own: OwnProgram) -> bool:
    return answers(own.metrics, "/readyz") == 200


def stop(places: Places) -> int:
    """Stop what this stack started, the door first and the servers last; returns how many programs there were."""
    processes = Processes(places.run, places.log)
    ours = [name for name in processes.names() if processes.pid(name) is not None]
    servers = {server.name for server in SERVERS}
    for group in (["door"], [name for name in ours if name not in servers | {"door"}], sorted(servers)):
        processes.stop(group)
    processes.stop(processes.names())
    processes.stop_strays()
    return len(ours)
