"""The same campaign on the real platform: its own processes, Kafka, MongoDB, MinIO, SMTP and IMAP behind one door."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Platform

ROOT = Path(__file__).parents[2]
SMALL = ("--provinces", "2", "--cases", "8", "--experts", "5", "--pace", "20", "--threads", "4")


@pytest.mark.timeout(600)
def test_the_same_campaign_on_the_real_platform(platform: Platform) -> None:
    command = [sys.executable, "-m", "zhengji", "play", *SMALL, "--var", str(platform.var)]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stderr[-6000:]
