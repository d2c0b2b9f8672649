"""Deployments, Services, disruption budgets and accounts of one service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.k8s.settings import secrets
from deploy.k8s.table import DRAIN_SECONDS, METRICS_PORT, ROLES, VERSION, WEB_PORT, Role

Manifest = dict[str, Any]

PART_OF = "zhengji"
SECRETS_AT = "/run/secrets/zhengji"
USER = 10001  # deploy/images/Containerfile

MIGRATES = ("web", "worker")
"""Roles that write before anybody else: their pods create indexes first, which is safe to repeat."""


def labels(name: str, component: str) -> dict[str, str]:
    """What selects the pods of one role."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}


def reaching(dependency: str) -> str:
    """The label that lets a pod speak to a dependency."""
    return f"{PART_OF}/to-{dependency}"


def manifest(kind: str, name: str, *, version: str = "v1", own: dict[str, str] | None = None, **body: Any) -> Manifest:
    """One object of the cluster."""
    found = {"app.kubernetes.io/part-of": PART_OF, **(own or {})}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": found}, **body}


def of_service(service: str) -> Iterator[Manifest]:
    """Everything of one service but its settings."""
    yield manifest("ServiceAccount", service, automountServiceAccountToken=False)
    for (owner, name), role in ROLES.items():
        if owner == service:
            yield _deployment(service, name, role)
            yield budget(f"{service}-{name}", labels(service, name))
            if name == "web":
                yield port_of(f"{service}-web", labels(service, "web"), WEB_PORT)


def budget(name: str, selects: dict[str, str]) -> Manifest:
    """Never more than one pod of a role is taken away on purpose at a time."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": selects}}
    return manifest("PodDisruptionBudget", name, version="policy/v1", own=selects, spec=spec)


def port_of(name: str, selects: dict[str, str], port: int) -> Manifest:
    """A name inside the cluster for the pods of one role."""
    ports = [{"name": "http", "port": port, "targetPort": "http"}]
    return manifest("Service", name, own=selects, spec={"selector": selects, "ports": ports})


def pod_security() -> dict[str, Any]:
    """What the restricted pod security standard asks of a pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """The same, of a container, and no writing but to what is mounted for it."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def spread(selects: dict[str, str]) -> list[dict[str, Any]]:
    """Never two of a role on one machine while another is free; over zones where that can be had."""
    each = {"maxSkew": 1, "labelSelector": {"matchLabels": selects}, "matchLabelKeys": ["pod-template-hash"]}
    return [
        {**each, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"},
        {**each, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"},
    ]


def resources(cpu: tuple[str, str], memory: tuple[str, str]) -> dict[str, Any]:
    """What a container is promised, and what it may take."""
    return {"requests": {"cpu": cpu[0], "memory": memory[0]}, "limits": {"cpu": cpu[1], "memory": memory[1]}}


def probes(port: str, *, alive: str = "/healthz", ready: str = "/readyz") -> dict[str, Any]:
    """Started within a minute; alive while its loops turn; ready while what it needs answers."""
    healthy = {"httpGet": {"path": alive, "port": port}, "timeoutSeconds": 3}
    return {
        "startupProbe": {**healthy, "periodSeconds": 2, "failureThreshold": 30},
        "livenessProbe": {**healthy, "periodSeconds": 10, "failureThreshold": 6},
        "readinessProbe": {
            "httpGet": {"path": ready, "port": port},
            "timeoutSeconds": 6,
            "periodSeconds": 10,
            "failureThreshold": 2,
        },
    }


def scratch(size: str) -> dict[str, Any]:
    """The one folder that may be written."""
    return {"name": "tmp", "emptyDir": {"sizeLimit": size}}


def _deployment(service: str, name: str, role: Role) -> Manifest:
    selects = labels(service, name)
    spec = {
        "replicas": role.copies,
        "revisionHistoryLimit": 5,
        "strategy": _strategy(name, role),
        "selector": {"matchLabels": selects},
        "template": {
            "metadata": {
                "labels": {
                    "app.kubernetes.io/part-of": PART_OF,
                    **selects,
                    **{reaching(dependency): "yes" for dependency in role.speaks_to},
                }
            },
            "spec": _pod(service, name, role, selects),
        },
    }
    return manifest("Deployment", f"{service}-{name}", version="apps/v1", own=selects, spec=spec)


def _strategy(name: str, role: Role) -> dict[str, Any]:
    if role.copies == 1:
        return {"type": "Recreate"}
    pages = name == "web"
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0 if pages else 1, "maxSurge": 1}}


def _pod(service: str, name: str, role: Role, selects: dict[str, str]) -> dict[str, Any]:
    first = [_container(service, "migrate", role)] if name in MIGRATES else []
    return {
        "serviceAccountName": service,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "terminationGracePeriodSeconds": role.grace,
        "topologySpreadConstraints": spread(selects),
        **({"initContainers": first} if first else {}),
        "containers": [{**_container(service, name, role), **_serving(name)}],
        "volumes": [scratch(role.scratch), _secret_files(service, name)],
    }


def _container(service: str, name: str, role: Role) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"zhengji-{service}:{VERSION}",
        "imagePullPolicy": "IfNotPresent",
        "args": [name],
        "envFrom": [
            {"configMapRef": {"name": "shared-settings"}},
            {"configMapRef": {"name": f"{service}-settings"}},
        ],
        "resources": resources(role.cpu, role.memory),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # an emptyDir of the pod's own
            {"name": "secrets", "mountPath": SECRETS_AT, "readOnly": True},
        ],
    }


def _serving(name: str) -> dict[str, Any]:
    if name != "web":
        return {"ports": [{"name": "metrics", "containerPort": METRICS_PORT}], **probes("metrics")}
    return {
        "ports": [{"name": "http", "containerPort": WEB_PORT}],
        **probes("http"),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
    }


def _secret_files(service: str, role: str) -> dict[str, Any]:
    """Each secret as a file of its own, readable by the pod's group: no variable shows it, and each role its own."""
    needed, optional = secrets(service, role)
    sources = [_source(service, needed)]
    if optional:
        sources.append(_source(service, optional, optional=True))
    return {"name": "secrets", "projected": {"defaultMode": 0o440, "sources": sources}}


def _source(service: str, names: tuple[str, ...], *, optional: bool = False) -> dict[str, Any]:
    items = [{"key": name, "path": name} for name in names]
    return {"secret": {"name": f"{service}-secrets", "items": items, **({"optional": True} if optional else {})}}
