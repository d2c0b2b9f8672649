"""What is said of the tests themselves."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import PLATFORMS

ROOT = Path(__file__).parents[2]
_STARTS = re.compile(r"FaultyStack\(|: FaultyStack[,)]|mark\.stack")


def test_every_file_that_starts_a_platform_is_known() -> None:
    """Else it would run beside the others that do, and three of them are more than a small machine bears."""
    files = {file for file in (ROOT / "tests").rglob("test_*.py") if _STARTS.search(file.read_text())}
    assert files - {Path(__file__)} == {ROOT / "tests" / file for group in PLATFORMS.values() for file in group}
