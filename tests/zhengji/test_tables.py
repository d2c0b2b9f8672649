"""What a play prints at its end: in Chinese throughout, and first an author with a good result."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest

from services.notify.queries import KINDS, STATES
from shared.campaign.parts import WindowName
from zhengji.play.script import WINDOW_WORDS, Play
from zhengji.play.tables import LETTER_KINDS, LETTER_STATES, shown_authors


def test_letters_are_named_as_on_the_pages() -> None:
    assert LETTER_KINDS == KINDS
    assert {str(state): words for state, words in STATES.items()} == LETTER_STATES


def test_every_window_that_is_waited_for_has_a_name() -> None:
    assert set(WINDOW_WORDS) == set(get_args(WindowName)) - {"contact_forms"}


@pytest.mark.parametrize(
    ("outcomes", "disqualified", "shown"),
    [
        ({}, "", [("作者", "a")]),
        ({"b": "展示案例", "c": "典型案例"}, "", [("作者（典型案例）", "c")]),
        (
            {"a": "典型案例", "b": "展示案例", "c": "典型案例"},
            "a",
            [("作者（典型案例）", "c"), ("作者（案例已取消资格）", "a")],
        ),
        ({"a": "典型案例"}, "a", [("作者", "b"), ("作者（案例已取消资格）", "a")]),
    ],
)
def test_a_newcomer_first_meets_a_good_result(
    outcomes: dict[str, str], disqualified: str, shown: list[tuple[str, str]]
) -> None:
    authors: list[Any] = [SimpleNamespace(case_id=case_id) for case_id in "abc"]
    play = cast(Play, SimpleNamespace(authors=authors, outcomes=outcomes, disqualified=disqualified))
    assert [(role, author.case_id) for role, author in shown_authors(play)] == shown
