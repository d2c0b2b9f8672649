"""The one door in a cluster: the same nginx configuration as on one machine, in front of the services' names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import Template

from deploy.k8s.network import DOOR
from deploy.k8s.table import DOOR_PORT, DRAIN_SECONDS, MARGIN_SECONDS, VERSION, WEB_PORT
from deploy.k8s.workloads import (
    Manifest,
    budget,
    container_security,
    manifest,
    pod_security,
    port_of,
    probes,
    resources,
    scratch,
    spread,
)
from deploy.local import door
from deploy.local.table import PREFIXES

LOCAL = Path(door.__file__).parent
NGINX = "nginx:1.29.3"
_CONF = "/etc/nginx/door"
_ASSETS = "/assets"

# What differs behind an Ingress: it ends TLS and tells the caller's address, and only it can reach the door.
_BEHIND_INGRESS = (
    ("listen 127.0.0.1:", "listen "),
    ("proxy_set_header X-Forwarded-Proto $scheme;", "proxy_set_header X-Forwarded-Proto https;"),
    (
        "server_tokens off;",
        "server_tokens off;\n    set_real_ip_from 0.0.0.0/0;\n    real_ip_header X-Forwarded-For;",
    ),
)


def configuration() -> str:
    """nginx.conf from the template that the local stack uses."""
    text = Template((LOCAL / "nginx.conf.template").read_text()).substitute(
        user="",
        port=DOOR_PORT,
        log="/dev",
        door="/tmp",  # noqa: S108  # an emptyDir of the pod's own
        assets=_ASSETS,
        away=_CONF,
        upstreams="\n".join(door.upstream(service, f"{service}-web:{WEB_PORT}") for service in PREFIXES),
        locations="\n".join(door.location(service, path) for service, paths in PREFIXES.items() for path in paths),
    )
    for here, there in _BEHIND_INGRESS:
        assert text.count(here) == 1, f"{here!r} is not once in the template"
        text = text.replace(here, there)
    return text


def pages() -> dict[str, str]:
    """The pages nginx shows by itself."""
    return {page.name: page.read_text() for page in sorted((LOCAL / "away").iterdir())}


def of_door() -> Iterator[Manifest]:
    """The door's Deployment, name, budget and account."""
    yield manifest("ServiceAccount", "door", automountServiceAccountToken=False)
    yield _deployment()
    yield budget("door", DOOR)
    yield port_of("door", DOOR, DOOR_PORT)


def _deployment() -> Manifest:
    pod = {
        "serviceAccountName": "door",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "terminationGracePeriodSeconds": 60 + DRAIN_SECONDS + MARGIN_SECONDS,  # proxy_read_timeout is 60 s
        "topologySpreadConstraints": spread(DOOR),
        "initContainers": [_copy_assets()],
        "containers": [_nginx()],
        "volumes": [
            scratch("512Mi"),
            {"name": "assets", "emptyDir": {"sizeLimit": "64Mi"}},
            {"name": "conf", "configMap": {"name": "door-conf"}},
        ],
    }
    spec = {
        "replicas": 2,
        "revisionHistoryLimit": 5,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "selector": {"matchLabels": DOOR},
        "template": {"metadata": {"labels": {"app.kubernetes.io/part-of": "zhengji", **DOOR}}, "spec": pod},
    }
    return manifest("Deployment", "door", version="apps/v1", own=DOOR, spec=spec)


def _copy_assets() -> dict[str, object]:
    """The built stylesheet and scripts lie in every image of ours, so the door needs none of its own."""
    return {
        "name": "assets",
        "image": f"zhengji-intake:{VERSION}",
        "imagePullPolicy": "IfNotPresent",
        "command": ["cp", "-R", "/opt/zhengji/build/assets/.", _ASSETS],
        "resources": resources(("50m", "500m"), ("32Mi", "128Mi")),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "assets", "mountPath": _ASSETS}],
    }


def _nginx() -> dict[str, object]:
    return {
        "name": "nginx",
        "image": NGINX,
        "imagePullPolicy": "IfNotPresent",
        "command": ["nginx", "-c", f"{_CONF}/nginx.conf", "-e", "/dev/stderr"],
        "ports": [{"name": "http", "containerPort": DOOR_PORT}],
        **probes("http", alive="/door/healthz", ready="/door/healthz"),
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", f"sleep {DRAIN_SECONDS}; nginx -s quit"]}}},
        "resources": resources(("100m", "1"), ("64Mi", "256Mi")),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # an emptyDir of the pod's own
            {"name": "assets", "mountPath": _ASSETS, "readOnly": True},
            {"name": "conf", "mountPath": _CONF, "readOnly": True},
        ],
    }
