"""What answers mean, how long to wait, how many a minute: M2."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from services.notify.domain.delivery import Bucket, Patience, Verdict, verdict
from tests.notify.given import NOW


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (250, "ok queued", Verdict.TAKEN),
        (550, "Domain frequency limited [abc, IP: 1.2.3.4]", Verdict.TOO_FAST),
        (550, "Ip frequency limited", Verdict.TOO_FAST),
        (550, "Connection frequency limited", Verdict.TOO_FAST),
        (421, "HL:IFC 163 smtp10, too many connections", Verdict.TOO_FAST),
        (421, "HL:ICC 163 smtp12", Verdict.TOO_FAST),
        (450, "MI:DMC 163 smtp14", Verdict.TOO_FAST),
        (550, "MI:STC 163 smtp1", Verdict.TOO_FAST),
        (451, "DT:SPM 163 smtp5, please try again", Verdict.TOO_FAST),
        (450, "4.2.0 greylisted", Verdict.LATER),
        (451, "4.3.0 local error", Verdict.LATER),
        (452, "4.2.2 mailbox full", Verdict.LATER),
        (552, "5.2.2 mailbox full", Verdict.LATER),
        (550, "Mailbox not found", Verdict.NEVER),
        (550, "5.1.1 user unknown", Verdict.NEVER),
        (554, "DT:SPM 163 smtp7", Verdict.NEVER),
        (553, "5.1.3 bad address syntax", Verdict.NEVER),
    ],
)
def test_an_answer_means(code: int, text: str, expected: Verdict) -> None:
    assert verdict(code, text) is expected


def test_patience_doubles_up_to_its_longest_and_ends() -> None:
    patience = Patience(first=timedelta(seconds=60), longest=timedelta(minutes=30), tries=8)
    waits = [patience.wait("a", tries=tries) for tries in range(1, 9)]
    assert waits[-1] is None
    spread = waits[0].total_seconds() / 60  # type: ignore[union-attr]  # only the last is None
    assert 1 <= spread < 1.25
    minutes = [round(wait.total_seconds() / 60 / spread, 3) for wait in waits if wait is not None]
    assert minutes == [1, 2, 4, 8, 16, 30, 30]


def test_who_is_too_fast_waits_two_minutes_at_least() -> None:
    wait = Patience(first=timedelta(seconds=1)).wait("a", tries=1, at_least=timedelta(minutes=2))
    assert wait is not None
    assert timedelta(minutes=2) <= wait < timedelta(minutes=2, seconds=31)


def test_letters_of_one_moment_do_not_come_back_together() -> None:
    waits = {Patience().wait(f"letter-{n}", tries=1) for n in range(100)}
    assert len(waits) > 60


@with_any(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.integers(1, 120), st.integers(1, 20))
def test_a_bucket_never_gives_more_than_its_rate_and_burst(pauses: list[float], per_minute: int, burst: int) -> None:
    at, given = NOW, 0
    bucket = Bucket.full(burst=burst, at=NOW)
    for pause in pauses:
        at += timedelta(seconds=pause)
        after = bucket.draw(at=at, per_minute=per_minute, burst=burst)
        if after is not None:
            bucket, given = after, given + 1
    assert given <= burst + (at - NOW).total_seconds() / 60 * per_minute + 1e-6


def test_an_empty_bucket_fills_with_time() -> None:
    bucket = Bucket.full(burst=1, at=NOW).draw(at=NOW, per_minute=60, burst=1)
    assert bucket is not None
    assert bucket.draw(at=NOW + timedelta(milliseconds=900), per_minute=60, burst=1) is None
    assert bucket.draw(at=NOW + timedelta(seconds=1), per_minute=60, burst=1) is not None
