"""What each command of the local stack does, once our packages are there."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from deploy.local.frontend import build_frontend
from deploy.local.given import without_sourced
from deploy.local.places import Places
from deploy.local.processes import Processes
from deploy.local.say import say
from deploy.local.settings_file import read_settings
from deploy.local.stack import Stack, alone, servers_here, stop
from deploy.local.table import TABLE
from deploy.local.trouble import CannotGoOn


def run(command: str, places: Places, *, names: Sequence[str], remove: bool) -> int:
    """Do one command; returns the exit code."""
    name = names[0] if names else None
    if command == "restart":
        return _restart(places, names or [f"{service}-{role}" for service, role in TABLE])
    if len(names) > 1:
        raise CannotGoOn(f"{command} takes one name.")
    if command == "env":
        return _env(places, name)
    if command == "status":
        return _status(places)
    if command == "down":
        return _down(places, remove=remove)
    if command in ("start", "stop"):
        return _one(places, command, name or "")
    with alone(places):
        if command != "wait":
            install(places, frontend=command != "servers")
        stack = Stack(places)
        if command in ("servers", "up"):
            settings = stack.up_servers()
            say(f"settings are in {places.stack_env}")
            if command == "up":
                stack.up_programs(settings)
        if command == "wait":
            stack.wait()
    return 0


def install(places: Places, *, frontend: bool) -> None:
    """Fetch the servers that no setting replaces, and build the front end; side by side, for the network waits most."""
    steps = [server.install for server in servers_here(without_sourced(os.environ))]
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(step, places) for step in (*steps, *([build_frontend] if frontend else []))]:
            done.result()


def _env(places: Places, service: str | None) -> int:
    files = [places.stack_env, *([places.env / f"{service}.env"] if service else [])]
    for file in files:
        if not file.exists():
            raise CannotGoOn(f"{file} does not exist; start the stack with `make up-servers` first.")
        print(file.read_text(), end="")
    return 0


def _one(places: Places, command: str, name: str) -> int:
    with alone(places):
        if command == "start":
            Stack(places).start_one(name)
        else:
            Processes(places.run, places.log).stop([name])
    return 0


def _restart(places: Places, names: Sequence[str]) -> int:
    with alone(places):
        Stack(places).restart(names)
    say(f"restarted {', '.join(names)}")
    return 0


def _status(places: Places) -> int:
    processes = Processes(places.run, places.log)
    for name in processes.names():
        pid = processes.pid(name)
        print(f"{name:24} {'pid ' + str(pid) if pid else 'has ended'}")
    url = read_settings(places.stack_env).get("ZHENGJI_PUBLIC_URL")
    print(f"{len(processes.names())} programs started from here" + (f"; the door is {url}" if url else ""))
    return 0


def _down(places: Places, *, remove: bool) -> int:
    with alone(places):
        stopped = stop(places)
    if remove and (places.var / "ports.json").exists():
        places.remove()
    say(f"stopped {stopped} programs" + (", and removed their data" if remove else ""))
    return 0
