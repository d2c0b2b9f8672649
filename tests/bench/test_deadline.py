"""The arrivals of a deadline, and what the capacity model makes of measured costs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bench.deadline.arrivals import LAST, WINDOW, arrivals, at_the_bell, in_the_last_minutes
from bench.deadline.capacity import BUSY, HEAD, row, table
from bench.deadline.costs import Costs

HOUR, DAY = 3600.0, 24 * 3600.0
COSTS = Costs(
    commit="none",
    of_one={"save": {"web": 0.010, "MongoDB": 0.002, "client": 0.5}, "hand in": {"web": 0.040, "workers": 0.100}},
    with_a_case={"save": 20, "hand in": 1},
    events=6,
    idle={"web": 0.1, "MongoDB": 0.15},
)


def test_a_hundred_thousand_cases_bring_nineteen_a_second_at_the_bell() -> None:
    assert at_the_bell(100_000) == pytest.approx(19, abs=0.1)
    assert in_the_last_minutes(100_000) == pytest.approx(at_the_bell(100_000) / 2 * math.log(3))


@pytest.mark.parametrize(("left", "share"), [(HOUR, 0.22), (DAY, 0.57)])
def test_as_many_come_late_as_at_real_deadlines(left: float, share: float) -> None:
    mean = in_the_last_minutes(20_000)
    come = arrivals(mean, lasting=WINDOW, compressed=1, seed=3)
    assert len(come) == pytest.approx(20_000, rel=0.05)
    assert sum(moment > WINDOW - left for moment in come) / len(come) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("compressed", [1.0, 60.0])
def test_the_last_minutes_have_the_rate_that_was_asked_for(compressed: float) -> None:
    lasting, last = 2400.0, LAST / compressed
    counts = [
        sum(moment > lasting - last for moment in arrivals(2.0, lasting=lasting, compressed=compressed, seed=seed))
        for seed in range(200)
    ]
    assert sum(counts) / len(counts) / last == pytest.approx(2.0, rel=0.06)


def test_a_seed_brings_the_same_people_in_order_before_the_bell() -> None:
    come = arrivals(1.0, lasting=300, compressed=60, seed=7)
    assert come == sorted(come) == arrivals(1.0, lasting=300, compressed=60, seed=7)
    assert come != arrivals(1.0, lasting=300, compressed=60, seed=8)
    assert 0 < come[0] <= come[-1] < 300


def test_a_case_costs_what_its_requests_cost() -> None:
    assert COSTS.of_a_case() == pytest.approx({"web": 0.240, "MongoDB": 0.040, "client": 10.0, "workers": 0.100})
    assert COSTS.capacity(cores=2) == pytest.approx((2 - 0.25) / 10.38)


def test_cores_follow_from_rate_and_cost_and_the_replays_own_work_is_none_of_the_platforms() -> None:
    found = dict(zip(HEAD, row(COSTS, cases=100_000, saving_every=15), strict=True))
    rate = in_the_last_minutes(100_000)
    assert (found["cases/s"], found["events/s"]) == (f"{rate:.1f}", f"{6 * rate:.0f}")
    assert found["web"] == f"{rate * 0.240 / BUSY:.1f}"
    assert found["cores"] == str(math.ceil(rate * 0.380 / BUSY))


def test_saving_less_often_takes_fewer_cores() -> None:
    calm, crowded = (int(row(COSTS, cases=1_000_000, saving_every=every)[-1]) for every in (15, 60))
    assert crowded < calm / 1.5


def test_costs_are_read_as_they_were_written(tmp_path: Path) -> None:
    COSTS.write(tmp_path / "costs.json")
    assert Costs.read(tmp_path / "costs.json") == COSTS
    assert table(COSTS).count("\n") == 1 + 6
