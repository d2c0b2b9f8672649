"""What every service's worker does: relay what its documents tell, hear what concerns it, and see to its timers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from shared.clock import Clock, system_clock
from shared.events.base import Event
from shared.events.wire import Heard
from shared.messaging.hearing import HearLoop
from shared.messaging.parking import DeadRows, ParkedRows
from shared.messaging.port import Bus
from shared.messaging.relay import Relay
from shared.messaging.states import States
from shared.process import Loop
from shared.records.audit import AuditTrail
from shared.records.database import Database

App = TypeVar("App")
Reactions = Mapping[type[Event], Callable[[App, Heard], None]]


def hear_loop(
    app: App, reactions: Reactions[App], *, database: Database, bus: Bus, clock: Clock = system_clock
) -> HearLoop:
    """The hear loop of a service: each reaction is handed the service's ``app``."""

    def bound(reaction: Callable[[App, Heard], None]) -> Callable[[Heard], None]:
        return lambda heard: reaction(app, heard)

    return HearLoop(database, bus, {event: bound(reaction) for event, reaction in reactions.items()}, clock=clock)


def worker_loops(
    app: App,
    reactions: Reactions[App],
    *,
    database: Database,
    bus: Bus,
    clock: Clock = system_clock,
    timers: Sequence[Loop] = (),
) -> list[Loop]:
    """Relay, hear loop and timers, each to be turned in a thread of its own."""
    relay = Relay(database, bus)
    loops = [_ending("relay", relay, idle=0.1, longest_idle=0.4), *timers]
    if reactions:
        loops.append(_ending("hear", hear_loop(app, reactions, database=database, bus=bus, clock=clock), idle=0.05))
    return loops


def _ending(name: str, of: Relay | HearLoop, *, idle: float, longest_idle: float = 0.0) -> Loop:
    return Loop(name, of.step, idle, longest_idle, close=of.close, hurry=of.hurry, give_back=of.give_back)


def ensure_shared_indexes(database: Database, *, clock: Clock = system_clock) -> None:
    """The indexes that relay and hear loop need; part of each service's ``migrate`` role."""
    database.ensure_outbox_indexes()
    States(database).ensure_indexes()
    ParkedRows(database, database.service, clock=clock).ensure_indexes()
    DeadRows(database, clock=clock).ensure_indexes()
    AuditTrail(database).ensure_indexes()
