"""What the database server's clock shows: for leases, so that workers whose own clocks are wrong do no harm."""

from __future__ import annotations

from datetime import datetime

from shared.clock import Clock, system_clock, to_millisecond
from shared.records.database import Database, mongo_or_away


def server_time(database: Database, clock: Clock) -> datetime:
    """The server's time; a ``clock`` other than the machine's is a test's and takes its place."""
    if clock is not system_clock:
        return clock()
    with mongo_or_away():
        shown: datetime = database.client.admin.command("hello")["localTime"]
    return to_millisecond(shown)
