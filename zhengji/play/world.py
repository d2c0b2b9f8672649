"""Where the play is given: what its people can reach, and how they wait."""

from __future__ import annotations

import itertools
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import httpx

from shared.clock import system_clock
from zhengji.play.browser import Broken, Browser
from zhengji.play.post import Post

T = TypeVar("T")
_LOOK_AGAIN = 0.3
TRUST = ssl.create_default_context()
"""One for all browsers: reading the machine's list of authorities anew takes longer than a page."""


class TookTooLong(Exception):
    """Something that had to come did not."""


class World(Protocol):
    """The platform from outside, with a clock of its own."""

    post: Post
    mailbox: str
    """The campaign's mailbox."""
    threads: int
    """How many people may act at the same time."""

    def now(self) -> datetime:
        """What the clocks of this world show."""

    def browser(self) -> Browser:
        """A fresh browser, with nobody logged in."""

    def store(self) -> httpx.Client:
        """The way a browser's upload takes, straight to the object store."""

    def until(self, what: str, met: Callable[[], T | None], *, seconds: float = 60) -> T:
        """Wait until ``met`` gives something; TookTooLong after ``seconds``."""

    def wait_for(self, at: datetime) -> None:
        """Wait until the clock shows ``at``."""


class RealWorld:
    """The running platform, with real time."""

    def __init__(self, *, url: str, post: Post, mailbox: str, threads: int, patience: float = 30) -> None:
        self.post = post
        self.mailbox = mailbox
        self.threads = threads
        self._url = url
        self._patience = patience
        self._clients: list[httpx.Client] = []
        self._houses = itertools.count()

    def now(self) -> datetime:
        """The real time."""
        return system_clock()

    def browser(self) -> Browser:
        """A browser that looks at the one door, from an address of its own where the door is on this machine."""
        transport = httpx.HTTPTransport(local_address=self._next_address(), verify=TRUST)
        client = self._kept(httpx.Client(base_url=self._url, timeout=60, transport=transport))
        return Browser(client, patience=self._patience)

    def _next_address(self) -> str | None:
        """People do not all live behind one address, which limits on queries would take for one person."""
        if httpx.URL(self._url).host not in ("127.0.0.1", "localhost"):
            return None
        street, house = divmod(next(self._houses), 250)
        return f"127.10.{street % 250 + 1}.{house + 1}"

    def store(self) -> httpx.Client:
        """A plain client: presigned addresses are whole."""
        return self._kept(httpx.Client(timeout=120, verify=TRUST))

    def _kept(self, client: httpx.Client) -> httpx.Client:
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Everybody goes home: every connection is let go."""
        for client in self._clients:
            client.close()
        self._clients.clear()

    def until(self, what: str, met: Callable[[], T | None], *, seconds: float = 60) -> T:
        """Ask again and again."""
        deadline = time.monotonic() + seconds
        while True:
            found = met()
            if found:
                return found
            if time.monotonic() > deadline:
                raise TookTooLong(f"{what}: not within {seconds:.0f} s")
            time.sleep(_LOOK_AGAIN)

    def wait_for(self, at: datetime) -> None:
        """Sleep until then."""
        while (left := (at - self.now()).total_seconds()) > 0:
            time.sleep(min(left, 1))


def raise_all(failed: Sequence[Exception]) -> None:
    """What went wrong for several people, told together; nothing where there is nothing."""
    if len(failed) == 1:
        raise failed[0]
    if failed:
        said = "\n".join(f"  {type(each).__name__}: {each}" for each in failed[:8])
        raise Broken(f"{len(failed)} people could not go on:\n{said}") from failed[0]
