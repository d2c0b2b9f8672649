"""The door's configuration, judged by nginx itself with a listener behind each upstream."""

import http.client
import os
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from deploy.local.door import door_program, write_door
from deploy.local.places import Places
from deploy.local.ports import is_free
from deploy.local.processes import Processes
from deploy.local.table import SERVICES, OwnProgram

TOLD = ("Host", "X-Forwarded-For", "X-Request-Id", "X-Received-At")


class Mirror(BaseHTTPRequestHandler):
    """Says which service it plays, and what the door told it."""

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


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A door with four services behind it; the fifth, notify, does not answer."""
    here = Places(root=tmp_path_factory.mktemp("root"), var=tmp_path_factory.mktemp("var"), cache=Path())
    for folder in (here.run, here.log, here.etc, here.root / "build" / "assets"):
        folder.mkdir(parents=True, exist_ok=True)
    (here.root / "build" / "assets" / "site.css").write_text("a{}")
    servers = {name: _mirror(name) for name in SERVICES[:-1]}
    own = [OwnProgram(name, "web", port=server.server_address[1]) for name, server in servers.items()]
    port, silent = _free_ports(2)
    write_door(here, [*own, OwnProgram("notify", "web", port=silent)], port)
    program = door_program(here, port)
    processes = Processes(here.run, here.log)
    processes.start(program.name, program.command, env=dict(os.environ), cwd=here.var)
    processes.wait_ready(program.name, program.ready, seconds=20)
    yield port
    processes.stop([program.name])
    processes.stop_strays()
    for server in servers.values():
        server.shutdown()
        server.server_close()


def _mirror(name: str) -> "socketserver.ThreadingTCPServer":
    handler = type(name, (Mirror,), {"service": name})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _free_ports(count: int) -> list[int]:
    return [port for port in range(19000, 20000) if is_free(port)][:count]


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
    lies = {"X-Received-At": "1", "X-Forwarded-For": "8.8.8.8", "X-Request-Id": "short"}

    before = time.time()
    told = dict(line.split("=", 1) for line in ask(door, "/", headers=lies)[1].splitlines()[1:])

    assert told["Host"] == f"127.0.0.1:{door}"
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


def test_nginx_accepts_the_configuration_without_a_warning(tmp_path: Path) -> None:
    here = Places(root=tmp_path, var=tmp_path, cache=tmp_path)
    for folder in (here.log, here.etc):
        folder.mkdir()
    write_door(here, [OwnProgram(name, "web", port=1) for name in SERVICES], 1)

    program = door_program(here, 1)
    judged = subprocess.run([*program.command, "-t"], capture_output=True, text=True, check=False)

    assert judged.returncode == 0, judged.stderr
    assert "warn" not in judged.stderr
