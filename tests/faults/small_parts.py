"""What the small world is made of: papers that are handed in, shelves that hear of them, and how the product does it.

Each of the ``Parts`` can be taken out for one that does it wrong.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import mongoengine

from services.notify.domain.letter import Addressee, LetterState, Whom, message_id
from services.notify.domain.letter import Letter as OwedLetter
from services.review.domain.shortlist import Shortlist
from shared.aggregates import Aggregate
from shared.campaign.parts import Window
from shared.clock import system_clock
from shared.events.intake import CaseSubmitted, CaseWithdrawn
from shared.events.wire import Heard
from shared.messaging.port import Bus
from shared.messaging.relay import Relay
from shared.records import Record, Records, derived_id
from zhengji.play.book import Receipt

if TYPE_CHECKING:
    from tests.faults.small_world import SmallWorld

CAMPAIGN, PLACES = "c", 1
PROVINCES = ("110000", "120000", "130000", "140000", "150000", "210000")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ALWAYS = Window(opens=LONG_AGO, closes=datetime(2999, 1, 1, tzinfo=UTC))
LEASE = timedelta(0)
"""Of a letter: whoever died while sending it is missed at once."""


@dataclass(frozen=True)
class Kept:
    """A file that was handed in with a version."""

    version: int
    name: str
    content: str
    sha256: str


@dataclass(kw_only=True)
class Paper(Aggregate):
    """What is handed in, version by version. Its events bear the key of its case, which other documents share."""

    case_id: str
    files: tuple[Kept, ...] = ()
    signatures: int = 0

    def hand_in(self, content: str) -> int:
        """One more version; gives its number."""
        version = len(self.files) + 1
        self.files = (*self.files, Kept(version, "paper", content, sha256(content)))
        facts = {"campaign_id": CAMPAIGN, "case_id": self.case_id, "case_version": version, "at": system_clock()}
        self.tell(CaseSubmitted(**facts, number=f"N-{self.case_id}", category="region", province=PROVINCES[0]))
        return version

    def sign(self) -> None:
        """Tell something else on the same topic."""
        self.signatures += 1
        version = self.signatures
        self.tell(CaseWithdrawn(campaign_id=CAMPAIGN, case_id=self.case_id, case_version=version, at=system_clock()))


class PaperRecord(Record):
    """How a paper is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "cases"}

    case_id = mongoengine.StringField()
    files = mongoengine.ListField(mongoengine.DictField())
    signatures = mongoengine.IntField()


@dataclass(kw_only=True)
class Shelf(Aggregate):
    """What a listener made of the events of all subjects of one case, by their ids, in the order of their effects."""

    taken: tuple[str, ...] = ()


class ShelfRecord(Record):
    """How a shelf is kept."""

    meta: ClassVar[dict[str, Any]] = {"collection": "shelves"}

    taken = mongoengine.ListField(mongoengine.StringField())


# The product's way, step by step; planted bugs do otherwise


def hand_in(world: SmallWorld, case_id: str, content: str, command: str, show: Asking) -> Receipt:
    """Keep a version, then show its receipt. The same command again gets the same receipt."""

    def act(paper: Paper) -> int:
        world.at("before write")
        world.meanwhile(world.somebody_else_hands_in(case_id))
        world.meanwhile(partial(world.tell, "intake"))
        return paper.hand_in(content)

    version = world.papers.change(case_id, act, command=command)
    world.at("after write")
    shown = receipt(world, case_id, version, content)
    show(shown)
    return shown


def receipt(world: SmallWorld, case_id: str, version: int, content: str) -> Receipt:
    """What an author is shown."""
    return Receipt(
        case_id=case_id,
        number=f"N-{case_id}",
        version=version,
        email=f"author@{world.mark}.example",
        sha256={"paper": sha256(content)},
        asked=system_clock(),
        shown=system_clock(),
        title="",
        category="",
        province="",
        author="",
        mobile="",
        password="",
    )


def send(world: SmallWorld, letter_id: str) -> None:
    """Keep it as on its way, hand it over, mark it as sent."""
    token = uuid.uuid4().hex
    if not world.letters.change(letter_id, lambda each: each.take(token, at=system_clock(), lease=LEASE)):
        return
    letter = world.letters.get(letter_id)
    world.at("before answer")
    world.mailboxes[letter.email].append(letter.message_id)
    world.at("after answer")
    world.letters.change(letter_id, lambda each: each.mark_sent(token, at=system_clock()))


def recommend(world: SmallWorld, case_id: str, province: str) -> int:
    """One write holds the list, its limit and the event."""

    def act(shortlist: Shortlist) -> int:
        world.meanwhile(world.somebody_else_recommends(province))
        return shortlist.list_case(case_id, reason="", by="clerk", received=system_clock(), window=ALWAYS)

    return world.shortlists.change(world.shortlist_id(province), act)


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def receipt_letter(heard: Heard, event: CaseSubmitted, mark: str) -> OwedLetter:
    id_, now = derived_id(heard.id, "receipt"), system_clock()
    return OwedLetter(
        id=id_,
        kind="receipt",
        campaign_id=CAMPAIGN,
        to=Addressee(whom=Whom.ADDRESS, email=f"author@{mark}.example"),
        state=LetterState.WAITING,
        created=now,
        due=now,
        message_id=message_id(id_, "zhengji.example"),
        event_id=heard.id,
        email=f"author@{mark}.example",
        case_id=event.case_id,
        values={"case_version": event.case_version},
    )


Asking = Callable[[Receipt], None]
"""What shows a receipt to whoever asked for it."""


@dataclass(frozen=True)
class Parts:
    """What the world is made of; a planted bug takes the place of one."""

    papers: type[Records[Any]] = Records
    shelves: type[Records[Any]] = Records
    relay: type[Relay] = Relay
    bus: Callable[[Bus], Bus] = lambda bus: bus
    hand_in: Callable[[SmallWorld, str, str, str, Asking], Receipt] = hand_in
    send: Callable[[SmallWorld, str], None] = send
    recommend: Callable[[SmallWorld, str, str], int] = recommend
