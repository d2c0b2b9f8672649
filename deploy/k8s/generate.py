"""Writes deploy/k8s/base; run it as `python -m deploy.k8s.generate` after changing the tables or any settings.py."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.k8s import door, network
from deploy.k8s.settings import own_settings, secrets, shared_settings
from deploy.k8s.table import ROLES, VERSION
from deploy.k8s.workloads import Manifest, manifest, of_service
from deploy.local.table import SERVICES

BASE = Path(__file__).parent / "base"
_MADE = "# Made by `python -m deploy.k8s.generate`; change the tables beside it, not this file.\n"


def files() -> dict[str, str]:
    """Every file of the base: path below it -> text."""
    made = {
        "namespace.yaml": _yaml([_namespace()]),
        "network.yaml": _yaml([*network.policies(), network.ingress()]),
        "door.yaml": _yaml(door.of_door()),
        "door/nginx.conf": _MADE + door.configuration(),
        "settings/shared.env": _env(shared_settings()),
    }
    made |= {f"door/{name}": text for name, text in door.pages().items()}
    for service in SERVICES:
        made[f"{service}.yaml"] = _yaml(of_service(service))
        made[f"settings/{service}.env"] = _env(own_settings(service))
    made["kustomization.yaml"] = _yaml([_kustomization()])
    return made


def write(folder: Path) -> None:
    """Write every file, and remove what is no longer made."""
    made = files()
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.relative_to(folder).as_posix() not in made:
            path.unlink()
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def secret_names() -> str:
    """Which keys the Secret of each service needs; those in brackets may be missing."""
    lines = []
    for service in SERVICES:
        roles = [secrets(service, role) for owner, role in ROLES if owner == service]
        needed = sorted({name for names, _ in roles for name in names})
        optional = sorted({f"[{name}]" for _, names in roles for name in names})
        lines.append(f"{service}-secrets: {' '.join([*needed, *optional])}")
    return "\n".join(lines) + "\n"


def _namespace() -> Manifest:
    made = manifest("Namespace", "zhengji")
    made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
    return made


def _kustomization() -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "zhengji",
        "resources": ["namespace.yaml", "network.yaml", "door.yaml", *(f"{service}.yaml" for service in SERVICES)],
        # Generated, so that a changed setting gets a new name and rolls the pods that read it.
        "configMapGenerator": [
            {"name": "door-conf", "files": ["door/nginx.conf", *(f"door/{name}" for name in door.pages())]},
            {"name": "shared-settings", "envs": ["settings/shared.env"]},
            *({"name": f"{service}-settings", "envs": [f"settings/{service}.env"]} for service in SERVICES),
        ],
        "images": [{"name": f"zhengji-{service}", "newTag": VERSION} for service in SERVICES],
    }


class _Dumper(yaml.SafeDumper):
    """No anchors: each object stands for itself."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


def _yaml(documents: Iterable[Mapping[str, Any]]) -> str:
    return _MADE + yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=120)


def _env(values: Mapping[str, str]) -> str:
    return _MADE + "".join(f"{name}={value}\n" for name, value in values.items())


if __name__ == "__main__":
    if sys.argv[1:] == ["--secrets"]:
        sys.stdout.write(secret_names())
    else:
        write(BASE)
