"""gunicorn's worker of ours under a real crowd: it measures the wait, visitors stand in line, handing in goes on."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.browser.gallery import author_cookie
from tests.shared.crowded_app import WORK

THREADS = 2
CAN_DO = THREADS / WORK
"""Requests a second."""


@pytest.fixture
def base() -> Iterator[str]:
    """Where the app is served, by two threads."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "shared.web.worker.Worker", "--workers", "1"]
    command += ["--threads", str(THREADS), "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    with subprocess.Popen([*command, "tests.shared.crowded_app:create()"]) as gunicorn:
        try:
            until_ready(f"http://127.0.0.1:{port}/healthz")
            yield f"http://127.0.0.1:{port}"
        finally:
            gunicorn.terminate()


def until_ready(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "gunicorn does not answer"
        time.sleep(0.1)


def come(base: str, path: str, rate: float, seconds: float, answers: list[tuple[str, int, float]]) -> None:
    """Open loop: each visitor comes in time, whatever became of those before."""
    coming = []

    def visit() -> None:
        began = time.monotonic()
        who = {"author": author_cookie()} if path == "/hand-in" else {}
        with httpx.Client(timeout=60, cookies=who) as visitor:
            status = visitor.get(f"{base}{path}", headers={"Accept": "text/html"}).status_code
        answers.append((path, status, time.monotonic() - began))

    begin = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, begin + number / rate - time.monotonic()))
        coming.append(threading.Thread(target=visit))
        coming[-1].start()
    for each in coming:
        each.join()


def test_a_crowd_stands_in_line_while_others_hand_in(base: str) -> None:
    """Half as many again as can be served, for six seconds, and a few of them hand in."""
    answers: list[tuple[str, int, float]] = []
    crowd = threading.Thread(target=come, args=(base, "/front", 1.5 * CAN_DO, 6, answers))
    few = threading.Thread(target=come, args=(base, "/hand-in", 0.1 * CAN_DO, 6, answers))
    crowd.start()
    few.start()
    crowd.join()
    few.join()
    found = Counter((path, status) for path, status, _ in answers)
    assert set(found) == {("/front", 200), ("/front", 429), ("/hand-in", 200)}, found
    assert found["/front", 200] > 0.4 * CAN_DO * 6, "what could be served was not"
    assert 'zhengji_http_turned_away_total{importance="browsing",service="tried"}' in httpx.get(f"{base}/metrics").text


def test_whoever_comes_alone_is_never_judged(base: str) -> None:
    answers: list[tuple[str, int, float]] = []
    come(base, "/front", 0.5 * CAN_DO, 3, answers)
    assert {status for _, status, _ in answers} == {200}
