"""Killed at any point, the platform's core loses nothing, does nothing twice and goes on by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import setting
from tests.faults.crash.breaking import BROKEN
from tests.faults.crash.lane import lane
from tests.faults.crash.matrix import run_matrix
from tests.faults.crash.points import POINTS, plan
from tests.faults.crash.running import play

SEEDS = int(os.environ.get("ZHENGJI_FAULT_SEEDS", "30"))


def test_a_seed_plans_the_same_kills_each_time_and_begins_with_a_point_of_its_own() -> None:
    assert plan(7) == plan(7)
    assert {plan(seed)[0].point for seed in range(len(POINTS))} == set(POINTS)


@pytest.mark.timeout(120 + 20 * SEEDS)
def test_no_kill_loses_an_event_or_repeats_an_effect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = run_matrix(
        range(SEEDS), mongo_uri=setting("MONGO_URI"), kafka_servers=setting("KAFKA_SERVERS"), folder=tmp_path
    )
    with capsys.disabled():
        print(f"\n{matrix.table()}\n\n{matrix.summary()}")  # noqa: T201  # the table is what one runs it for
    assert matrix.anomalies == {}, "one seed alone: python -m tests.faults.crash --seeds 1 --first SEED"
    if len(POINTS) <= SEEDS:
        assert [point for point, row in matrix.rows.items() if not row.kills] == []
    assert matrix.misplaced() == []


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_broken_on_purpose_is_found(broken: str, tmp_path: Path) -> None:
    kills, said = BROKEN[broken]
    with lane(setting("MONGO_URI"), setting("KAFKA_SERVERS"), tmp_path / "lane") as mine:
        outcome = play(mine, 0, kills=kills, broken=broken)
    assert [kill["point"] for kill in outcome.kills] == [kill.point for kill in kills]
    assert [anomaly for anomaly in outcome.anomalies if said in anomaly] != []
