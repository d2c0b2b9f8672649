"""zhengji campaign check: errors name file and line, and the exit code says so (C4)."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from zhengji.campaigns import app

FILE = Path("campaigns/2024-teacher-training.yaml")


def test_the_notice_is_a_valid_campaign() -> None:
    result = CliRunner().invoke(app, ["check", str(FILE)])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2024-teacher-training" in result.stdout


def test_each_error_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    lines = FILE.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("grace_minutes"))
    lines[at] = "grace_minutes: soon"
    file.write_text("\n".join(lines))
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}:{at + 1} grace_minutes：")


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tmp_path / "none.yaml")])
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path / 'none.yaml'}: No such file or directory\n")


def test_faulty_items_do_not_make_their_list_too_short(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(FILE.read_text().replace("weight: 20", "weight: 21"))
    result = CliRunner().invoke(app, ["check", str(file)])
    said = result.stderr.splitlines()
    assert said != []
    assert [line for line in said if "至少要有" in line] == []


def test_something_that_is_no_yaml_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("a: 1\nb: [2\nc: 3\n")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}:3 ")
