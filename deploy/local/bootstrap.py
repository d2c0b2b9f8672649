"""Everything that must be there before the rest can run: system packages and .venv. Standard library only."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.local.fetching import run_client, sha256
from deploy.local.places import Places
from deploy.local.trouble import CannotGoOn, cannot_install

_FONT = "fonts-noto-cjk"


def _has(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


def _has_font() -> bool:
    return any(Path("/usr/share/fonts").rglob("NotoSerifCJK*")) or any(Path("/usr/share/fonts").rglob("NotoSansCJK*"))


def _has_venv_module() -> bool:
    command = [sys.executable, "-c", "import venv, ensurepip"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# Package and how to see that what it brings is there, from wherever.
NEEDED: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("nginx-light", _has("nginx")),
    ("maven", _has("mvn")),
    ("poppler-utils", _has("pdfsig")),
    (_FONT, _has_font),
    ("python3-venv", _has_venv_module),
)
FOR_TESTS: tuple[tuple[str, Callable[[], bool]], ...] = (("chromium", _has("chromium")),)


def system_packages(places: Places, *, tests: bool) -> None:
    """Install the system packages that are missing, with sudo where we are not root."""
    missing = [package for package, there in (*NEEDED, *(FOR_TESTS if tests else ())) if not there()]
    if not missing:
        return
    if shutil.which("apt-get") is None or (os.geteuid() != 0 and shutil.which("sudo") is None):
        raise cannot_install(" ".join(missing))
    apt = _as_root(["apt-get", "-o", "DPkg::Lock::Timeout=300"])
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    log = places.log_of("apt-update")
    run_client("Refreshing the list of system packages", [*apt, "update", "-q"], log=log, env=env)
    run_client(
        f"Installing {' '.join(missing)}",
        [*apt, "install", "-y", "-q", "--no-install-recommends", *missing],
        log=places.log_of("apt-install"),
        env=env,
    )


def _as_root(command: Sequence[str]) -> list[str]:
    return list(command) if os.geteuid() == 0 else ["sudo", "-n", *command]


def python_packages(places: Places) -> None:
    """Make .venv and install the locked packages; does nothing when the lock has not changed since."""
    lock = places.root / "requirements" / "all.lock"
    stamp = places.venv / "installed.lock.sha256"
    if stamp.exists() and places.python.exists() and stamp.read_text() == sha256(lock):
        return
    if not places.python.exists():
        run_client("Making .venv", [_best_python(), "-m", "venv", places.venv], log=places.log_of("venv"))
    run_client(
        "Installing the Python packages",
        [places.python, "-m", "pip", "install", "--no-deps", "--require-hashes", "-r", lock],
        log=places.log_of("install-python-packages"),
    )
    stamp.write_text(sha256(lock))


def _best_python() -> str:
    """Python 3.11, for which the packages are locked."""
    if platform.python_version_tuple()[:2] == ("3", "11"):
        return sys.executable
    found = shutil.which("python3.11")
    if found is None:
        raise CannotGoOn("Python 3.11 is needed; install python3.11 and run again.")
    return found
