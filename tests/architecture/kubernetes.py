"""What the manifests of deploy/k8s promise, looked at as plain values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from deploy.k8s.table import DRAIN_SECONDS, END_SECONDS, ROLES

Manifest = dict[str, Any]
Rule = Callable[[list[Manifest]], Iterator[str]]
RULES: dict[str, Rule] = {}
_SECOND = re.compile(r"--graceful-timeout (\d+)")
_START = Path(__file__).parents[2] / "deploy/images/start"


def manifests(base: Path) -> list[Manifest]:
    """Every object of the base."""
    files = [file for file in sorted(base.glob("*.yaml")) if file.name != "kustomization.yaml"]
    return [found for file in files for found in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def of_kind(found: list[Manifest], kind: str) -> dict[str, Manifest]:
    """The objects of one kind by name."""
    return {each["metadata"]["name"]: each for each in found if each["kind"] == kind}


def pods(found: list[Manifest]) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Name, labels and pod of every Deployment."""
    for name, each in of_kind(found, "Deployment").items():
        template = each["spec"]["template"]
        yield name, template["metadata"]["labels"], template["spec"]


def rule(check: Rule) -> Rule:
    """Count it among the rules."""
    RULES[check.__name__] = check
    return check


@rule
def every_role_has_a_deployment(found: list[Manifest]) -> Iterator[str]:
    """One for each program of the local stack, and the door."""
    wanted = {f"{service}-{role}" for service, role in ROLES} | {"door"}
    there = set(of_kind(found, "Deployment"))
    yield from (f"{name} is missing or not asked for" for name in sorted(wanted ^ there))


@rule
def pods_are_restricted(found: list[Manifest]) -> Iterator[str]:
    """The restricted pod security standard, no account token, a read-only root."""
    for name, _, pod in pods(found):
        security = pod["securityContext"]
        if not security.get("runAsNonRoot") or security.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name} may run as root or without seccomp"
        if pod.get("automountServiceAccountToken") is not False or pod.get("enableServiceLinks") is not False:
            yield f"{name} gets a token or the addresses of its neighbours"
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            own = container.get("securityContext", {})
            shut = own.get("allowPrivilegeEscalation") is False and own.get("readOnlyRootFilesystem") is True
            if not shut or own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name}/{container['name']} may do too much"


@rule
def pods_have_limits(found: list[Manifest]) -> Iterator[str]:
    """Requests and limits of processor and memory; every folder that may be written is bounded."""
    for name, _, pod in pods(found):
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            for side in ("requests", "limits"):
                if set(container.get("resources", {}).get(side, {})) != {"cpu", "memory"}:
                    yield f"{name}/{container['name']} has no {side}"
        yield from (
            f"{name} may fill {volume['name']}"
            for volume in pod["volumes"]
            if "emptyDir" in volume and not volume["emptyDir"].get("sizeLimit")
        )


@rule
def images_have_versions(found: list[Manifest]) -> Iterator[str]:
    """No image without a tag, none called latest."""
    for name, _, pod in pods(found):
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            tag = container["image"].rpartition(":")[2] if ":" in container["image"] else ""
            if tag in {"", "latest"}:
                yield f"{name}/{container['name']} runs {container['image']}"


@rule
def pods_are_probed(found: list[Manifest]) -> Iterator[str]:
    """Liveness, readiness and start are asked for at a port that the container names."""
    for name, _, pod in pods(found):
        for container in pod["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if container.get(probe, {}).get("httpGet", {}).get("port") not in ports:
                    yield f"{name}/{container['name']} has no {probe}"


@rule
def pods_end_in_order(found: list[Manifest]) -> Iterator[str]:
    """Time to drain, to finish what was begun and a margin fit into the grace period."""
    started = _SECOND.search(_START.read_text(encoding="utf-8"))
    assert started, "deploy/images/start names no graceful timeout"
    for name, labels, pod in pods(found):
        pages = labels["app.kubernetes.io/component"] == "web"
        if pages and not pod["containers"][0].get("lifecycle", {}).get("preStop"):
            yield f"{name} stops before proxies know"
        role = ROLES.get((labels["app.kubernetes.io/name"], labels["app.kubernetes.io/component"]))
        loops = role.loops if role else 0
        least = DRAIN_SECONDS + int(started[1]) if pages else END_SECONDS * bool(loops)
        if pod["terminationGracePeriodSeconds"] <= least:
            yield f"{name} is killed before it can have ended"


@rule
def pods_are_spread_and_kept(found: list[Manifest]) -> Iterator[str]:
    """A disruption budget selects each, and constraints spread it over machines and zones."""
    kept = [each["spec"]["selector"]["matchLabels"] for each in of_kind(found, "PodDisruptionBudget").values()]
    for name, labels, pod in pods(found):
        if sum(set(selector.items()) <= set(labels.items()) for selector in kept) != 1:
            yield f"{name} has no disruption budget of its own"
        spread = {each["topologyKey"] for each in pod["topologySpreadConstraints"]}
        if spread != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
            yield f"{name} is not spread"


@rule
def one_mailbox_has_one_reader(found: list[Manifest]) -> Iterator[str]:
    """Never two at a time, not even while one replaces the other."""
    spec = of_kind(found, "Deployment")["notify-mailbox"]["spec"]
    if spec["replicas"] != 1 or spec["strategy"] != {"type": "Recreate"}:
        yield "notify-mailbox may run twice"


@rule
def the_network_is_closed(found: list[Manifest]) -> Iterator[str]:
    """Default deny in both directions, and no policy that opens a way to everybody."""
    policies = of_kind(found, "NetworkPolicy")
    deny = policies.pop("default-deny", {"spec": None})
    if deny["spec"] != {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}:
        yield "nothing denies by default"
    for name, policy in policies.items():
        for way in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]:
            if not way.get("ports") or not (way.get("from") or way.get("to")):
                yield f"{name} opens a way to everybody"


@rule
def only_workers_reach_kafka(found: list[Manifest]) -> Iterator[str]:
    """A web process holds no Kafka client, so its pod has no way there."""
    for name, labels, _ in pods(found):
        if ("zhengji/to-kafka" in labels) != (labels["app.kubernetes.io/component"] == "worker"):
            yield f"{name} reaches Kafka, or cannot and must"


@rule
def no_secret_is_written_down(found: list[Manifest]) -> Iterator[str]:
    """Secrets are named, never held; the key that signs certificates reaches the maker alone."""
    yield from (f"{name} holds secrets" for name in of_kind(found, "Secret"))
    for name, _, pod in pods(found):
        if any(container.get("env") for container in [*pod.get("initContainers", []), *pod["containers"]]):
            yield f"{name} has variables of its own"
        if "ZHENGJI_SIGNING_KEY_PEM" in str(pod["volumes"]) and name != "certificate-maker":
            yield f"{name} gets the signing key"
