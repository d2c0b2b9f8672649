"""The same campaign on the real platform: its own processes, Kafka, MongoDB, MinIO, SMTP and IMAP behind one door."""

from __future__ import annotations

import pytest

from tests.journeys.faulty import FaultyStack

SMALL = ("--provinces", "2", "--cases", "8", "--experts", "5", "--pace", "15", "--threads", "4")

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


def test_the_same_campaign_on_the_real_platform(faulty: FaultyStack) -> None:
    played = faulty.zhengji("play", *SMALL)
    assert played.returncode == 0, played.stderr[-6000:]
