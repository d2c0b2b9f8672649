"""A house of its own for a run that breaks things: network, mounts and processes of nobody else, gone with the run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

INSIDE = "ZHENGJI_FAULTS_INSIDE"
NEEDED = {"nft": "nftables", "ip": "iproute2", "cc": "gcc libc6-dev"}
"""What a run needs from the system, and the package that brings it."""
ALONE = (
    *("unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
    "--mount-proc",
)


def enter(module: str, arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int | None:
    """Run ``python -m module`` once more inside namespaces of its own; gives its exit code, None where we are inside.

    Every process that was started in there ends with it, whatever happens.
    """
    if environ.get(INSIDE):
        return None
    install_missing()
    command = [*_as_root(), *ALONE, sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env={**environ, INSIDE: "1"}, check=False).returncode


def why_not() -> str:
    """Why this machine gives nobody a house of their own; empty where it does."""
    install_missing()
    tried = subprocess.run(
        [*_as_root(), *ALONE, "nft", "add", "table", "inet", "cuts"], capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else f"no namespaces with a packet filter here: {tried.stderr.strip()}"


def settle(small_disks: Mapping[Path, int]) -> None:
    """What a fresh house lacks: loopback, the table of cuts, and the small disks, by folder and megabytes."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["nft", "add", "table", "inet", "cuts"], check=True)
    chain = ["nft", "add", "chain", "inet", "cuts", "out", "{ type filter hook output priority 0 ; }"]
    subprocess.run(chain, check=True)
    for folder, megabytes in small_disks.items():
        folder.mkdir(parents=True, exist_ok=True)
        disk = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        subprocess.run(disk, check=True)


def install_missing() -> None:
    """Fetch the system packages that are missing."""
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        words = [word for package in missing for word in package.split()]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*_as_root(), "apt-get", "install", "-y", "-q", *words], check=True, env=quiet)


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "--preserve-env"]
