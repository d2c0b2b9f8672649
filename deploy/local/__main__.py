"""`python3 -m deploy.local COMMAND`: runs with the system's Python, and goes on with .venv's once that is there."""

import argparse
import os
import sys

from deploy.local.bootstrap import python_packages, system_packages
from deploy.local.places import Places, places
from deploy.local.say import say
from deploy.local.trouble import CannotGoOn

COMMANDS = {
    "install": "fetch and build everything that is missing",
    "servers": "install, then start MongoDB, Kafka, MinIO and the mail server",
    "up": "install, then start the servers, the five services and the door",
    "wait": "wait until everything that `up` starts is ready",
    "status": "say what runs",
    "down": "stop what was started from here, and nothing else",
    "start": "start one program again: a server, SERVICE-ROLE, or the door",
    "stop": "stop one program",
    "restart": "replace programs of ours (all, if none is named) one after the other, losing no request",
    "env": "print the settings of one service, for a shell",
}
_NEEDS_PACKAGES = ("install", "servers", "up")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m deploy.local",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(f"{name:8} {text}" for name, text in COMMANDS.items()),
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("names", nargs="*", help="for start, stop and restart: which program; for env: whose settings")
    parser.add_argument("--tests", action="store_true", help="also install what only tests need")
    parser.add_argument("--remove", action="store_true", help="with down: throw the data of this stack away")
    parser.add_argument("--installed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_intermixed_args(arguments)
    here = places()
    try:
        if given.command in _NEEDS_PACKAGES and not given.installed:
            here.make()
            system_packages(here, tests=given.tests)
            python_packages(here)
        _go_on_in_venv(here, arguments)
        from deploy.local.commands import run  # after .venv is there: it needs our packages

        ended = run(given.command, here, names=given.names, remove=given.remove)
        sys.stdout.flush()  # here, so that a reader who has gone is met above and not at the very end
        return ended
    except CannotGoOn as trouble:
        say(f"stopped: {trouble}")
        return 1
    except BrokenPipeError:  # whoever read our lines has seen enough, as in `status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say("stopped by you; run again to go on, or `make down`")
        return 130


def _go_on_in_venv(here: Places, arguments: list[str]) -> None:
    """Replace this process by one of .venv's Python, unless it is that already."""
    if sys.prefix == str(here.venv):
        return
    if not here.python.exists():
        raise CannotGoOn("Nothing is installed yet; run `make up` or `python3 -m deploy.local install` first.")
    again = [str(here.python), "-m", "deploy.local", *arguments, "--installed"]
    os.chdir(here.root)
    os.execv(again[0], again)  # noqa: S606 - our own Python, by its full path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
