"""The real servers of the stack, one file each: how it is fetched, how it is run, when it is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.local.places import Places

Choose = Callable[[str, int], int]
"""Asks for the port of a name, with its well-known number."""


@dataclass(frozen=True)
class Program:
    """A server made ready to start."""

    name: str
    command: tuple[str | Path, ...]
    ready: Callable[[], bool]
    settings: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 90


def member_names(name: str, members: int) -> tuple[str, ...]:
    """The names of a server's programs: its own where it is alone, else numbered."""
    return (name,) if members == 1 else tuple(f"{name}-{number}" for number in range(1, members + 1))


class Server(Protocol):
    """What each file in this folder offers."""

    name: str
    external: str
    """The setting that points to a server which exists already; then this one is neither installed nor started."""
    passed_on: tuple[str, ...]
    """The further settings that go with an external server."""

    def install(self, places: Places) -> None: ...

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its programs: one, or one for each member of a cluster."""

    def programs(self, places: Places, choose: Choose) -> list[Program]: ...
