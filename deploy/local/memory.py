"""Whether the machine has room for what is about to start."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.trouble import not_enough_memory

# Measured after a play of the campaign, rounded up.
NEEDS_MB = {"mongodb": 700, "kafka": 600, "minio": 300, "mail": 200, "programs": 1800}


def check_memory(names: Sequence[str], environ: Mapping[str, str], *, free_mb: int | None = None) -> None:
    """Raise CannotGoOn when what is named needs more than is free; better a sentence now than a killed broker later."""
    if environ.get("ZHENGJI_SKIP_MEMORY_CHECK"):
        return
    need = sum(NEEDS_MB[name] for name in names)
    free = _available_mb() if free_mb is None else free_mb
    if need > free:
        raise not_enough_memory(need, free)


def _available_mb() -> int:
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return int(found.group(1)) // 1024 if found else 1 << 20
