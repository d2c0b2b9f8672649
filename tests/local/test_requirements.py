"""Every image holds what its code imports: a gap in a lock would only be noticed when the container starts."""

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "validation", "review", "certificate", "notify")
OURS = {"shared", "services", "zhengji", "deploy", "docs", "tests", "bench"}


def imported(files: Iterable[Path]) -> set[str]:
    trees = [ast.parse(file.read_text()) for file in files]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - OURS


def reached(service: str) -> list[Path]:
    """The service's own modules, and those of shared that they import, or that these import in turn."""
    found: dict[Path, None] = dict.fromkeys((ROOT / "services" / service).rglob("*.py"))
    waiting = list(found)
    while waiting:
        tree = ast.parse(waiting.pop().read_text())
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            new = {file for name in names if name.startswith("shared") for file in _files_of(name)} - found.keys()
            found |= dict.fromkeys(new)
            waiting += new
    return list(found)


def _files_of(module: str) -> list[Path]:
    path = ROOT / module.replace(".", "/")
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


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
    assert missing(imported(reached(service)), service) == []


def test_what_pages_and_workers_share_is_reached() -> None:
    files = {str(file.relative_to(ROOT)) for file in reached("notify")}
    assert {"shared/records/records.py", "shared/web/app.py", "shared/messaging/kafka.py"} <= files
    assert "shared/typesetting.py" not in files


def test_the_machine_holds_what_everything_imports() -> None:
    assert missing(imported(file for name in sorted(OURS) for file in (ROOT / name).rglob("*.py")), "all") == []


def test_what_no_lock_holds_is_noticed() -> None:
    assert missing({"pip"}, "all") == ["pip"]


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]

    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
