"""Every image holds what its code imports: a gap in a lock would only be noticed when the container starts."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "validation", "review", "certificate", "notify")
OURS = {"shared", "services", "zhengji", "deploy", "docs", "tests", "bench"}


def imported(*folders: Path) -> set[str]:
    trees = [ast.parse(file.read_text()) for folder in folders for file in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - OURS


def locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    return {_plain(found) for found in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}


def missing(modules: set[str], lock: str) -> list[str]:
    providers = packages_distributions()
    held = locked(lock)
    return sorted(name for name in modules if not held & {_plain(found) for found in providers.get(name, [])})


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_what_its_service_imports(service: str) -> None:
    assert missing(imported(ROOT / "shared", ROOT / "services" / service), service) == []


def test_the_machine_holds_what_everything_imports() -> None:
    assert missing(imported(*(ROOT / name for name in sorted(OURS))), "all") == []


def test_what_no_lock_holds_is_noticed() -> None:
    assert missing({"pip"}, "all") == ["pip"]


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]

    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
