"""Authors, provinces, experts and the centre at work while things break, and the history of what each of them saw."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from queue import Empty, SimpleQueue
from random import Random
from typing import TypeVar

import httpx

from services.intake.domain.case import MOST_VERSIONS
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.campaign.pacing import PacedWindow
from shared.clock import system_clock
from tests.faults.breakable import BreakableStack
from tests.faults.history import History, Kind
from tests.journeys.faulty import CAMPAIGN
from tests.journeys.patient import PatientPlay, with_ample_time
from zhengji.campaigns import renamed
from zhengji.play.author import Author
from zhengji.play.book import Receipt
from zhengji.play.browser import Broken, Refusal
from zhengji.play.cast import CasePlan, Signing, make_cast
from zhengji.play.province import Clerk
from zhengji.play.screen import Screen
from zhengji.play.world import RealWorld, TookTooLong
from zhengji.plays import RealBackstage

T = TypeVar("T")
LOST_PATIENCE = (Broken, Refusal, TookTooLong, httpx.HTTPError)
RECOMMENDATION = 60.0
_UPLOADS_AGAIN, _TAKES_BACK = 0.15, 0.15
"""The shares of visits in which an author sends a new document, or takes the case back before handing it in again.

In the others the summary is changed.
"""


class Witness(Author):
    """An author whose wishes and answers are on the record."""

    history: History
    unsure = False
    """Whether the last wish got no answer."""
    wishes = 0

    @property
    def is_tired(self) -> bool:
        """A case takes so many versions and no more; an unsure wish may have made one."""
        return self.wishes > MOST_VERSIONS - 6

    def prepare(self) -> None:
        """Register and get ready."""
        with self.history.asking(self.plan.key, Kind.REGISTER, about=self.plan.author.mobile) as asked:
            super().prepare()
            asked.ok()

    def submit(self) -> Receipt:
        """Hand in; what counts is the receipt in the author's hands."""
        with self.history.asking(self.plan.key, Kind.SUBMIT, about=self.case_id) as asked:
            receipt = super().submit()
            asked.holds(receipt)
            return receipt

    def withdraw(self) -> None:
        """Take back."""
        with self.history.asking(self.plan.key, Kind.WITHDRAW, about=self.case_id) as asked:
            super().withdraw()
            asked.ok()

    def visit(self, chance: Random) -> None:
        """Come once: change something, or take back, and hand in again."""
        self.wishes += 1
        try:
            what = 0.0 if self.unsure else chance.random()
            if what < _UPLOADS_AGAIN:
                self.replace()
            elif what < _UPLOADS_AGAIN + _TAKES_BACK:
                self.withdraw()
                self.submit()
            else:
                self.rewrite(f"第{self.wishes}稿")
            self.unsure = False
        except LOST_PATIENCE:
            self.unsure = True


class Recommending(Clerk):
    """A province whose recommendations are on the record."""

    history: History

    def _recommend(self, case_id: str) -> str:
        with self.history.asking(self.plan.contact.name, Kind.RECOMMEND, about=case_id) as asked:
            if refusal := super()._recommend(case_id):
                asked.refused(refusal)
            else:
                asked.ok(province=self.plan.code)
        return refusal


class FaultPlay(PatientPlay):
    """The campaign: quiet until everybody is ready, then a crowd of authors, then the rest of the year."""

    history: History

    def get_ready(self) -> None:
        """Up to the first receipts; nothing is broken yet."""
        self.open_campaign()
        self.together(self.let_provinces_in, self.prepare_cases)
        self.sign(self.late_signers)
        self.hand_in()
        self.invite_experts()

    def give_time_for_recommendations(self, crowd_seconds: float) -> None:
        """The crowd comes from now on; whoever got ready took time, and provinces shall have theirs afterwards."""
        until = self.world.now() + timedelta(seconds=crowd_seconds + RECOMMENDATION)
        self.campaign = self.centre.extend(self.campaign, "recommendation", to=until)

    def the_rest_of_the_year(self) -> None:
        """Screening, judging, publication, certificates, a disqualification."""
        self.screen_and_recommend()
        self.check_eligibility()
        self.review()
        self.publish()
        self.look_up_certificates()
        self.disqualify_one()

    def have_a_try(self, act: Callable[[], object]) -> None:
        """Whoever meets a page that cannot be, of a program whose clock is wrong, begins once more."""
        stubborn(act, pause=4)

    def let_provinces_in(self) -> None:
        """As in any play; from then on it is on the record what they do."""
        super().let_provinces_in()
        for clerk in self.clerks:
            clerk.__class__ = Recommending
            clerk.history = self.history  # type: ignore[attr-defined]

    def _author(self, plan: CasePlan) -> Author:
        author = Witness(self.world, self.book, plan, unit_type=self._unit_type(plan))
        author.history = self.history
        return author

    @contextmanager
    def crowd(self, *, seed: int, threads: int, pause: float = 0.0) -> Iterator[None]:
        """Inside the block authors come again and again; co-authors who sign by account would have to sign again."""
        free = [each for each in self.authors if not each.plan.co_authors or each.plan.signing is not Signing.ACCOUNT]
        with coming([each for each in free if isinstance(each, Witness)], seed=seed, threads=threads, pause=pause):
            yield
        for author in free:
            if isinstance(author, Witness) and (author.unsure or author.case_id not in self.book.standing()):
                stubborn(author.replace)  # what counts in the end is handed in, and its author holds the receipt


class PatientWorld(RealWorld):
    """Where what has to come may come late."""

    def until(self, what: str, met: Callable[[], T | None], *, seconds: float = 60) -> T:
        """Ask again and again, and ask again when there was no answer."""

        def asked() -> T | None:
            try:
                return met()
            except httpx.HTTPError:
                return None

        return super().until(what, asked, seconds=4 * seconds)


def make_play(stack: BreakableStack, history: History, *, crowd_seconds: float, cases: int) -> FaultPlay:
    """A campaign that takes recommendations once the crowd has gone."""
    near = stack.world
    world = PatientWorld(
        url=stack.settings["ZHENGJI_PUBLIC_URL"],
        post=near.post,
        mailbox=near.mailbox,
        threads=near.threads,
        patience=120,
    )
    pace: dict[PacedWindow, float] = {
        "contact_forms": 1,
        "submission": crowd_seconds,
        "recommendation": RECOMMENDATION,
        "review": 1,
    }
    campaign = _campaign(pace)
    cast = make_cast(campaign, run=str(int(time.time())), provinces=3, cases=cases, experts=6)
    play = FaultPlay(
        world=world, cast=cast, campaign=campaign, backstage=RealBackstage(stack.places.var), screen=Screen()
    )
    play.history = history
    return play


def _campaign(pace: dict[PacedWindow, float]) -> Campaign:
    named = renamed(load_campaign(CAMPAIGN), f"2024-faults-{time.time_ns():x}")
    return with_ample_time(named, system_clock(), pace, hours=3)


@contextmanager
def coming(authors: Collection[Witness], *, seed: int, threads: int, pause: float) -> Iterator[None]:
    """Inside the block authors come, ``threads`` at a time, one after the other with a pause of so many seconds."""
    waiting: SimpleQueue[Witness] = SimpleQueue()
    for author in authors:
        waiting.put(author)
    enough = threading.Event()

    def flow(number: int) -> None:
        chance = Random(f"{seed}/{number}")
        while not enough.is_set():
            try:
                author = waiting.get(timeout=1)
            except Empty:
                continue  # the others are at work, or everybody is tired
            try:
                author.visit(chance)
            finally:
                if not author.is_tired:
                    waiting.put(author)
            enough.wait(pause)

    with ThreadPoolExecutor(threads) as pool:
        flows: list[Future[None]] = [pool.submit(flow, number) for number in range(threads)]
        try:
            yield
        finally:
            enough.set()
    for each in flows:
        each.result()


def stubborn(act: Callable[[], object], *, tries: int = 5, pause: float = 1) -> None:
    """Do it until it is answered, ``pause`` seconds apart; the last failure is told."""
    for left in reversed(range(tries)):
        try:
            act()
            return
        except LOST_PATIENCE:
            if not left:
                raise
            time.sleep(pause)
