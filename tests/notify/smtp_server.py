"""A mail server that answers as it is told: one scripted answer for a step, yes for everything else."""

from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass, field


@dataclass
class Script:
    """Answers by the first word of a command, or ``.`` for the end of the data; ``cut`` closes instead."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    connections: int = 0

    def answer(self, step: str, usual: str) -> str:
        """The next answer for this step."""
        waiting = self.answers.get(step, [])
        return waiting.pop(0) if waiting else usual


class _Talk(socketserver.StreamRequestHandler):
    server: ScriptedServer

    def handle(self) -> None:
        script = self.server.script
        script.connections += 1
        if not self._say(script.answer("banner", "220 scripted")):
            return
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper().decode()
            usual = {"EHLO": "250 scripted", "DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 ok")
            answer = script.answer(word, usual)
            if not self._say(answer) or word == "QUIT":
                return
            if answer.startswith("354") and not self._take(script):
                return

    def _take(self, script: Script) -> bool:
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            line = self.rfile.readline()
            if not line:
                return False
            content += line
        script.taken.append(content[:-5])
        return self._say(script.answer(".", "250 taken"))

    def _say(self, answer: str) -> bool:
        if answer == "cut":
            return False
        self.wfile.write(f"{answer}\r\n".encode())
        return True


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Runs in a thread while it is entered."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.script = script
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
