"""What every program of a breakable stack is started with: it gets a group of its own, by which the network can be cut
for it alone, and our own programs a clock that can be stepped; then this process becomes the program."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path

FOLDER = "FAULTS_CELLS"
"""The setting that names the folder of clocks and of the library that steps them."""
LIBRARY = "step_clock.so"
SERVERS = ("kafka", "mongodb", "minio", "mail", "post", "door", "keeper")


def group_of(name: str) -> int:
    """The group of a program."""
    return 20_000 + zlib.crc32(name.encode()) % 10_000


def clock_of(folder: Path, name: str) -> Path:
    """The file that holds by how many seconds a program's clock is wrong."""
    return folder / f"{name}.clock"


def step(folder: Path, name: str, seconds: float) -> None:
    """Set a program's clock wrong by so much, or right again with 0."""
    with clock_of(folder, name).open("r+b") as file:
        file.write(struct.pack("d", seconds))


def main(name: str, command: list[str]) -> None:
    """Become the program."""
    folder = Path(os.environ[FOLDER])
    if not name.startswith(SERVERS):
        clock = clock_of(folder, name)
        if not clock.exists():
            clock.write_bytes(struct.pack("d", 0.0))
        os.environ |= {"LD_PRELOAD": str(folder / LIBRARY), "STEP_CLOCK": str(clock)}
    os.setgroups([])
    os.setgid(group_of(name))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
