"""What the system holds once everything has come to rest, as plain values for the checker; large parts are streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Again(Generic[T]):
    """Something that is read anew each time it is walked through."""

    def __init__(self, read: Callable[[], Iterable[T]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[T]:
        return iter(self._read())


class Spot(NamedTuple):
    """The place of an event among those of its subject on its topic."""

    epoch: int
    seq: int


NOWHERE = Spot(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTopic:
    """A record on a topic, repeats and all; ``id`` is empty for one that carries no event."""

    topic: str
    partition: int
    offset: int
    key: str
    id: str
    type: str = ""
    subject: str = ""
    spot: Spot = NOWHERE
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event that a service believes to have told, or (``waits``) that still lies in an outbox."""

    service: str
    id: str
    topic: str
    type: str
    subject: str
    key: str
    spot: Spot
    at: datetime | None = None
    waits: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The bookkeeping of a document: how far it told on each topic, and what it heard of each subject.

    Slots of ``heard`` are ``topic/subject`` as the document spells them.
    """

    service: str
    collection: str
    id: str
    told: Mapping[str, int]
    heard: Mapping[str, Spot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something that may be there once. ``of`` tells it from its like, ``cause`` is the event it came from."""

    service: str
    what: str
    of: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version that intake holds. ``files`` by name: the hash on record and the hash of what the store holds."""

    version: int
    withdrawn: bool
    files: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case that intake holds; ``reported`` are the versions whose report is concluded."""

    id: str
    number: str
    versions: tuple[Version, ...]
    reported: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter, and how often its mail lies in the mailbox. ``of`` is the event, the kind and the recipient."""

    id: str
    of: str
    kind: str
    event_id: str
    state: str
    to: str
    message_ids: frozenset[str]
    """The one it goes under now, and those of earlier deliberate sendings."""
    possibly_twice: bool
    created: datetime
    sent: datetime | None
    case: str = ""
    case_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The places of one province at the end."""

    province: str
    limit: int
    case_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A group that has not read a partition to its end."""

    group: str
    topic: str
    partition: int
    records: int


@dataclass(frozen=True, kw_only=True)
class Need:
    """What an event that was told leaves at a listener: an effect, or a mark in the document it concerns."""

    service: str
    what: str = ""
    of: str = ""
    """The effect itself; empty stands for any effect of this sort that the event caused."""
    marked: str = ""
    """The document that must have heard the event, or a later one of its subject."""
    made: bool = False
    """Whether the event makes that document where it is missing."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything the checker looks at besides the history."""

    topics: tuple[str, ...] = ()
    records: Callable[[str], Iterable[OnTopic]] = lambda topic: ()
    """Of a topic, each partition in order."""
    told: Callable[[str], Iterable[Told]] = lambda topic: ()
    """Of a topic, in any order; those that wait too."""
    needs: Callable[[Told], Iterable[Need]] = lambda told: ()
    compacted: frozenset[str] = frozenset()
    documents: Iterable[Document] = ()
    effects: Iterable[Effect] = ()
    cases: Iterable[Case] = ()
    letters: Iterable[Letter] = ()
    mails: Callable[[str], Iterable[str]] = lambda address: ()
    """The Message-IDs in a mailbox, one for each mail."""
    quotas: Iterable[Quota] = ()
    behind: Iterable[Behind] = ()
    stuck: Iterable[str] = ()
    """Untold outboxes, open jobs, parked and dead rows, open breakers, letters on their way."""
    broken_chains: Iterable[str] = ()
    wrong: Iterable[str] = ()
    """Whatever else the accounting of a campaign finds."""
    submission_type: str = "zhengji.intake.CaseSubmittedInFull.v1"
    """The event that follows each receipt."""
