"""The platform in one process, whose servers can lose everything: what is left are the keys, the mails and a backup."""

from __future__ import annotations

from pathlib import Path

from imap_tools import MailBoxUnencrypted, MailMessageFlags

from deploy.local.table import SERVICES
from shared.events.catalogue import TOPICS
from shared.messaging.memory import MemoryBus
from shared.process import Loop
from shared.records import Database
from shared.trouble import Away, Conflict
from tests.journeys.doors import Door
from tests.journeys.world import OneProcess
from zhengji.backup.restoring import Target
from zhengji.backup.taking import Source

KEYS = {"person": "the same everywhere"}


class MemoryTopics:
    """The topics of a bus in memory."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    def missing(self) -> list[str]:
        """They come with the first record."""
        return []

    def held(self) -> dict[str, int]:
        """How many records each holds."""
        counts = {topic: len(self._bus.records(topic)) for topic in TOPICS}
        return {topic: count for topic, count in counts.items() if count}

    def empty(self) -> None:
        """Forget them, and where the groups were."""
        self._bus._logs.clear()
        self._bus._positions.clear()


class Losable(OneProcess):
    """A world that can be put on empty servers, at the same addresses."""

    def __init__(self, folder: Path) -> None:
        self._of: dict[str, list[Loop]] = {}
        super().__init__(folder)
        self.objects = self.apps["review"].objects

    @property
    def source(self) -> Source:
        """What a backup is taken of."""
        return Source(databases=self.databases, objects=self.objects, keys=KEYS, clock=self.clock)

    @property
    def target(self) -> Target:
        """Where it is put back. The indexes are there: each service has made its own when the world began."""
        return Target(
            databases=self.databases,
            objects=self.objects,
            keys=KEYS,
            topics=MemoryTopics(self.bus),
            bus=lambda: self.bus,
            migrate=lambda: None,
            clock=self.clock,
        )

    def lose_everything(self) -> None:
        """Databases, files and topics are gone; new, empty ones are in their place, and every program starts anew."""
        self._end_and_empty()
        self._loops, self._closing, self.bus = [], [], MemoryBus()
        vars(self.door).update(vars(Door(self._raise_curtain())))
        self.objects = self.apps["review"].objects

    def _has(self, service: str, database: Database, loops: list[Loop]) -> None:
        self._of[service] = loops
        super()._has(service, database, loops)

    def turn_only(self, *names: str, services: tuple[str, ...] = SERVICES) -> None:
        """Turn the loops of these names until nothing moves; everybody else stands still."""
        wanted = [loop for service in services for loop in self._of[service] if loop.name in names]
        while sum(_moved(loop.step) for loop in wanted):
            pass

    def turn_once(self, *, without: tuple[str, ...] = ()) -> None:
        """One turn of every loop but those of these names."""
        for loops in self._of.values():
            for loop in loops:
                if loop.name not in without:
                    _moved(loop.step)

    def mark_mails_unread(self) -> int:
        """As a person does in the campaign's mailbox after a restore; gives how many mails there are."""
        with MailBoxUnencrypted(self.post.imap_host, self.post.imap_port).login(self.mailbox, "any") as box:
            uids = list(box.uids())
            box.flag(uids, MailMessageFlags.SEEN, False)
            return len(uids)


def _moved(step: object) -> bool:
    assert callable(step)
    try:
        return bool(step())
    except (Away, Conflict):
        return False
