"""Kept cookies, tampered fields and invisible characters: none of them gets in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.intake.app import App
from shared.clock import FixedClock
from shared.events.intake import AuthorSessionsRevoked
from tests.intake.conftest import PASSWORD, Browser
from tests.intake.test_path import open_case


def test_a_logout_ends_the_session_wherever_its_cookie_was_kept(
    author: Browser, new_browser: Callable[[], Browser], app: App, clock: FixedClock
) -> None:
    kept = new_browser()
    kept.takes_cookie(author, "author")
    assert kept.open("/cases").status_code == 200
    clock.advance(timedelta(seconds=1))
    author.fill("/logout")
    assert kept.open("/cases").status_code == 302
    (row,) = app.database.collection("accounts").find({})
    (told,) = [entry for entry in row["outbox"] if entry["type"] == AuthorSessionsRevoked.type()]
    assert (told["data"]["account_id"], told["time"]) == (row["_id"], clock())
    assert author.fill("/login", mobile="13800001234", password=PASSWORD).status_code == 303
    assert author.open("/cases").status_code == 200


@pytest.mark.parametrize("fields", [{"rev": "²"}, {"people-²-name": "x"}, {f"people-{'9' * 5000}-name": "x"}])
def test_tampered_fields_are_refused_or_nobodys(author: Browser, fields: dict[str, Any]) -> None:
    case = open_case(author)
    assert author.fill(f"{case}/authors", then="draft", **fields).status_code < 500


def test_what_no_reader_sees_is_not_kept(author: Browser, app: App) -> None:
    case = open_case(author)
    author.fill(f"{case}/sheet", then="draft", title="题\x01\r\nBcc: …\x00尾\ufffe", summary="一\r\n二\x0b三")
    about = app.cases.get(case.rsplit("/", 1)[-1]).about
    assert (about.title, about.summary) == ("题 Bcc: …尾", "一\n二\n三")
