"""deploy/k8s is what its tables make, is valid, and keeps its rules; each rule is seen to fail once."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.k8s import generate
from deploy.k8s.settings import own_settings, secrets, settings_class, shared_settings
from deploy.k8s.table import ROLES
from deploy.local.table import PREFIXES, SERVICES
from tests.architecture.alone import SURROUNDINGS
from tests.architecture.kubernetes import RULES, Manifest, manifests, of_kind

FOUND = manifests(generate.BASE)


def test_base_was_made_again() -> None:
    on_disk = {
        file.relative_to(generate.BASE).as_posix(): file.read_text()
        for file in generate.BASE.rglob("*")
        if file.is_file()
    }
    assert on_disk == generate.files(), "run python -m deploy.k8s.generate"


@pytest.mark.parametrize("manifest", FOUND, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_manifest_is_valid(manifest: Manifest) -> None:
    assert kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_an_unknown_field_is_not_valid() -> None:
    manifest = copy.deepcopy(of_kind(FOUND, "Deployment")["intake-web"])
    manifest["spec"]["replicaz"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("name", RULES)
def test_rule_holds(name: str) -> None:
    assert list(RULES[name](FOUND)) == []


def _spec(found: list[Manifest], name: str) -> Any:
    return of_kind(found, "Deployment")[name]["spec"]


def _pod(found: list[Manifest], name: str) -> Any:
    return _spec(found, name)["template"]["spec"]


def _first(found: list[Manifest], name: str) -> Any:
    return _pod(found, name)["containers"][0]


def _labels(found: list[Manifest], name: str) -> Any:
    return _spec(found, name)["template"]["metadata"]["labels"]


BREAKAGES: dict[str, Callable[[list[Manifest]], object]] = {
    "every_role_has_a_deployment": lambda found: found.remove(of_kind(found, "Deployment")["validation-checker"]),
    "pods_are_restricted": lambda found: _first(found, "intake-web")["securityContext"].update(capabilities={}),
    "pods_have_limits": lambda found: _first(found, "intake-web")["resources"].pop("limits"),
    "images_have_versions": lambda found: _first(found, "intake-web").update(image="zhengji-intake:latest"),
    "pods_are_probed": lambda found: _first(found, "notify-sender").pop("readinessProbe"),
    "pods_end_in_order": lambda found: _pod(found, "review-web").update(terminationGracePeriodSeconds=18),
    "pods_are_spread_and_kept": lambda found: found.remove(of_kind(found, "PodDisruptionBudget")["review-web"]),
    "one_mailbox_has_one_reader": lambda found: _spec(found, "notify-mailbox").update(replicas=2),
    "the_network_is_closed": lambda found: found.remove(of_kind(found, "NetworkPolicy")["default-deny"]),
    "only_workers_reach_kafka": lambda found: _labels(found, "intake-web").update({"zhengji/to-kafka": "yes"}),
    "no_secret_is_written_down": lambda found: _first(found, "intake-web").update(env=[{"name": "A", "value": "b"}]),
}


@pytest.mark.parametrize("name", RULES)
def test_rule_falls(name: str) -> None:
    found = copy.deepcopy(FOUND)
    BREAKAGES[name](found)
    assert {each for each, check in RULES.items() if list(check(found))} == {name}


@pytest.mark.parametrize(("service", "role"), ROLES)
def test_settings_of_a_role_can_be_read(
    service: str, role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pod gets, variables and files, is enough for its settings class and understood by it."""
    pem = "-----BEGIN CERTIFICATE-----"
    known = {f"ZHENGJI_{name}": value for name, value in SURROUNDINGS.items()}
    known |= {"ZHENGJI_AUTHOR_PUBLIC_KEYS": "[]", "ZHENGJI_STAFF_PUBLIC_KEYS": "[]"}
    for name in secrets(service, role)[0]:
        (tmp_path / name).write_text(known.get(name, pem))
    for name in known:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**shared_settings(), **own_settings(service)}.items():
        monkeypatch.setenv(name, value)
    settings = settings_class(service)(_secrets_dir=str(tmp_path))
    assert settings.secret_key == known["ZHENGJI_SECRET_KEY"]


def test_a_door_knows_every_prefix() -> None:
    conf = (generate.BASE / "door/nginx.conf").read_text()
    for service, paths in PREFIXES.items():
        assert f"upstream {service} {{ server {service}-web:8000;" in conf
        for path in paths:
            address = "/ {" if path == "/" else f"~ ^{path}(/|$) {{"
            assert f"location {address} proxy_pass http://{service}; }}" in conf


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    """With names that resolve here and a folder that exists here in place of the pod's."""
    conf = (generate.BASE / "door/nginx.conf").read_text()
    for service in SERVICES:
        conf = conf.replace(f"server {service}-web:8000;", "server 127.0.0.1:8000;")
    conf = conf.replace(" /tmp/", f" {tmp_path}/").replace("/etc/nginx/door", str(generate.BASE / "door"))
    (tmp_path / "nginx.conf").write_text(conf)
    nginx = shutil.which("nginx")
    assert nginx
    tried = subprocess.run(
        [nginx, "-t", "-c", tmp_path / "nginx.conf", "-e", "stderr"], capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr


def test_kustomization_names_files_that_exist() -> None:
    kustomization = yaml.safe_load((generate.BASE / "kustomization.yaml").read_text())
    files = [*kustomization["resources"]]
    for made in kustomization["configMapGenerator"]:
        files += [*made.get("files", []), *made.get("envs", [])]
    assert [name for name in files if not (generate.BASE / name).is_file()] == []
