"""Makes the clients of kafka-python so that two may begin at once, and so that one that fails leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kafka.net.compat import KafkaNetClient
from kafka.protocol.api_header import ResponseClassRegistry


def make_all_answers() -> None:
    """Make the class of each version of each answer now, in one thread, and hold all of them.

    Left alone, kafka-python 3.0 makes them when an answer of a version first comes. Each class it makes takes its
    primary class's place in the registry, where it is held weakly. Two clients that begin at once both make one; the
    one that the registry names may then be the one that nobody keeps. Once it is collected, no client of this process
    can read such an answer any more: connections are accepted, and each request on them times out, for ever.
    In the same way the function that reads a version is put together while the struct's data class is swapped for a
    moment; a second thread could be left with a function that always fails. A swap for the same class harms nobody.
    """
    registry = ResponseClassRegistry._response_class_registry
    for key, answer in list(registry.items()):
        primary = answer[None]
        for version in range(len(primary)):
            primary[version]
        registry[key] = primary
        primary._struct._data_class = primary


make_all_answers()  # whoever imports this is alone: an import runs once, before there is a client


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
