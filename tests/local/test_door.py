"""The door's configuration, judged by nginx itself with a listener behind each upstream; and how one is replaced."""

import http.client
import os
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from deploy.local import handover
from deploy.local.door import door_program, write_door
from deploy.local.places import Places
from deploy.local.ports import is_free
from deploy.local.processes import Processes
from deploy.local.table import DRAIN_SECONDS, KEEP_ALIVE_SECONDS, SERVICES

TOLD = ("Host", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id", "X-Received-At")


class Mirror(BaseHTTPRequestHandler):
    """Says which service it plays, and what the door told it."""

    protocol_version = "HTTP/1.1"
    timeout = KEEP_ALIVE_SECONDS
    service = ""

    def do_GET(self) -> None:
        told = [f"{name}={self.headers.get(name)}" for name in TOLD]
        body = "\n".join([self.service, *told]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Mirrors(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A program behind the door."""

    daemon_threads = True


@dataclass(frozen=True)
class House:
    """A door and what is behind it."""

    places: Places
    port: int

    def move_in(self, service: str, turn: str, *, says: str = "") -> Mirrors:
        """Start a program that answers for a service when it is put in service."""
        handler = type(service, (Mirror,), {"service": says or service})
        server = Mirrors(str(self.places.web / f"{service}-web.{turn}"), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A door with four services behind it; the fifth, notify, does not answer."""
    here = Places(root=tmp_path_factory.mktemp("root"), var=tmp_path_factory.mktemp("var"), cache=Path())
    for folder in (here.run, here.log, here.etc, here.web, here.root / "build" / "assets"):
        folder.mkdir(parents=True, exist_ok=True)
    (here.root / "build" / "assets" / "site.css").write_text("a{}")
    port = next(port for port in range(19000, 20000) if is_free(port))
    house = House(here, port)
    servers = [house.move_in(name, handover.FIRST) for name in SERVICES[:-1]]
    for name in SERVICES[:-1]:
        handover.put_in_service(here, f"{name}-web", handover.FIRST)
    write_door(here, port)
    program = door_program(here, port)
    processes = Processes(here.run, here.log)
    processes.start(program.name, program.command, env=dict(os.environ), cwd=here.var)
    processes.wait_ready(program.name, program.ready, seconds=20)
    yield house
    processes.stop([program.name])
    processes.stop_strays()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def door(house: House) -> int:
    """Where the door listens."""
    return house.port


def ask(door: int, path: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", door, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "intake"), ("/notices", "intake"), ("/cases/1/sheet", "intake"), ("/api/intake/x", "intake"),
        ("/reports/1", "validation"), ("/api/validation/x", "validation"),
        ("/staff/login", "review"), ("/province", "review"), ("/showcase/2024", "review"),
        ("/certificates?number=1", "certificate"), ("/api/certificate/x", "certificate"),
        ("/certificatesx", "intake"), ("/api/unknown", "intake"),
    ],
)  # fmt: skip
def test_each_path_reaches_its_service(door: int, path: str, service: str) -> None:
    status, text = ask(door, path)

    assert (status, text.splitlines()[0]) == (200, service)


def test_the_service_is_told_host_and_caller_and_cannot_be_lied_to(door: int) -> None:
    lies = {"X-Received-At": "1", "X-Forwarded-For": "8.8.8.8", "X-Request-Id": "short", "X-Forwarded-Host": "evil.cn"}

    before = time.time()
    told = dict(line.split("=", 1) for line in ask(door, "/", headers=lies)[1].splitlines()[1:])

    assert told["Host"] == f"127.0.0.1:{door}"
    assert told["X-Forwarded-Host"] == f"127.0.0.1:{door}"
    assert told["X-Forwarded-For"] == "127.0.0.1"
    assert len(told["X-Request-Id"]) == 32
    assert before - 1 < float(told["X-Received-At"]) < time.time() + 1


def test_a_callers_own_correlation_id_is_kept(door: int) -> None:
    assert "X-Request-Id=abcdef-123456" in ask(door, "/", headers={"X-Request-Id": "abcdef-123456"})[1]


def test_a_request_counts_from_its_beginning_not_from_its_end(door: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door, timeout=10)
    connection.putrequest("POST", "/cases")
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"a")
    begun = time.time()
    while time.time() < begun + 1.2:  # a slow line: the second octet comes more than a second later
        time.sleep(0.1)
    connection.send(b"b")
    told = connection.getresponse().read().decode()
    connection.close()

    received = float(told.partition("X-Received-At=")[2].split()[0])
    assert received < begun + 0.5


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_what_is_for_operators_is_not_for_the_public(door: int, path: str) -> None:
    assert ask(door, path)[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/%00", 400), ("GET", "/metrics", 404), ("TRACE", "/", 405), ("GET", f"/?q={'x' * 40_000}", 414)],
)
def test_what_the_door_refuses_by_itself_is_explained_in_chinese(
    door: int, method: str, path: str, status: int
) -> None:
    found, text = ask(door, path, method=method)

    assert (found, "无法识别这个网址" in text) == (status, True)


def test_the_built_front_end_is_served(door: int) -> None:
    assert ask(door, "/assets/site.css") == (200, "a{}")
    assert ask(door, "/assets/../../etc/passwd")[0] in (400, 404)


def test_a_service_that_is_away_is_explained_in_chinese(door: int) -> None:
    status, text = ask(door, "/messages")

    assert status == 502
    assert "服务暂时无法使用" in text


def test_what_is_too_large_is_explained_in_chinese(door: int) -> None:
    status, text = ask(door, "/cases", method="POST", headers={"Content-Length": str(26 * 2**20)})

    assert status == 413
    assert "一次提交不能超过 25 MB" in text


def test_a_replaced_program_gets_nothing_more_once_it_is_drained(house: House) -> None:
    """The door holds connections to it and uses them all the time: they are gone when it is to end."""
    old = house.move_in("certificate", "old", says="old")
    new = house.move_in("certificate", "new", says="new")
    handover.put_in_service(house.places, "certificate-web", "old")
    answers: list[tuple[float, str]] = []
    over = threading.Event()

    def visit() -> None:
        while not over.wait(0.02):
            began = time.monotonic()
            answers.append((began, ask(house.port, "/certificates")[1].splitlines()[0]))

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    _eventually(lambda: {"old"} <= {says for _, says in answers})
    handover.put_in_service(house.places, "certificate-web", "new")
    turned = time.monotonic()
    drained = turned + DRAIN_SECONDS
    _eventually(lambda: answers[-1][0] > drained + 1)
    over.set()
    for visitor in visitors:
        visitor.join()
    for server in (old, new):
        server.shutdown()
        server.server_close()
    handover.put_in_service(house.places, "certificate-web", handover.FIRST)

    assert {says for began, says in answers if began > turned} >= {"new"}
    assert {says for began, says in answers if began > drained} == {"new"}


def _eventually(met: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nginx_accepts_the_configuration_without_a_warning(tmp_path: Path) -> None:
    here = Places(root=tmp_path, var=tmp_path, cache=tmp_path)
    for folder in (here.log, here.etc):
        folder.mkdir()
    write_door(here, 1)

    program = door_program(here, 1)
    judged = subprocess.run([*program.command, "-t"], capture_output=True, text=True, check=False)

    assert judged.returncode == 0, judged.stderr
    assert "warn" not in judged.stderr
