"""The whole campaign, once, small: in one process on a bus in memory, everything else real (C6)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.campaign.pacing import paced
from tests.faults.checker import Findings, Name, check
from tests.faults.history import past_of
from tests.faults.observing import observe_platform, on_topic
from tests.journeys.world import OneProcess
from zhengji.play.accounting import Account, Row, take_account
from zhengji.play.cast import make_cast
from zhengji.play.screen import Screen
from zhengji.play.script import Play

FILE = Path("campaigns/2024-teacher-training.yaml")
PACE = 3600


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OneProcess]:
    """All five services in this process, with databases and a bucket of their own."""
    world = OneProcess(tmp_path)
    yield world
    world.close()


def a_play(world: OneProcess, *, provinces: int = 2, cases: int = 8, experts: int = 5) -> Play:
    campaign: Campaign = paced(load_campaign(FILE), world.now(), PACE)
    cast = make_cast(campaign, run=str(int(time.time())), provinces=provinces, cases=cases, experts=experts)
    return Play(world=world, cast=cast, campaign=campaign, backstage=world.backstage, screen=Screen())


def account_of(world: OneProcess, play: Play) -> Account:
    world.turn()
    return take_account(play.book, world.truth, campaign_id=play.campaign.id, secrets=play.cast.secrets)


def findings_of(world: OneProcess, play: Play) -> Findings:
    """What the checker of runs with faults says of a play without any."""
    observed = observe_platform(
        world.truth,
        play.campaign.id,
        records=lambda topic: [
            on_topic(each.message, each.partition, each.offset) for each in world.bus.records(topic)
        ],
        mails=world.post.message_ids,
        secrets=play.cast.secrets,
    )
    return check(past_of(play.book), observed)


@pytest.mark.timeout(600)
def test_the_whole_campaign_is_played_and_every_number_is_right(world: OneProcess) -> None:
    play = a_play(world)
    play.run()
    account = account_of(world, play)
    assert (account.lost, account.double, account.wrong) == ([], [], [])
    assert account.receipts == len(play.book.receipts) >= 8
    assert play.certificates_checked > 0
    assert account.certificates["revoked"] > 0
    assert account.cases_by_stage["disqualified"] == 1
    findings = findings_of(world, play)
    assert findings.clean, str(findings)
    assert findings.figures["effects seen"] == findings.figures["effects owed"] > 300
    _is_no_ornament(world, play)


def _is_no_ornament(world: OneProcess, play: Play) -> None:
    """Break one thing after the other behind the platform's back: the accounting names each, the checker all."""
    gone = next(receipt for receipt in play.book.standing().values() if receipt.version == 1)
    what = f"{gone.number} v{gone.version}"
    told: Row = {"type": "zhengji.intake.CaseSubmittedInFull.v1", "data.case_id": gone.case_id}
    letter: Row = {"kind": "receipt", "case_id": gone.case_id}
    certificate: Row = {"revocation": None}
    breakages: tuple[tuple[str, str, Row, str], ...] = (
        ("intake", "cases", {"_id": gone.case_id}, f"{what}: the case or the version is gone"),
        ("validation", "reports", {"_id": gone.case_id}, f"{what}: no report"),
        ("review", "cases", {"_id": gone.case_id}, f"{what}: review has not got it"),
        ("intake", "told_events", told, f"{what}: event told: never"),
        ("notify", "letters", letter, f"{what}: letter: never"),
        ("certificate", "certificates", certificate, "no certificate for"),
        ("review", "record", {"_id": 1}, "review: entry 1 of the record of decisions does not hold"),
    )
    for service, collection, query, said in breakages:
        rows = world.databases[service].db[collection]
        row = rows.find_one(query)
        assert row is not None, (service, collection)
        rows.delete_one({"_id": row["_id"]})
        account = account_of(world, play)
        assert any(fault.startswith(said) for fault in (*account.lost, *account.wrong)), (said, account.lost)
        assert not account.fits
        rows.insert_one(row)
    assert account_of(world, play).fits
    for service, collection, query, _ in breakages:
        world.databases[service].db[collection].delete_one(query)
    called = {each.name for each in findings_of(world, play).anomalies}
    assert called >= {Name.LOST, Name.UNSEEN, Name.GHOST, Name.BROKEN_CHAIN, Name.WRONG}
