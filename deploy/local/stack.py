"""The stack as a whole: which servers it has, how they and our programs are started, what the others are told."""

import fcntl
import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path

from deploy.local import handover
from deploy.local.door import door_program, write_door
from deploy.local.first_things import do_first_things
from deploy.local.given import STACK, for_services, others, without_sourced
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
from deploy.local.settings_file import read_settings, write_settings
from deploy.local.table import DRAIN_SECONDS, LOCAL_SETTINGS, SERVICES, TABLE, OwnProgram
from deploy.local.trouble import CannotGoOn, unknown_program
from deploy.local.web import answers

KEEPER = "keeper"
SERVER_NAMES = frozenset({"mongodb", "kafka", "minio", "mail"})
_MEMBERS, _BROKERS = "ZHENGJI_LOCAL_MONGODB_MEMBERS", "ZHENGJI_LOCAL_KAFKA_BROKERS"
_START_WITH = "ZHENGJI_LOCAL_START_WITH"

# Which program holds which remembered port; a port name that is missing here is a program's own name.
_HOLDER = {"smtp": "mail", "imap": "mail"}


class Stack:
    """One stack in one folder."""

    def __init__(self, places: Places, environ: Mapping[str, str] = os.environ) -> None:
        places.make()
        self._places = places
        self._environ = without_sourced(environ)
        self._processes = Processes(places.run, places.log)
        self._ports = Ports(places.var / "ports.json", well_known=places.is_main, environ=self._environ)

    def up_servers(self) -> dict[str, str]:
        """Start the servers, wait until each is ready, write the env files; returns the settings for everybody."""
        here = servers_here(self._environ)
        stopped = [server.name for server in here for name in server.names if self._processes.pid(name) is None]
        check_memory(stopped, self._environ)
        programs = [program for server in here for program in server.programs(self._places, self._port)]
        for program in programs:
            self._start(program)
        for program in programs:
            self._processes.wait_ready(program.name, program.ready, seconds=program.seconds)
            say(f"{program.name} is ready")
        settings = {name: text for program in programs for name, text in program.settings.items()}
        return self._tell(settings)

    def up_programs(self, settings: Mapping[str, str]) -> None:
        """Start our own programs and the door in front of them, and wait until each is ready."""
        if any(self._processes.pid(own.name) is None for own in self.own):
            check_memory(["programs"], self._environ)
            environment_of = partial(self._environment_of, settings=settings)
            do_first_things(
                self._places,
                kafka=settings["ZHENGJI_KAFKA_SERVERS"],
                copies=_count(self._environ, _BROKERS),
                environment_of=environment_of,
            )
        for own in self.own:
            self._start_own(own, settings)
        write_door(self._places, self._port("door", 8080))
        self._start(self._door)
        keeper = (self._places.python, "-m", "deploy.local.keeper")
        self._processes.start(KEEPER, keeper, env={**self._environ}, cwd=self._places.root)
        say(f"{len(TABLE)} programs and the door are started; waiting until each is ready")
        self.wait()

    def start_one(self, name: str) -> None:
        """Start one program of a stack that is up, after it was stopped or has died, and wait until it is ready."""
        for server in servers_here(self._environ):
            if name in server.names:
                programs = server.programs(self._places, self._port)
                program = next(each for each in programs if each.name == name)
                self._start(program)
                return self._processes.wait_ready(name, program.ready, seconds=program.seconds)
        for own in self.own:
            if own.name == name:
                self._start_own(own, read_settings(self._places.stack_env))
                return self._processes.wait_ready(name, partial(_is_ready, own), seconds=90)
        if name != "door":
            servers = [each for server in all_servers(self._environ) for each in server.names]
            raise unknown_program(name, [*servers, *(own.name for own in self.own), "door"])
        write_door(self._places, self._port("door", 8080))
        self._start(self._door)
        return self._processes.wait_ready(name, self._door.ready, seconds=20)

    def restart(self, names: Sequence[str]) -> None:
        """Replace programs of ours by new ones, one after the other; of what comes through the door nothing is lost."""
        places = {own.name: place for place, own in enumerate(self.own)}
        for name in names:
            if name not in places:
                raise unknown_program(name, list(places))
        replaced: list[str] = []
        try:
            for name in names:
                if TABLE[places[name]][1] == "web" and self._processes.pid(name):
                    replaced.append(self._replace(places[name]))
                else:
                    self._processes.stop([name])
                    self.start_one(name)
        finally:
            if replaced:
                time.sleep(DRAIN_SECONDS)
                self._processes.stop(replaced)

    def _replace(self, place: int) -> str:
        """Start a web program's successor and put it in service; the name under which the old one goes on to run."""
        own = self.own[place]
        waits, before = f"{own.name}.next", f"{own.name}.before"
        fresh = self._own_program(place, turn=handover.next_turn(own.turn), holder=waits)
        say(f"starting the successor of {own.name}")
        try:
            self._start_own(fresh, read_settings(self._places.stack_env), waits=waits)
            self._processes.wait_ready(waits, partial(_is_ready, fresh), seconds=90)
        except CannotGoOn:
            self._processes.stop([waits])
            raise
        handover.put_in_service(self._places, own.name, fresh.turn)
        self._processes.rename(own.name, before)
        self._processes.rename(waits, own.name)
        return before

    def ended(self) -> list[str]:
        """Our own programs that were started, were not stopped, and do not run any more."""
        self._processes.reap()
        started = set(self._processes.names())
        return [own.name for own in self.own if own.name in started and self._processes.pid(own.name) is None]

    def start_again(self, name: str) -> bool:
        """Start one of our own programs without waiting; False when its stack has no settings any more."""
        settings = read_settings(self._places.stack_env)
        for own in Stack(self._places, self._environ).own:  # its port may be another one since we looked
            if own.name == name and settings:
                self._start_own(own, settings)
                return True
        return False

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
        """Our programs with their ports, from 8101 on."""
        return tuple(self._own_program(place) for place in range(len(TABLE)))

    def _own_program(self, place: int, *, turn: str = "", holder: str = "") -> OwnProgram:
        service, role = TABLE[place]
        name = f"{service}-{role}"
        if role != "web":
            return OwnProgram(service, role, port=self._port(name, 8101 + place))
        turn = turn or handover.in_service(self._places, name)
        port_name, default = (name, 8101 + place) if turn == handover.FIRST else (f"{name}-{turn}", 8151 + place)
        port = self._port(port_name, default, holder=holder or name)
        return OwnProgram(service, role, port=port, turn=turn, socket=handover.socket_of(self._places, name, turn))

    @cached_property
    def _door(self) -> Program:
        return door_program(self._places, self._port("door", 8080))

    def _port(self, name: str, default: int, *, holder: str = "") -> int:
        holder = holder or _HOLDER.get(name, name.removesuffix("-controller"))
        return self._ports.choose(name, default, running=self._processes.pid(holder) is not None)

    def _start(self, program: Program) -> None:
        if self._processes.pid(program.name) is None:
            say(f"starting {program.name}")
            env = {**others(self._environ), **program.env}
            self._processes.start(
                program.name, self._wrapped(program.name, program.command), env=env, cwd=self._places.var
            )

    def _start_own(self, own: OwnProgram, settings: Mapping[str, str], *, waits: str = "") -> None:
        """Start it in service, or under a name by which it waits for that."""
        if own.turn and not waits:
            handover.put_in_service(self._places, own.name, own.turn)
        health = {} if own.role == "web" else {"ZHENGJI_METRICS_PORT": str(own.port)}
        env = {**self._environment_of(own.service, settings), **health}
        command = self._wrapped(own.name, own.command(self._places.python))
        self._processes.start(waits or own.name, command, env=env, cwd=self._places.root)

    def _wrapped(self, name: str, command: tuple[str | Path, ...]) -> tuple[str | Path, ...]:
        """The command as it is, or handed to the program that ZHENGJI_LOCAL_START_WITH names, which becomes it."""
        wrapper = shlex.split(self._environ.get(_START_WITH, ""))
        return (*wrapper, name, *command) if wrapper else command

    def _environment_of(self, service: str, settings: Mapping[str, str]) -> dict[str, str]:
        private = keys(self._places.keys).private[service]
        return {**others(self._environ), "PYTHONUNBUFFERED": "1", **settings, **private}

    def _tell(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Write stack.env for everybody and env/SERVICE.env with what one service alone may know."""
        made = keys(self._places.keys)
        private = {name for service in SERVICES for name in made.private[service]}
        common = {
            **made.common, **LOCAL_SETTINGS, "ZHENGJI_PUBLIC_URL": self.public_url,
            **for_services(self._environ, private=private), **settings, STACK: str(self._places.var),
        }  # fmt: skip
        write_settings(self._places.stack_env, common, note="Settings of the running stack, the same for all services.")
        for service in SERVICES:
            note = f"What {service} alone may know."
            write_settings(self._places.env / f"{service}.env", made.private[service], note=note)
        return common


def servers_here(environ: Mapping[str, str]) -> list[Server]:
    """The servers that no setting replaces by one that exists already."""
    return [server for server in all_servers(environ) if server.external not in environ]


def all_servers(environ: Mapping[str, str]) -> tuple[Server, ...]:
    """Every server the platform stands on, in the order in which they start."""
    return (MongoDB(_count(environ, _MEMBERS)), Kafka(_count(environ, _BROKERS)), MinIO(), Mail())


def _count(environ: Mapping[str, str], setting: str) -> int:
    text = environ.get(setting, "1")
    if text not in ("1", "3"):
        raise CannotGoOn(f"{setting} must be 1 or 3, and is {text!r}.")
    return int(text)


def _is_ready(own: OwnProgram) -> bool:
    return answers(own.port, "/readyz") == 200


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """Let one command at a time work on a stack; another one waits a moment, then says so.

    A look of the keeper takes far less than that moment.
    """
    places.make()
    deadline = time.monotonic() + 3
    with (places.run / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CannotGoOn("Another command is working on this stack; wait until it has ended.") from None
                time.sleep(0.05)
        yield


def stop(places: Places) -> int:
    """Stop what this stack started, the door first and the servers last; returns how many programs there were."""
    processes = Processes(places.run, places.log)
    ours = [name for name in processes.names() if processes.pid(name) is not None]
    servers = [name for name in ours if name.partition("-")[0] in SERVER_NAMES]
    programs = [name for name in ours if name not in (*servers, "door", KEEPER)]
    for group in ([KEEPER], ["door"], programs, servers):
        processes.stop(group)
    processes.stop(processes.names())
    processes.stop_strays()
    return len(ours)
