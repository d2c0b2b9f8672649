# ruff: noqa: E501 - tables read better with one case a line
"""V8: whatever a file does to its reader, there is a finding, the cell lives on, and nothing leaves it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.validation.adapters.sandbox import Sandbox, SandboxLimits, Stalled
from services.validation.domain.findings import Code
from services.validation.domain.headings import SoughtPart
from shared import seccomp
from tests.validation.documents import docx, four_parts

HONEST = docx(four_parts())


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "案例.docx"
    path.write_bytes(HONEST)
    yield path


def run_child(
    code: str, *, cpu: int = 1, wall: float = 100.0, memory: int = 128 * 1024 * 1024, path: str = "x"
) -> dict[str, str]:
    """Serve one request in a cell whose reader is `code`; the answer, as the sandbox would hear it."""
    program = f"""
import json, sys, os, time, socket
from pathlib import Path
from services.validation.adapters import cell, reader
def read_file(path, *, name, sought):
    {code}
reader.read_file = read_file
print(json.dumps(cell._serve({{"path": {path!r}, "name": "x", "sought": [], "cpu": {cpu}, "wall": {wall}, "memory": {memory}}})))
"""
    import json

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=150)
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("while True: pass", "cpu"),
        ("x = bytearray(1 << 30)", "memory"),
        ("os.kill(os.getpid(), 11) if False else os._exit(7)", "exit 7"),
        ("os.abort()", "signal 6"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
        ("raise RuntimeError('x')", "error"),
        ("def f(): return f()\n    f()", "error"),
        ("os.write(1, b'noise'); print('noise'); raise SystemExit(0)", "error"),
    ],
)
def test_a_reader_that_dies_is_told(code: str, end: str) -> None:
    assert run_child(code)["end"] == end


def test_a_reader_that_sleeps_is_ended_by_the_wall() -> None:
    answer = run_child("time.sleep(60)", wall=0.5)
    assert (answer["end"], float(answer["cpu"]) < 1) == ("wall", True)


def test_an_endless_answer_is_cut() -> None:
    answer = run_child("from services.validation.domain.verdict import Reading; return Reading(kind='x' * 3_000_000)")
    assert answer["end"] == "output"


@pytest.mark.skipif(not seccomp.available(), reason="seccomp is not known for this machine")
@pytest.mark.parametrize(
    "code",
    [
        "socket.create_connection(('127.0.0.1', {port}))",
        "socket.socket(socket.AF_UNIX)",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 9)",
        "open({canary!r}, 'w')",
        "open({canary!r}, 'a')",
        "os.unlink({canary!r})",
        "os.rename({canary!r}, {canary!r} + '2')",
        "os.mkdir({canary!r} + '.d')",
        "os.chmod({canary!r}, 0)",
        "os.symlink('/etc/passwd', {canary!r} + '.l')",
        "os.truncate({canary!r}, 0)",
    ],
)
def test_a_reader_reaches_neither_network_nor_disk(code: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("alive")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        filled = code.format(port=listener.getsockname()[1], canary=str(canary))
        answer = run_child(f"try:\n        {filled}\n    except PermissionError: os._exit(42)\n    os._exit(43)")
        with pytest.raises(TimeoutError):
            listener.accept()
    assert answer["end"] == "exit 42"
    assert [path.name for path in tmp_path.iterdir()] == ["canary"]
    assert canary.read_text() == "alive"


def test_the_cell_reads_on_after_a_death(file: Path) -> None:
    with Sandbox(SandboxLimits(memory=1)) as small:
        too_many = [SoughtPart(code=str(number), names=(str(number),)) for number in range(100_000)]
        reading = small.read(file, name="a.docx", sought=too_many)  # there is no room for them, whoever asks for it
        assert [sign.code for sign in reading.signs] == [Code.UNREADABLE]
    with Sandbox() as sandbox:
        assert sandbox.read(file, name="a.docx", sought=()).kind == "docx"
        assert sandbox._cell is not None
        sandbox._cell.kill()
        sandbox._cell.wait()
        assert sandbox.read(file, name="a.docx", sought=()).kind == "docx"


def test_wall_time_without_processor_time_is_not_the_files_fault(file: Path) -> None:
    with Sandbox(SandboxLimits(wall=0.0)) as sandbox, pytest.raises(Stalled):
        sandbox.read(file, name="a.docx", sought=())


def test_no_secret_reaches_the_cell(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_OBJECTS_SECRET_KEY", "hush")
    with Sandbox() as sandbox:
        sandbox.read(file, name="a.docx", sought=())
        assert sandbox._cell is not None
        environment = Path(f"/proc/{sandbox._cell.pid}/environ").read_bytes()
    assert b"hush" not in environment
