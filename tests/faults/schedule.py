"""What is broken, when and for how long: a seed and a length give the same plan again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from deploy.local.table import TABLE

OWN = tuple(f"{service}-{role}" for service, role in TABLE)
BROKERS = ("kafka-1", "kafka-2", "kafka-3")
MEMBERS = ("mongodb-1", "mongodb-2", "mongodb-3")
PRIMARY = "mongodb primary"
EVERY_PROGRAM = (*BROKERS, *MEMBERS, "minio", "mail", "post", "door", *OWN)
EVERY_BROKER, EVERY_MEMBER = "kafka", "mongodb"
SMALL_DISKS = {"kafka-3": 1500, "mongodb-3": 1500, "minio": 3000}
"""Servers whose data lies on a disk of so many megabytes, which can be filled."""


class Kind(StrEnum):
    """How something can be broken."""

    KILL = "kill -9"
    PAUSE = "SIGSTOP"
    RESTART = "restart"
    CUT = "network cut"
    DISK = "disk full"
    CLOCK = "clock step"


@dataclass(frozen=True)
class Strike:
    """One fault: ``after`` seconds of peace in its lane, ``lasts`` seconds, ``by`` seconds for a clock."""

    kind: Kind
    target: str
    after: float
    lasts: float
    by: float = 0.0

    def __str__(self) -> str:
        step = f" by {self.by:+.0f} s" if self.by else ""
        return f"{self.kind} {self.target}{step} for {self.lasts:.0f} s"


@dataclass(frozen=True)
class Plan:
    """Two lanes that run side by side: what the platform stands on, and its own programs."""

    servers: tuple[Strike, ...]
    own: tuple[Strike, ...]


def plan(seed: int, seconds: float) -> Plan:
    """Strikes enough for so many seconds. Every pair of a kind and a target comes before one comes again."""
    chance = Random(seed)
    servers = [
        *((kind, target) for target in (*BROKERS, *MEMBERS, PRIMARY) for kind in _PLAIN),
        *((kind, target) for target in ("minio", "mail", "post") for kind in _PLAIN),
        *((Kind.DISK, target) for target in SMALL_DISKS),
        (Kind.PAUSE, EVERY_BROKER),
        (Kind.KILL, EVERY_BROKER),
        (Kind.PAUSE, EVERY_MEMBER),
        (Kind.KILL, EVERY_MEMBER),
        (Kind.RESTART, "door"),
    ]
    own = [(kind, target) for target in OWN for kind in (*_PLAIN, Kind.CLOCK)]
    return Plan(
        servers=tuple(_lane(chance, servers, seconds, peace=(5, 12), lasting=(3, 10))),
        own=tuple(_lane(chance, own, seconds, peace=(2, 9), lasting=(2, 12))),
    )


_PLAIN = (Kind.KILL, Kind.PAUSE, Kind.RESTART, Kind.CUT)
_PAST_A_LEASE = 20.0
"""Every fourth pause of a program of ours is longer than its leases."""


def _lane(
    chance: Random,
    pairs: Sequence[tuple[Kind, str]],
    seconds: float,
    *,
    peace: tuple[float, float],
    lasting: tuple[float, float],
) -> Iterator[Strike]:
    spent = 0.0
    left: list[tuple[Kind, str]] = []
    while spent < seconds:
        if not left:
            left = list(pairs)
            chance.shuffle(left)
        kind, target = left.pop()
        strike = Strike(
            kind,
            target,
            after=round(chance.uniform(*peace), 1),
            lasts=_lasts(chance, kind, target, lasting),
            by=float(chance.choice((-1, 1)) * chance.randint(5, 300)) if kind is Kind.CLOCK else 0.0,
        )
        spent += strike.after + strike.lasts
        yield strike


def _lasts(chance: Random, kind: Kind, target: str, lasting: tuple[float, float]) -> float:
    if kind is Kind.RESTART or (kind is Kind.KILL and target in OWN):
        return 0.0  # it comes back by itself as soon as it can
    longer = kind is Kind.PAUSE and target in OWN and chance.random() < 0.25
    return _PAST_A_LEASE if longer else round(chance.uniform(*lasting), 1)
