"""What each role needs in a cluster: copies, processor, memory, time to end, and what it speaks to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.table import DOOR_IDLE_SECONDS, DOOR_KEEPS_SECONDS, GRACEFUL_SECONDS, TABLE
from shared.version import VERSION as VERSION

WEB_PORT = 8000
METRICS_PORT = 9100
DOOR_PORT = 8080

# Arithmetic of an orderly end. A pod that is told to go still gets new connections for a few seconds, until every proxy
# knows, and the door keeps one for a few seconds more.
PROXIES_KNOW_SECONDS = 5
DRAIN_SECONDS = PROXIES_KNOW_SECONDS + DOOR_KEEPS_SECONDS + DOOR_IDLE_SECONDS
END_SECONDS = 10  # shared.process ends all loops in it
MARGIN_SECONDS = 7


@dataclass(frozen=True, kw_only=True)
class Role:
    """One Deployment. ``loops`` are the threads a role without pages turns; ``speaks_to`` opens ways out of the pod."""

    copies: int = 2
    cpu: tuple[str, str]
    memory: tuple[str, str]
    scratch: str
    speaks_to: tuple[str, ...]
    loops: int = 0

    @property
    def grace(self) -> int:
        """Seconds between being told to end and being killed."""
        return (END_SECONDS if self.loops else DRAIN_SECONDS + GRACEFUL_SECONDS) + MARGIN_SECONDS


WEB = Role(cpu=("200m", "1"), memory=("192Mi", "512Mi"), scratch="256Mi", speaks_to=("mongodb", "objects"))
WORKER = Role(
    cpu=("100m", "1"), memory=("192Mi", "512Mi"), scratch="64Mi", speaks_to=("mongodb", "kafka", "objects"), loops=4
)

ROLES: Mapping[tuple[str, str], Role] = {
    **{place: WEB for place in TABLE if place[1] == "web"},
    **{place: WORKER for place in TABLE if place[1] == "worker"},
    ("validation", "checker"): Role(
        cpu=("500m", "2"), memory=("512Mi", "1536Mi"), scratch="2Gi", speaks_to=("mongodb", "objects"), loops=1
    ),
    ("certificate", "maker"): Role(
        cpu=("250m", "1"), memory=("256Mi", "768Mi"), scratch="256Mi", speaks_to=("mongodb", "objects"), loops=1
    ),
    ("notify", "sender"): Role(
        cpu=("50m", "500m"), memory=("128Mi", "256Mi"), scratch="64Mi", speaks_to=("mongodb", "smtp"), loops=2
    ),
    ("notify", "mailbox"): Role(
        copies=1,  # one mailbox, one reader
        cpu=("50m", "500m"),
        memory=("128Mi", "384Mi"),
        scratch="64Mi",
        speaks_to=("mongodb", "imap", "objects"),
        loops=1,
    ),
}

# Where each dependency listens. Those inside the cluster live in a namespace labelled zhengji/holds: <name>.
INSIDE: Mapping[str, int] = {"mongodb": 27017, "kafka": 9092, "objects": 9000}
OUTSIDE: Mapping[str, tuple[int, ...]] = {"smtp": (465, 587), "imap": (993,)}
