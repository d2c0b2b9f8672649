"""Hashing takes at most as many places as there are processors; who finds none is told when to come back."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.identity import secrets
from shared.identity.secrets import Bulkhead, cores
from shared.trouble import Refused


def test_no_more_at_a_time_than_places_and_the_next_is_refused() -> None:
    bulkhead, inside, leave = Bulkhead(2, patience=0.01), threading.Barrier(3), threading.Event()

    def hash_slowly() -> str:
        with bulkhead.place():
            inside.wait(timeout=10)
            leave.wait(timeout=10)
            return "hashed"

    with ThreadPoolExecutor(2) as pool:
        hashing = [pool.submit(hash_slowly) for _ in range(2)]
        inside.wait(timeout=10)
        with pytest.raises(Refused) as refused, bulkhead.place():
            pytest.fail("a third was let in")
        leave.set()
        assert [each.result() for each in hashing] == ["hashed", "hashed"]
    assert (refused.value.status, refused.value.retry_after) == (429, 30)
    assert "30秒后重试" in refused.value.message
    with bulkhead.place():
        pass  # there is room again


@pytest.mark.parametrize(
    ("quota", "most"), [("max 100000", 16), ("150000 100000", 1), ("300000 100000", 3), ("50000 100000", 1), ("?", 16)]
)
def test_a_containers_quota_counts(quota: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(secrets, "_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    assert cores() == most


def test_without_a_quota_what_it_may_run_on_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_QUOTA", tmp_path / "none")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3})
    assert cores() == 2
