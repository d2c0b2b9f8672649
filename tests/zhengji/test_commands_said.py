"""What commands say when they are called in another way than they were meant: one plain line, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.validation.domain.verdict import FileVerdict
from zhengji.__main__ import app
from zhengji.checks import _words


@pytest.mark.parametrize(
    ("made", "said"), [("folder", "是文件夹，请写明其中的文件"), ("", "没有这个文件")], ids=["folder", "nothing"]
)
def test_a_path_that_is_no_file(tmp_path: Path, made: str, said: str) -> None:
    path = tmp_path / "here"
    if made:
        path.mkdir()
    result = CliRunner().invoke(app, ["check", str(path)])
    assert (result.exit_code, result.stderr) == (1, f"{path}：{said}\n")


@pytest.mark.parametrize(
    ("low", "high", "words"), [(None, None, ""), (0, 0, "，0 字"), (4, None, "，4 字"), (2980, 2986, "，2980–2986 字")]
)
def test_the_count_is_one_number_where_it_is_one(low: int | None, high: int | None, words: str) -> None:
    class Counted:
        words_low, words_high = low, high

    verdict: FileVerdict = Counted()  # type: ignore[assignment]  # two fields are all that is read
    assert _words(verdict) == words


def test_a_check_speaks_chinese_throughout(tmp_path: Path) -> None:
    file = tmp_path / "空.docx"
    file.write_bytes(b"")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{file}：未通过（")
    assert [word for word in ("failed", "blocked", "passed") if word in result.stdout] == []


def test_a_stack_that_is_not_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ZHENGJI_"):
            monkeypatch.delenv(name)
    result = CliRunner().invoke(app, ["audit", "verify", "--var", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert result.stderr == (
        f"No stack at {tmp_path / 'nowhere'}: run `make up`, name its folder with --var, or set ZHENGJI_… yourself.\n"
    )


def test_status_may_be_read_only_to_its_first_line() -> None:
    command = [sys.executable, "-m", "deploy.local", "status", "--installed"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as status:
        assert status.stdout is not None and status.stderr is not None
        status.stdout.close()
        assert (status.wait(timeout=60), status.stderr.read()) == (0, "")
