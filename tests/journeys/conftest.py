"""What journeys share: the platform in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.world import OneProcess


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OneProcess]:
    """All five services in this process, with databases and a bucket of their own."""
    world = OneProcess(tmp_path)
    yield world
    world.close()
