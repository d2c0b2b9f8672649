"""Trouble of the store is Away, whatever the store calls it; what a person can mend is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.objects import Objects
from shared.trouble import Away, NotThere

ANSWERS = {
    "full": (507, "XMinioStorageFull"),
    "no-quorum": (503, "SlowDownWrite"),
    "unheard-of": (500, "XMinioSomethingNew"),
}


class _Answering(BaseHTTPRequestHandler):
    """Answers by the first part of the object's key."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.path.split("/")[2]
        status, code = ANSWERS.get(key, (404, "NoSuchKey"))
        body = f"<Error><Code>{code}</Code><Message>no</Message><Resource>{self.path}</Resource></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = _answer  # the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def objects() -> Iterator[Objects]:
    """A client of a store that has nothing but trouble."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Objects(_Settings(f"http://127.0.0.1:{server.server_port}"))
    server.shutdown()
    server.server_close()


class _Settings:
    """Where the store is."""

    s3_access_key = s3_secret_key = "nobody-knows"
    s3_region = "cn-north-1"
    s3_bucket = "cases"

    def __init__(self, endpoint: str) -> None:
        self.s3_endpoint = self.s3_public_endpoint = endpoint


@pytest.mark.parametrize("trouble", ANSWERS)
def test_trouble_of_the_store_is_away(objects: Objects, trouble: str) -> None:
    with pytest.raises(Away):
        list(objects.chunks(f"{trouble}/file"))


def test_what_is_not_there_is_not_away(objects: Objects) -> None:
    with pytest.raises(NotThere):
        list(objects.chunks("missing/file"))
