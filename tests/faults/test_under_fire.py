"""A few minutes of everything at once: the short form of ``make faults``, on a cluster of three, in its own house."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from deploy.local.places import ROOT
from tests.faults.inside import why_not
from tests.faults.schedule import BROKERS, MEMBERS, OWN, Kind, plan

SEED = os.environ.get("SEED", "1")
MINUTES = os.environ.get("MINUTES", "3")
FEW = ("--cases", "12", "--threads", "2", "--pause", "3")
"""As many as leave other tests beside this one time to breathe."""
COMMAND = (sys.executable, "-m", "tests.faults", "--seed", SEED, "--minutes", MINUTES, "--var", "var/under-fire", *FEW)


@pytest.mark.stack
@pytest.mark.timeout(1200)
def test_a_few_minutes_of_everything_at_once() -> None:
    """Nothing that got a receipt is lost, nothing happens twice, and everything comes to rest without a person."""
    if reason := why_not():
        pytest.skip(reason)
    environ = {name: text for name, text in os.environ.items() if not name.startswith("ZHENGJI_")}
    if cache := os.environ.get("ZHENGJI_CACHE"):
        environ["ZHENGJI_CACHE"] = cache
    ran = subprocess.run(COMMAND, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=1100, check=False)
    assert ran.returncode == 0, f"{ran.stdout[-6000:]}\n{ran.stderr[-3000:]}"


def test_a_seed_plans_the_same_faults_each_time() -> None:
    assert plan(7, 600) == plan(7, 600)
    assert plan(7, 600) != plan(8, 600)


def test_a_long_plan_breaks_everything_in_every_way() -> None:
    planned = plan(1, 3 * 60 * 60)
    broken = {(strike.kind, strike.target) for strike in (*planned.servers, *planned.own)}
    plain = {Kind.KILL, Kind.PAUSE, Kind.RESTART, Kind.CUT}
    assert {(kind, name) for kind in plain for name in (*BROKERS, *MEMBERS, "minio", "mail", "post", *OWN)} <= broken
    assert {(Kind.CLOCK, name) for name in OWN} <= broken
    assert {target for kind, target in broken if kind is Kind.DISK} == {"kafka-3", "mongodb-3", "minio"}


@pytest.mark.parametrize("seed", range(1, 6))
def test_twenty_minutes_hold_at_least_sixty_faults(seed: int) -> None:
    planned = plan(seed, 20 * 60)
    assert len(planned.servers) + len(planned.own) >= 60
