"""A process in which two clients of kafka-python meet an answer for the first time at once, at the worst moment.

``python -m tests.shared.two_clients classes|readers ours|plain``; a process of its own, because what it looks at is
made once in a process. Ends with 1 when the answer can no longer be read.
"""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from kafka.protocol import api_message
from kafka.protocol.api_header import RequestHeader, ResponseClassRegistry
from kafka.protocol.metadata import ApiVersionsResponse
from kafka.protocol.schemas.fields import struct

_VERSION = 4
_ANSWER = ApiVersionsResponse(error_code=0, api_keys=[], throttle_time_ms=0).encode(version=_VERSION)
_LONG = 10.0


class Meeting:
    """Two threads do the same; the one comes to a place in the middle first, and waits there for the other.

    Either the other overtakes it there, or the other waits there until the one has ended.
    """

    def __init__(self, *, overtakes: bool) -> None:
        self._overtakes = overtakes
        self._come = 0
        self._there = (threading.Event(), threading.Event())
        self._ended = (threading.Event(), threading.Event())

    def come(self) -> None:
        """The place in the middle."""
        mine, self._come = self._come, self._come + 1
        if mine > 1:
            return
        self._there[mine].set()
        if mine == 0:
            (self._ended if self._overtakes else self._there)[1].wait(_LONG)
        elif not self._overtakes:
            self._ended[0].wait(_LONG)

    def of(self, act: Callable[[], object]) -> None:
        """Let both do it."""

        def alone(mine: int) -> None:
            try:
                act()
            finally:
                self._there[mine].set()
                self._ended[mine].set()

        threads = [threading.Thread(target=alone, args=(mine,)) for mine in range(2)]
        for thread, there in zip(threads, self._there, strict=True):
            thread.start()
            there.wait(_LONG)
        for thread in threads:
            thread.join()


def read() -> None:
    """Read an answer as a client does."""
    request = RequestHeader(request_api_key=ApiVersionsResponse.API_KEY, request_api_version=_VERSION)
    ResponseClassRegistry.get_response_class(request).decode(_ANSWER)


def meet_at_classes() -> Meeting:
    """Two classes are registered, the second last; the first is kept last."""
    meeting = Meeting(overtakes=True)
    kind: Any = api_message.VersionSubscriptable
    begin = kind.__init__

    def begin_together(made: Any, *args: Any, **options: Any) -> None:
        begin(made, *args, **options)
        meeting.come()

    kind.__init__ = begin_together
    return meeting


def meet_at_readers() -> Meeting:
    """The second thread goes on when the first has put the struct's data class back."""
    meeting = Meeting(overtakes=False)

    class Together(struct.CodegenContext):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            meeting.come()

    vars(struct)["CodegenContext"] = Together
    return meeting


def main(place: str, whose: str) -> int:
    """Meet, and read once more."""
    if whose == "ours":
        importlib.import_module("shared.messaging.kafka_clients")
    meeting = meet_at_classes() if place == "classes" else meet_at_readers()
    threading.excepthook = lambda _: None
    meeting.of(read)
    gc.collect()
    try:
        read()
    except (ReferenceError, TypeError) as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
