"""A worker that only tells, in a process of its own, so that its memory can be watched.

``python -m tests.faults.telling PREFIX MONGO KAFKA DELIVERY_TIMEOUT_MS``
"""

from __future__ import annotations

import logging
import sys

import structlog

from shared.messaging.kafka import KafkaBus
from shared.messaging.relay import Relay
from shared.process import Loop, Process, run
from shared.records import Database


def main(prefix: str, mongo: str, servers: str, delivery_timeout_ms: str) -> None:
    """Tell until SIGTERM."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    database = Database("intake", uri=mongo, prefix=prefix)
    database.tells_from("baskets")
    relay = Relay(database, KafkaBus(servers, delivery_timeout_ms=int(delivery_timeout_ms)))
    run(Process(loops=[Loop("relay", relay.step, close=relay.close)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
