"""The one door: nginx in front of our web programs, configured as in production."""

import os
from pathlib import Path
from string import Template

from deploy.local import handover
from deploy.local.places import Places
from deploy.local.servers import Program
from deploy.local.table import DOOR_IDLE_SECONDS, DOOR_KEEPS_SECONDS, PREFIXES
from deploy.local.web import answers

_HERE = Path(__file__).parent


def write_door(places: Places, port: int) -> None:
    """Write nginx.conf for a door on this port."""
    (places.var / "door").mkdir(parents=True, exist_ok=True)
    template = Template((_HERE / "nginx.conf.template").read_text())
    text = template.substitute(
        # The master of a stack started by root would hand its workers to a user who cannot read the project.
        user="user root;" if os.geteuid() == 0 else "",
        port=port,
        log=places.log,
        door=places.var / "door",
        assets=places.root / "build" / "assets",
        away=_HERE / "away",
        upstreams="\n".join(upstream(service, handover.address(f"{service}-web")) for service in PREFIXES),
        locations="\n".join(location(service, path) for service, paths in PREFIXES.items() for path in paths),
    )
    (places.etc / "nginx.conf").write_text(text)


def door_program(places: Places, port: int) -> Program:
    return Program(
        name="door",
        command=("nginx", "-c", places.etc / "nginx.conf", "-p", places.var / "door", "-e", places.log_of("door")),
        ready=lambda: answers(port, "/door/healthz") == 200,
        settings={},
    )


def upstream(service: str, address: str) -> str:
    """Where a service is; no connection to it is kept for so long that it could be in use when the program ends."""
    kept = f"keepalive 16; keepalive_time {DOOR_KEEPS_SECONDS}s; keepalive_timeout {DOOR_IDLE_SECONDS}s;"
    return f"    upstream {service} {{ server {address}; {kept} }}"


def location(service: str, path: str) -> str:
    """A path and all below it, but not its neighbours: /cases and /cases/1, not /casesx."""
    if path == "/":
        return f"        location / {{ proxy_pass http://{service}; }}"
    return f"        location ~ ^{path}(/|$) {{ proxy_pass http://{service}; }}"
