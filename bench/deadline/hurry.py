"""Authors in the last hour: they sign in, look around, write on, replace the document, and hand in.

They behave as browsers and people do: whoever is turned away waits as long as the answer says, and sends the page that
came back, which carries what was typed.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from shared.campaign.model import Campaign
from zhengji.play.author import Author, log_in
from zhengji.play.book import Book, Receipt
from zhengji.play.browser import GO_ON, Broken, Browser, Form, Page
from zhengji.play.cast import CasePlan, Twist, make_cast
from zhengji.play.documents import SHAPES, case_document
from zhengji.play.materials import Paper
from zhengji.play.world import RealWorld

COMPRESSED = 60.0
BEGINS_BEFORE = 20.0
"""Seconds before handing in at which an author signs in: twenty minutes."""
WRITES_FROM, WRITES_FOR = 16.0, 5.0
UPLOADS_AT, CHECKS_AT = 8.0, 3.0
LOOKED_AT = ("", "/sheet", "/authors", "/document", "/materials", "/declaration")
SAVES_EVERY = 15.0
"""Seconds between two savings by itself, until the platform says otherwise."""
_TOO_MANY = 429
_LONGEST_WAIT = 30.0


@dataclass
class Tally:
    """What was asked and answered, by kind of request; seconds are those of whole answers."""

    asked: Counter[str] = field(default_factory=Counter)
    turned_away: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answers: dict[str, list[float]] = field(default_factory=dict)
    presses: list[float] = field(default_factory=list)
    """Seconds from pressing the button to the receipt, with every wait between."""
    savings_told: Counter[int] = field(default_factory=Counter)
    """How often the platform said so many seconds between two savings."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answered(self, kind: str, status: int, seconds: float) -> None:
        """Note one answer."""
        with self.lock:
            self.asked[kind] += 1
            if status == _TOO_MANY:
                self.turned_away[kind] += 1
            else:
                self.answers.setdefault(kind, []).append(seconds)
            if status >= 500 or not status:
                self.broken.append(f"{status} {kind}")


class HurriedBrowser(Browser):
    """Keeps to what the platform says when it is full, and counts."""

    def __init__(self, client: httpx.Client, tally: Tally) -> None:
        super().__init__(client, patience=600)
        self._tally = tally

    def _once(self, method: str, address: str, **how: Any) -> httpx.Response | None:
        began = time.monotonic()
        response = super()._once(method, address, **how)
        kind = kind_of(method, httpx.URL(address).path)
        self._tally.answered(kind, response.status_code if response is not None else 0, time.monotonic() - began)
        return response

    def _come_again(self, response: httpx.Response | None, how: dict[str, Any]) -> dict[str, Any]:
        if response is None or response.status_code != _TOO_MANY:
            return super()._come_again(response, how)
        time.sleep(min(_LONGEST_WAIT, float(response.headers["Retry-After"])))
        returned = [form for form in Page(response).forms if GO_ON in form.buttons] if "data" in how else []
        if not returned:
            return how
        data: dict[str, list[str]] = {}
        for name, text in returned[0].values():
            data.setdefault(name, []).append(text)
        passwords = {name: texts for name, texts in how["data"].items() if "password" in name}  # they are typed again
        return {**how, "data": data | passwords}

    def save(self, address: str, fields: dict[str, str]) -> dict[str, Any] | None:
        """As the page saves by itself: no second try before its time; None where the platform asks for patience."""
        headers = {"Accept": "application/json", "X-CSRFToken": fields["csrf_token"]}
        response = self._once("POST", address, headers=headers, data=fields)
        if response is None or response.status_code != 200:
            return None
        found: dict[str, Any] = response.json()
        return found


def kind_of(method: str, path: str) -> str:
    """What a request is for, in a word."""
    if path.startswith("/api/"):
        return "upload"
    if method == "POST":
        ends = {"/login": "sign in", "/check": "hand in", "/sheet": "save"}
        return next((kind for end, kind in ends.items() if path.endswith(end)), "form")
    return "own page" if path.startswith("/cases") else "public page"


class Hurried(Author):
    """An author whose draft is nearly whole; ``arrives`` is when the button is pressed, by the monotonic clock."""

    tally: Tally
    arrives = 0.0

    def last_hour(self, bell: float) -> Receipt | None:
        """From signing in to the receipt; None where the platform refused what had come in time."""
        self._until(BEGINS_BEFORE)
        self.browser.client.cookies.clear()
        log_in(self.browser, self._me)
        self._look_around(Random(self.plan.key))  # a replay
        self._write_on()
        self._until(UPLOADS_AT)
        self.upload_final()
        self._until(CHECKS_AT)
        form = self.look_over()
        self._until(0)
        return self._hand_in(form, bell)

    def look_at(self, place: str) -> None:
        """Open one of the case's pages."""
        self.browser.open(f"/cases/{self.case_id}{place}")

    def upload_final(self) -> None:
        """Replace the document by one that nobody has seen before."""
        shape = SHAPES[(SHAPES.index(self.plan.shape) + 1) % len(SHAPES)]
        self._upload("document", Paper("定稿.docx", case_document(self.plan.story, shape), ""))

    def open_sheet(self) -> dict[str, str]:
        """The sheet's fields, to write on."""
        return dict(self._page("sheet").form(field="summary").values())

    def save(self, fields: dict[str, str], words: str) -> dict[str, Any] | None:
        """Write some words and let the page save them by itself; what the platform says of it."""
        fields |= {"summary": self._summary(words), "then": "draft"}
        assert isinstance(self.browser, HurriedBrowser)
        saved = self.browser.save(f"/cases/{self.case_id}/sheet", fields)
        if saved is not None:
            fields["rev"] = str(saved["rev"])
        return saved

    def _look_around(self, chance: Random) -> None:
        for place in chance.sample(LOOKED_AT, len(LOOKED_AT)):
            self.look_at(place)

    def _write_on(self) -> None:
        """Write for some minutes; how often the page saves, the platform says."""
        self._until(WRITES_FROM)
        fields = self.open_sheet()
        ends, every, wrote = time.monotonic() + WRITES_FOR, SAVES_EVERY, 0
        while (now := time.monotonic()) < ends:
            wrote += 1
            if saved := self.save(fields, f"写到第{wrote}处"):
                every = float(saved["save_every"])
                self.tally.savings_told[int(every)] += 1
            time.sleep(max(0.0, now + every / COMPRESSED - time.monotonic()))
        self._write_again("截止前定稿")

    def _hand_in(self, form: Form, bell: float) -> Receipt | None:
        began = time.monotonic()
        try:
            receipt = self.confirm(form)
        except Broken as refused:
            self.tally.refused.append(f"{began - bell:+.1f} s from the bell: {refused}"[:300])
            return None
        self.tally.presses.append(time.monotonic() - began)
        return receipt

    def _until(self, before: float) -> None:
        time.sleep(max(0.0, self.arrives - before - time.monotonic()))


def hurried(world: RealWorld, book: Book, campaign: Campaign, *, count: int, tally: Tally) -> list[Hurried]:
    """So many authors, each with a case of one author and nothing special, on browsers that count."""
    run = str(time.time_ns() // 10**8)
    cast = make_cast(campaign, run=run, provinces=6, cases=3 * count + 40, experts=3)
    plain = [plan for plan in cast.cases if plan.twist is Twist.PLAIN and not plan.co_authors][:count]
    return [_hurried(world, book, campaign, plan, tally) for plan in plain]


def _hurried(world: RealWorld, book: Book, campaign: Campaign, plan: CasePlan, tally: Tally) -> Hurried:
    school = campaign.category(plan.category).needs_school
    unit_type = next(kind.code for kind in campaign.unit_types if kind.school == school)
    author = Hurried(world, book, plan, unit_type=unit_type)
    author.browser, author.tally = HurriedBrowser(author.browser.client, tally), tally
    return author
