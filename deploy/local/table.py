"""Our own programs: one line each, in the order in which they start."""

from dataclasses import dataclass
from pathlib import Path

SERVICES = ("intake", "validation", "review", "certificate", "notify")

# A worker's heartbeat must not wait for a busy disk.
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes an unnamed file there

# Arithmetic of an orderly end, on one machine as in a cluster. The door keeps a connection to a web program for at most
# as long as these two together, and lets it go before the program would. So a program that gets no new connections has
# none at all after that time, and may end: nothing can be on its way to it.
DOOR_KEEPS_SECONDS = 3
DOOR_IDLE_SECONDS = 2
KEEP_ALIVE_SECONDS = 15
GRACEFUL_SECONDS = 8
DRAIN_SECONDS = DOOR_KEEPS_SECONDS + DOOR_IDLE_SECONDS + 1

# (service, role); web answers people and programs, worker tells and hears events, the others do one kind of work.
TABLE: tuple[tuple[str, str], ...] = (
    *((service, "web") for service in SERVICES),
    *((service, "worker") for service in SERVICES),
    ("validation", "checker"),
    ("certificate", "maker"),
    ("notify", "sender"),
    ("notify", "mailbox"),
)

# A whole year is played in minutes here, and the mail server is our own: no provider's limits, no long waits. Experts
# may open documents under neutral names, as no redacted copies are made yet.
LOCAL_SETTINGS: dict[str, str] = {
    "ZHENGJI_EXPERTS_MAY_OPEN_ORIGINALS": "true",
    "ZHENGJI_LETTERS_PER_MINUTE": "6000",
    "ZHENGJI_LETTERS_PER_MINUTE_AND_DOMAIN": "6000",
    "ZHENGJI_LETTERS_BURST": "1000",
    "ZHENGJI_LETTER_FIRST_WAIT_SECONDS": "2",
    "ZHENGJI_LETTER_LEASE_SECONDS": "15",
    "ZHENGJI_MAILBOX_EVERY_SECONDS": "1",
}

# Which service answers below which path; the longest prefix wins.
PREFIXES: dict[str, tuple[str, ...]] = {
    "intake": (
        "/", "/notices", "/register", "/login", "/logout", "/account", "/cases", "/receipts", "/uploads", "/api/intake",
    ),
    "validation": ("/reports", "/api/validation"),
    "review": ("/staff", "/province", "/expert", "/centre", "/results", "/showcase", "/api/review"),
    "certificate": ("/certificates", "/api/certificate"),
    "notify": ("/messages", "/letters", "/api/notify"),
}  # fmt: skip


@dataclass(frozen=True)
class OwnProgram:
    """One of our programs, with the port it listens on."""

    service: str
    role: str
    port: int
    """Where /healthz, /readyz and /metrics answer, and for a web role the pages as well."""
    turn: str = ""
    socket: str = ""
    """Where a web role answers the door; it takes turns with its successor."""

    @property
    def name(self) -> str:
        return f"{self.service}-{self.role}"

    def command(self, python: Path) -> tuple[str | Path, ...]:
        if self.role != "web":
            return (python, "-m", f"services.{self.service}", self.role)
        return (
            python, "-m", "gunicorn", "--worker-class", "shared.web.worker.Worker", "--workers", "1", "--threads", "8",
            "--no-control-socket", "--worker-tmp-dir", _SHARED_MEMORY,
            "--graceful-timeout", str(GRACEFUL_SECONDS), "--keep-alive", str(KEEP_ALIVE_SECONDS),
            "--bind", f"127.0.0.1:{self.port}", *(("--bind", f"unix:{self.socket}") if self.socket else ()),
            f"services.{self.service}.wiring:create_app()",
        )  # fmt: skip
