"""One bell: authors get ready, come as people come to a deadline, and everything is counted afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from bench.deadline.arrivals import arrivals
from bench.deadline.hurry import COMPRESSED, Hurried, HurriedBrowser, Tally, hurried
from shared.campaign.model import Campaign
from shared.events.intake import CaseSubmittedInFull
from tests.journeys.faulty import FaultyStack, publish_campaign, wait
from zhengji.play.accounting import Account, take_account
from zhengji.play.book import Book
from zhengji.play.browser import Broken

SECONDS_TO_GET_READY = 0.8
"""For each author, at the most."""
VISITS_FOR_EACH = 6
"""Pages that strangers open for each case that is handed in."""
PUBLIC = ("/", "/login", "/certificates", "/faq")
_AT_ONCE = 6


@dataclass
class Outcome:
    """What a bell came to."""

    factor: float
    came: int
    tally: Tally
    account: Account
    stored: int
    told: int
    seconds_to_rest: float
    most_waiting: int
    late: list[float] = field(default_factory=list)
    """Seconds after the bell at which receipts came for what had been pressed before it."""

    @property
    def kept(self) -> bool:
        """Whether accepted = receipts = stored = told, and nothing is lost or double."""
        receipts = self.account.receipts
        return receipts == self.stored == self.told and not (self.account.lost or self.account.double)


class Bell:
    """A campaign whose window closes after ``lasting`` seconds of replay."""

    def __init__(self, stack: FaultyStack, *, mean: float, lasting: float, factor: float, seed: int) -> None:
        self._stack = stack
        self._lasting = lasting
        self._factor = factor
        self._seed = seed
        self._mean = mean
        self._moments = arrivals(mean, lasting=lasting, compressed=COMPRESSED, seed=seed)
        self._tally, self._book = Tally(), Book()
        self._most_waiting = 0

    def ring(self) -> Outcome:
        """Everything."""
        ready = SECONDS_TO_GET_READY * len(self._moments) + 20
        campaign = publish_campaign(self._stack, hours=(ready + self._lasting) / 3600)
        authors = self._get_ready(campaign)
        closes = campaign.windows.submission.closes
        bell = time.monotonic() + (closes - self._stack.world.now()).total_seconds()
        if bell - self._lasting < time.monotonic():
            raise RuntimeError("authors took too long to get ready")
        for author, moment in zip(authors, self._moments, strict=True):
            author.arrives = bell - self._lasting + moment
        self._come(authors, bell)
        began = time.monotonic()
        wait("rest after the bell", self._stack.rests, seconds=900, every=1)
        return self._outcome(campaign, rested=time.monotonic() - began, bell=bell)

    def _get_ready(self, campaign: Campaign) -> list[Hurried]:
        authors = hurried(self._stack.world, self._book, campaign, count=len(self._moments), tally=self._tally)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(Hurried.prepare, authors))
        for each in (self._tally.asked, self._tally.turned_away, self._tally.answers):
            each.clear()  # getting ready is not what is measured
        return authors

    def _come(self, authors: Sequence[Hurried], bell: float) -> None:
        """Everybody in a thread of their own, whoever else has been answered or not."""
        over = threading.Event()
        people = [threading.Thread(target=self._one, args=(author, bell)) for author in authors]
        others = [
            threading.Thread(target=self._strangers, args=(bell,)),
            threading.Thread(target=self._watch, args=(over,)),
        ]
        for each in (*people, *others):
            each.start()
        for each in people:
            each.join()
        over.set()
        for each in others:
            each.join()

    def _one(self, author: Hurried, bell: float) -> None:
        try:
            author.last_hour(bell)
        except Exception as error:  # whoever cannot go on is told of in the table
            self._tally.refused.append(f"{type(error).__name__}: {error}"[:300])

    def _strangers(self, bell: float) -> None:
        """Visitors of the public pages, as many as come with the authors; nobody waits for anybody."""
        mean = self._mean * VISITS_FOR_EACH
        moments = arrivals(mean, lasting=self._lasting, compressed=COMPRESSED, seed=self._seed + 1)
        visits = count()
        with ThreadPoolExecutor(64) as pool:
            for moment in moments:
                time.sleep(max(0.0, bell - self._lasting + moment - time.monotonic()))
                pool.submit(self._visit, PUBLIC[next(visits) % len(PUBLIC)])

    def _visit(self, address: str) -> None:
        browser = HurriedBrowser(self._stack.world.browser().client, self._tally)
        try:
            browser.open(address)
        except Broken as broken:
            self._tally.broken.append(str(broken)[:200])
        finally:
            browser.client.close()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(1):
            self._most_waiting = max(self._most_waiting, self._stack.untold("intake"))

    def _outcome(self, campaign: Campaign, *, rested: float, bell: float) -> Outcome:
        cases = self._stack.truth.databases["intake"]["cases"]
        stored = sum(len(row["versions"]) for row in cases.find({"campaign_id": campaign.id}, {"versions.version": 1}))
        events = [
            each for each in self._stack.records(CaseSubmittedInFull) if each["data"]["campaign_id"] == campaign.id
        ]
        told = {(each["data"]["case_id"], each["data"]["case_version"]) for each in events}
        now, monotonic = self._stack.world.now(), time.monotonic()
        shown = [monotonic - (now - each.shown).total_seconds() - bell for each in self._book.receipts]
        return Outcome(
            factor=self._factor,
            came=len(self._moments),
            tally=self._tally,
            account=take_account(self._book, self._stack.truth, campaign_id=campaign.id),
            stored=stored,
            told=len(told),
            seconds_to_rest=rested,
            most_waiting=self._most_waiting,
            late=[each for each in shown if each > 0],
        )
