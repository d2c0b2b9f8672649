"""Makes the clients of kafka-python so that one that fails leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kafka.net.compat import KafkaNetClient


def made(client: Callable[..., Any], *topics: str, **settings: Any) -> Any:
    """A client; one that finds no broker is closed.

    Its constructor has started a thread and opened sockets by then, and forgets both when it fails.
    """
    begun: list[Any] = []

    def connections(**configs: Any) -> Any:
        begun.append(KafkaNetClient(**configs))
        return begun[-1]

    try:
        return client(*topics, kafka_client=connections, **settings)
    except BaseException:
        for each in begun:
            each.close()
        raise
