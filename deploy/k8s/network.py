"""Who may speak to whom: nobody, but for the ways named here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.k8s.table import DOOR_PORT, INSIDE, METRICS_PORT, OUTSIDE, WEB_PORT
from deploy.k8s.workloads import Manifest, labels, manifest, reaching

_PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]
DOOR = labels("door", "web")


def policies() -> Iterator[Manifest]:
    """Everything is closed; then one policy opens one way."""
    yield _policy("default-deny", {}, policyTypes=["Ingress", "Egress"])
    yield _policy("to-names", {}, egress=[{"to": [_namespace("dns")], "ports": _ports(53, "UDP", "TCP")}])
    yield _policy("ingress-to-door", DOOR, ingress=[{"from": [_namespace("ingress")], "ports": _ports(DOOR_PORT)}])
    yield _policy("door-to-pages", DOOR, egress=[{"to": [_pods(_PAGES)], "ports": _ports(WEB_PORT)}])
    yield _policy("pages-from-door", _PAGES, ingress=[{"from": [_pods(DOOR)], "ports": _ports(WEB_PORT)}])
    watched = [*_ports(WEB_PORT), *_ports(METRICS_PORT)]
    yield _policy("metrics-from-monitoring", {}, ingress=[{"from": [_namespace("monitoring")], "ports": watched}])
    for name, port in INSIDE.items():
        way = {"to": [_namespace(name)], "ports": _ports(port)}
        yield _policy(f"to-{name}", {reaching(name): "yes"}, egress=[way])
    for name, ports in OUTSIDE.items():
        world = {"ipBlock": {"cidr": "0.0.0.0/0", "except": _PRIVATE}}
        way = {"to": [world], "ports": [one for port in ports for one in _ports(port)]}
        yield _policy(f"to-{name}", {reaching(name): "yes"}, egress=[way])


_PAGES = {"app.kubernetes.io/part-of": "zhengji", "app.kubernetes.io/component": "web"}


def ingress() -> Manifest:
    """The way in from the world; nginx behind it stamps when a request arrived and knows the prefixes."""
    backend = {"service": {"name": "door", "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec = {
        "rules": [{"host": "zhengji.example", "http": {"paths": [path]}}],
        "tls": [{"hosts": ["zhengji.example"], "secretName": "zhengji-tls"}],
    }
    return manifest("Ingress", "door", version="networking.k8s.io/v1", own=DOOR, spec=spec)


def _policy(name: str, selects: dict[str, str], **ways: Any) -> Manifest:
    kinds = [kind for kind, key in (("Ingress", "ingress"), ("Egress", "egress")) if key in ways]
    spec = {"podSelector": {"matchLabels": selects} if selects else {}, "policyTypes": kinds, **ways}
    return manifest("NetworkPolicy", name, version="networking.k8s.io/v1", spec=spec)


def _namespace(holds: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"zhengji/holds": holds}}}


def _pods(selects: dict[str, str]) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": selects}}


def _ports(port: int, *protocols: str) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": protocol} for protocol in protocols or ("TCP",)]
