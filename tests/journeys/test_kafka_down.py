"""Kafka is away for a minute: authors notice nothing, and afterwards everything catches up without a person."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from deploy.local.table import SERVICES
from tests.journeys.faulty import FaultyStack, authors_of, publish_campaign, wait
from zhengji.play.accounting import take_account
from zhengji.play.book import Book
from zhengji.play.cast import Twist

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]
AUTHORS = 10
OUTAGE = 65.0
CATCH_UP = 90.0
SOON_GIVEN_UP = 5_000
"""Milliseconds after which the producers of the first test throw away what it could not deliver."""
WAITS_FOR_THE_CHECK = (Twist.ENCRYPTED, Twist.RENAMED_PDF)
"""Authors who read what the check says of a file before they go on: the check comes by way of Kafka."""


@pytest.fixture
def stack(faulty: FaultyStack) -> Iterator[FaultyStack]:
    """The stack; whatever happens, Kafka is back for the next test."""
    yield faulty
    faulty.command("start", "kafka")


def _outage(stack: FaultyStack, *, seconds: float) -> None:
    """Take Kafka away while authors hand in, bring it back, and see that nothing was lost."""
    campaign = publish_campaign(stack)
    book = Book()
    crowd = authors_of(stack, campaign, book, count=AUTHORS, without=WAITS_FOR_THE_CHECK)
    with crowd.coming(pause=5):
        wait("the first receipt", lambda: book.receipts, seconds=60)
        pids = stack.pids()
        stack.kill("kafka")
        began, before = time.monotonic(), len(book.receipts)
        while time.monotonic() - began < seconds:
            assert stack.is_ready("intake-web")
            time.sleep(0.5)
        assert len(book.receipts) >= before + AUTHORS, "authors waited for Kafka"
    assert stack.untold("intake") >= AUTHORS, "nothing waits to be told: Kafka was not away"
    stack.command("start", "kafka")
    wait("everything told, heard and sent", stack.rests, seconds=CATCH_UP)
    account = take_account(book, stack.truth, campaign_id=campaign.id)
    assert (account.lost, account.double, account.wrong) == ([], [], [])
    assert account.receipts >= AUTHORS + 1
    assert stack.pids() == pids, "a program ended in the outage"


def test_kafka_away_for_a_minute_and_longer_than_the_producers_delivery_timeout(stack: FaultyStack) -> None:
    """What the producers have given up, many times over, is in the outboxes still, and is told by new producers."""
    workers = [f"{service}-worker" for service in SERVICES]
    stack.restart(workers, ZHENGJI_KAFKA_DELIVERY_TIMEOUT_MS=str(SOON_GIVEN_UP))
    try:
        assert stack.environment("intake-worker")["ZHENGJI_KAFKA_DELIVERY_TIMEOUT_MS"] == str(SOON_GIVEN_UP)
        _outage(stack, seconds=OUTAGE)
    finally:
        stack.restart(workers)


@pytest.mark.skipif(
    "ZHENGJI_LONG" not in os.environ, reason="the test above with producers that wait longer; ZHENGJI_LONG=1 runs it"
)
def test_kafka_away_for_a_minute(stack: FaultyStack) -> None:
    """The producers wait for the outage to end; nobody who hands in a case does."""
    _outage(stack, seconds=OUTAGE)
