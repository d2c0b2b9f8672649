"""Getting things from registries through their ordinary clients: to a temporary place first, moved when whole."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.say import say
from deploy.local.trouble import CannotGoOn, failed_step, missing_tool, no_registry, not_enough_disk, wrong_checksum

# What the clients print when nobody answers; anything else is a failure of its own.
_NOBODY_ANSWERED = (
    "Could not transfer", "Could not resolve host", "UnknownHostException", "Network is unreachable",
    "No route to host", "Temporary failure", "Connection refused", "Connection reset", "connection refused",
    "no such host", "i/o timeout", "timed out", "NewConnectionError", "ReadTimeoutError", "ENOTFOUND",
    "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "EAI_AGAIN", "Max retries exceeded", "TLS handshake timeout",
    "Failed to fetch",
)  # fmt: skip


_SIGN_OF_LIFE = 20.0


def run_client(what: str, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None,
               cwd: Path | None = None) -> None:  # fmt: skip
    """Run a registry's client with its output in `log`; a failure becomes one sentence."""
    if shutil.which(command[0]) is None:
        raise missing_tool(what, str(command[0]))
    log.parent.mkdir(parents=True, exist_ok=True)
    say(what)
    with log.open("wb") as output, subprocess.Popen(
        [str(part) for part in command], env={**os.environ, **(env or {})}, cwd=cwd,
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
    ) as client:  # fmt: skip
        code = _wait(what, client)
    if code:
        raise why_failed(what, Path(command[0]).name, log)


def _wait(what: str, client: "subprocess.Popen[bytes]") -> int:
    """Wait for the end, with a sign of life now and then; an interrupted set-up takes its client along."""
    try:
        while True:
            try:
                return client.wait(timeout=_SIGN_OF_LIFE)
            except subprocess.TimeoutExpired:
                say(f"{what}: still at it")
    except BaseException:
        client.terminate()
        raise


def why_failed(what: str, tool: str, log: Path) -> CannotGoOn:
    """The sentence for a client that failed, judged by the end of what it printed."""
    tail = log.read_text(errors="replace")[-20_000:]
    if "No space left on device" in tail:
        return not_enough_disk(str(log.parent), 2000, shutil.disk_usage(log.parent).free // 2**20)
    if any(sign in tail for sign in _NOBODY_ANSWERED):
        return no_registry(what, tool)
    return failed_step(what, str(log))


def fetched(target: Path, fetch: Callable[[Path], None]) -> Path:
    """The folder `target`, which `fetch` fills when it is not there yet; of two at once one works, the other waits."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        with (target.parent / f".{target.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                with whole_or_nothing(target) as part:
                    fetch(part)
    return target


@contextmanager
def whole_or_nothing(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that becomes `target` when the block ends well, and vanishes otherwise."""
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        yield part
        part.chmod(0o755)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """Raise CannotGoOn unless `folder` holds exactly the files of `sums` (name to SHA-256) with these contents."""
    for name, expected in sums.items():
        if not (folder / name).is_file() or sha256(folder / name) != expected:
            raise wrong_checksum(name)
    for name in {file.name for file in folder.iterdir()} - set(sums):
        raise wrong_checksum(name)


def read_sums(file: Path) -> dict[str, str]:
    """Read a list as sha256sum writes it: digest, two spaces, name."""
    return {name: digest for digest, name in (line.split("  ", 1) for line in file.read_text().splitlines() if line)}
