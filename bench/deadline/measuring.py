"""Measures what requests of each kind cost: one author after another, with nobody else about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.deadline.costs import Costs
from bench.deadline.effort import Meter, each
from bench.deadline.hurry import COMPRESSED, LOOKED_AT, SAVES_EVERY, WRITES_FOR, Hurried, Tally, hurried
from bench.deadline.replay import PUBLIC, VISITS_FOR_EACH
from tests.journeys.faulty import FaultyStack, publish_campaign
from zhengji.play.author import log_in
from zhengji.play.book import Book

WITH_A_CASE: Mapping[str, float] = {
    "public page": VISITS_FOR_EACH,
    "own page": len(LOOKED_AT) + 4,
    "save": WRITES_FOR * COMPRESSED / SAVES_EVERY,
    "sign in": 1,
    "upload": 1,
    "hand in": 1,
}
"""How many requests of each kind come with one case in its last hour; a page saves at its calm pace."""
_AUTHORS = 24


def measure(stack: FaultyStack, *, commit: str) -> Costs:
    """Every kind, some dozens of times, until all that follows from it is through."""
    campaign = publish_campaign(stack)
    authors = hurried(stack.world, Book(), campaign, count=_AUTHORS, tally=Tally())
    for author in authors:
        author.prepare()
    one, meter = authors[0], Meter(stack)
    count, sheet = len(authors), one.open_sheet()
    alone: dict[str, tuple[Callable[[int], object], int]] = {
        "public page": (lambda number: one.browser.open(PUBLIC[number % len(PUBLIC)]), 80),
        "own page": (lambda number: one.look_at(LOOKED_AT[number % len(LOOKED_AT)]), 80),
        "save": (lambda number: _save(one, sheet, number), 80),
        "sign in": (lambda number: _sign_in(authors[number]), count),
    }
    told: dict[str, tuple[Callable[[int], object], int]] = {
        "upload": (lambda number: authors[number].upload_final(), count),
        "hand in": (lambda number: authors[number].submit(), count),
    }
    of_one = {kind: each(meter, stack, act, times=times) for kind, (act, times) in alone.items()}
    before = sum(stack.ends().values())
    of_one |= {kind: each(meter, stack, act, times=times) for kind, (act, times) in told.items()}
    told_of_one = (sum(stack.ends().values()) - before) / count
    return Costs(commit=commit, of_one=of_one, with_a_case=WITH_A_CASE, events=told_of_one, idle=meter.idle(20))


def _save(author: Hurried, fields: dict[str, str], number: int) -> None:
    saved = author.save(fields, f"第{number}处")
    if saved is None:
        raise RuntimeError("a saving was not taken while nobody else was about")


def _sign_in(author: Hurried) -> None:
    author.browser.client.cookies.clear()
    log_in(author.browser, author.plan.author)
