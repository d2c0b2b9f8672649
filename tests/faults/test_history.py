"""Histories are kept whole by many threads and through a kill, and shown as a page."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.faults.checker import Anomaly, Findings, Name
from tests.faults.history import Fault, History, Kind, Operation, Outcome, Past, Sample, read_history
from tests.faults.results import quantile, report, write_results
from zhengji.play.book import Receipt

NOON = datetime(2024, 10, 10, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def a_receipt() -> Receipt:
    return Receipt(
        case_id="case",
        number="N",
        version=1,
        title="",
        category="",
        province="",
        author="",
        mobile="",
        email="author@example.org",
        password="secret",
        sha256={"document:a.docx": "abc"},
        asked=NOON,
        shown=NOON,
    )


def a_wish(id_: str, *, at: datetime, took: timedelta) -> Operation:
    return Operation(
        id=id_, person="p", kind=Kind.SUBMIT, about="case", asked=at, answered=at + took, outcome=Outcome.OK
    )


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with closing(History(tmp_path / "history.jsonl")) as made:
        yield made


def test_a_history_is_read_back_as_it_was_written(history: History) -> None:
    with history.asking("somebody", Kind.SUBMIT, about="case") as asked:
        asked.holds(a_receipt())
    with history.asking("somebody", Kind.WITHDRAW, about="case") as asked:
        asked.refused("closed")
    fault = history.fault("kill -9", "mongod-1")
    fault.saw("another primary after 2.1 s")
    fault.recovered()
    history.sample("places", "110000", 3, 5)
    past = history.read()
    assert [(each.kind, each.outcome, each.about) for each in past.operations] == [
        ("submit", Outcome.OK, "case"),
        ("withdraw", Outcome.REFUSED, "case"),
    ]
    assert past.receipts == (replace(a_receipt(), password=""),)
    assert [(each.kind, each.target, each.effect) for each in past.faults] == [
        ("kill -9", "mongod-1", "another primary after 2.1 s")
    ]
    assert past.faults[0].recovery is not None
    assert [(each.of, each.value, each.limit) for each in past.samples] == [("110000", 3, 5)]


def test_whoever_leaves_without_an_answer_does_not_know(history: History) -> None:
    with pytest.raises(TimeoutError), history.asking("somebody", Kind.SUBMIT, about="case"):
        raise TimeoutError("no answer")
    (operation,) = history.read().operations
    assert (operation.outcome, operation.said) == (Outcome.UNKNOWN, "TimeoutError: no answer")


DIES = """
import os, signal, sys
from pathlib import Path
from tests.faults.history import History
history = History(Path(sys.argv[1]))
with history.asking("somebody", "submit", about="case"):
    history._file.write('{"entry": "sample", "at"')
    history._file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_keeps_its_history(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert subprocess.run([sys.executable, "-c", DIES, str(path)], check=False).returncode == -signal.SIGKILL
    (operation,) = read_history(path).operations
    assert (operation.kind, operation.outcome, operation.answered) == ("submit", Outcome.UNKNOWN, None)
    with closing(History(path)) as history, history.asking("somebody", Kind.WITHDRAW, about="case") as asked:
        asked.ok()
    assert [each.kind for each in read_history(path).operations] == ["submit", "withdraw"]


def test_many_threads_write_whole_lines(history: History) -> None:
    def people(number: int) -> None:
        for visit in range(50):
            with history.asking(f"{number}", Kind.REGISTER, about=f"{number}-{visit}") as asked:
                asked.ok()

    threads = [threading.Thread(target=people, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    operations = history.read().operations
    assert len(operations) == len({each.about for each in operations}) == 400
    assert {each.outcome for each in operations} == {Outcome.OK}


LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def past() -> Past:
    calm = [a_wish(f"{number}", at=NOON, took=number * SECOND / 100) for number in range(1, 101)]
    rough = a_wish("rough", at=LATER, took=7 * SECOND)
    fault = Fault(
        id="f",
        kind="kill -9",
        target="kafka-2 mongodb-1",
        began=LATER,
        ended=LATER + SECOND,
        recovered=LATER + 9 * SECOND,
        effect="no leader for 3 s",
    )
    age = Sample(at=LATER, what="outbox_age", of="intake", value=4)
    return Past(operations=(*calm, rough), samples=(age,), faults=(fault,))


def test_the_page_says_how_long_people_waited_with_and_without_faults(past: Past) -> None:
    page = report(past, Findings(), {"seed": "7"})
    assert "| submit without faults, p50 and p99 | 500 ms, 990 ms (of 100) |" in page
    assert "| submit during faults, p50 and p99 | 7.0 s, 7.0 s (of 1) |" in page
    assert "| longest recovery | 8.0 s |" in page
    assert "| 5:00 | kill -9 | kafka-2 mongodb-1 | 1.0 s | 8.0 s | no leader for 3 s |" in page
    assert "seed 7: clean" in page


def test_the_page_names_what_is_wrong(past: Past) -> None:
    page = report(past, Findings((Anomaly(Name.GAP, "1 of 3 never came", {"subject": "case"}),)), {"seed": "7"})
    assert "| gap | an event of a subject missing on its topic | 1 |" in page
    assert "| gap | 1 of 3 never came | subject case |" in page
    assert "seed 7: 1 anomalies" in page


def test_the_picture_shows_a_fault_in_the_lane_of_each_thing_it_struck(past: Past, tmp_path: Path) -> None:
    write_results(tmp_path, past, Findings(), {"seed": "7"})
    assert {each.name for each in tmp_path.iterdir()} == {"results.md", "timeline.svg", "findings.json"}
    picture = ElementTree.parse(tmp_path / "timeline.svg").getroot()
    words = ["".join(each.itertext()) for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"kafka-2", "mongodb-1", "intake", "Receipts per second", "0:00", "5:00"} <= set(words)
    titles = ["".join(each.itertext()) for each in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert titles.count("kill -9 kafka-2 mongodb-1: no leader for 3 s") == 2


def test_the_nearest_rank_is_one_of_the_values() -> None:
    assert [quantile([3, 1, 2], share) for share in (0.0, 0.5, 0.99)] == [1, 2, 3]
