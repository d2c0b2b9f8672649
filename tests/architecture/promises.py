"""The standing promises: each looks at a tree and names what breaks it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.architecture.tree import SERVICES, Source, Tree

Promise = Callable[[Tree], Iterator[str]]
PROMISES: dict[str, Promise] = {}
STARTING: set[str] = set()
"""Promises that can only be seen by starting the services."""

# Addresses that answer anybody. Everything else asks who you are and whether you may.
PUBLIC: dict[str, frozenset[str]] = {
    "intake": frozenset(
        {
            "/", "/notices", "/notices/privacy", "/register", "/login", "/login/forgot", "/login/reset", "/logout",
            "/receipts/verify", "/receipts/keys.json",
            "/co-author/<case_id>/<code>", "/co-author/<case_id>/<code>/refuse",
            "/api/intake/now",
        }
    ),
    "validation": frozenset(),
    "review": frozenset(
        {
            "/results", "/results/<case_id>", "/showcase",
            "/staff/activate", "/staff/login", "/staff/second-factor", "/staff/second-factor.svg",
        }
    ),
    "certificate": frozenset(
        {
            "/certificates", "/certificates/number", "/certificates/<number>/download", "/certificates/verify",
            "/certificates/verify/<number>", "/certificates/ca.pem", "/api/certificate/verify/<number>",
        }
    ),
    "notify": frozenset(),
}  # fmt: skip
PROBES = {"/healthz", "/readyz", "/metrics"}

# Longer than two screens of rules, each for its reason.
LONG: dict[str, str] = {
    "tests/intake/test_forms.py": "one table of wrong inputs for every form, with the exact words",
    "tests/notify/test_mailbox.py": "one story of a mail for each way it can come in",
}
LONGEST = 400

PLACEHOLDER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
OF_A_MACHINE = re.compile(r"(?<![\w./-])/(?:ro" + r"ot|ho" + r"me/\w+|wo" + r"rk)/")
OF_A_REGISTRY = re.compile(
    r"regi" + r"stry\.npm|pythonho" + r"sted\.org|py" + r"pi\.org/simple|proxy\.gol" + r"ang|repo1?\.mav" + r"en|"
    r'--(?:extra-)?ind' + r'ex-url|"reso' + r'lved"',
)  # fmt: skip
_SETTINGS = re.compile(r"^(?:#+ |\*\*)Settings.*?(?=^#+ |^\*\*|\Z)", re.MULTILINE | re.DOTALL)
_CLIENTS = ("httpx", "requests", "aiohttp", "urllib.request", "http.client", "urllib3", "grpc")
_WRITES = {"save", "modify", "update", "delete", "cascade_save", "create", "insert", "update_one", "upsert_one"}


def promise(check: Promise) -> Promise:
    """Count it among the promises."""
    PROMISES[check.__name__] = check
    return check


def starting(check: Promise) -> Promise:
    """Count it among those that start the services."""
    STARTING.add(check.__name__)
    return promise(check)


@promise
def every_event_has_one_speaker(tree: Tree) -> Iterator[str]:
    """Each event is made somewhere in the service that its module names, and in no other."""
    events = events_of(tree)
    told = {service: set(_made(tree, service)) for service in SERVICES}
    for event, speaker in events.items():
        if event not in told[speaker]:
            yield f"{speaker} never tells {event}"
        yield from (
            f"{other} tells {event} of {speaker}" for other in SERVICES if other != speaker and event in told[other]
        )


@starting
def every_event_has_a_listener(tree: Tree) -> Iterator[str]:
    """Each event is heard by a service, or marked as one for outsiders."""
    started = tree.started()
    if any("failed" in each for each in started.values()):
        return  # every_service_starts_alone says so
    heard = {reaction["name"] for each in started.values() for reaction in each["hears"]}
    for event in events_of(tree):
        if event not in heard and event not in _for_outsiders(tree):
            yield f"nobody hears {event}, and it is not marked for outsiders"


@starting
def every_reaction_hears_a_known_event(tree: Tree) -> Iterator[str]:
    """Reactions are bound to events of the catalogue."""
    for service, started in tree.started().items():
        for reaction in started.get("hears", ()):
            if not reaction["known"]:
                yield f"{service} reacts to {reaction['name']}, which the catalogue does not know"


@starting
def every_route_asks(tree: Tree) -> Iterator[str]:
    """A route asks for an action, or its address stands on the list of public ones; and the list names no other."""
    for service, started in tree.started().items():
        if "failed" in started:
            continue  # every_service_starts_alone says so
        open_ = {route["rule"] for route in started["routes"] if route["action"] is None} - PROBES
        yield from (f"{service} {rule} asks nobody" for rule in sorted(open_ - PUBLIC[service]))
        yield from (f"{service} {rule} is listed as public and is not" for rule in sorted(PUBLIC[service] - open_))


@starting
def every_service_starts_alone(tree: Tree) -> Iterator[str]:
    """Pages are built and every module is loaded where the other four services do not exist."""
    for service, started in tree.started().items():
        if "failed" in started:
            yield f"{service} does not start alone: {started['failed']}"
        elif started["others"]:
            yield f"{service} loads {', '.join(started['others'])}"


@starting
def pages_hold_no_kafka(tree: Tree) -> Iterator[str]:
    """A web process never loads the Kafka client."""
    for service, started in tree.started().items():
        if started.get("pages_hold_kafka"):
            yield f"the pages of {service} load kafka"


@promise
def every_setting_is_explained(tree: Tree) -> Iterator[str]:
    """README.md of a service names its settings, docs/settings.md those of all five; neither names others."""
    common = {name.upper() for name in _fields(tree, "shared/settings.py")}
    yield from _named("docs/settings.md", _text(tree, "docs/settings.md"), must=common, may=common)
    for service in SERVICES:
        own = {name.upper() for name in _fields(tree, f"services/{service}/settings.py")}
        page = f"services/{service}/README.md"
        yield from _named(page, "\n".join(_SETTINGS.findall(_text(tree, page))), must=own, may=own | common)


@promise
def every_setting_reaches_the_cluster(tree: Tree) -> Iterator[str]:
    """deploy/k8s gives each service the settings it reads, and none that nobody reads."""
    base = tree.root / "deploy/k8s/base"
    common = set(_fields(tree, "shared/settings.py"))
    for service in SERVICES:
        given = {
            line.partition("=")[0] for name in ("shared", service) for line in _lines(base / f"settings/{name}.env")
        }
        given |= _secret_keys(list(yaml.safe_load_all((base / f"{service}.yaml").read_text())))
        read = {f"ZHENGJI_{name.upper()}" for name in common | set(_fields(tree, f"services/{service}/settings.py"))}
        yield from (f"deploy/k8s gives {service} no {name}" for name in sorted(read - given))
        yield from (f"deploy/k8s gives {service} {name}, which it does not read" for name in sorted(given - read))


@promise
def settings_come_in_one_way(tree: Tree) -> Iterator[str]:
    """No code of a service looks into the environment by itself. (The sandbox only empties its child's.)"""
    for source in tree.sources("shared", "services"):
        for node in source.all(ast.Attribute):
            asks = node.attr in {"environ", "getenv"} and isinstance(node.value, ast.Name) and node.value.id == "os"
            if asks and not source.path.endswith("adapters/sandbox.py"):
                yield f"{source.path}:{node.lineno} reads the environment"


@promise
def documents_are_written_by_records_alone(tree: Tree) -> Iterator[str]:
    """Nobody calls mongoengine's own writes: they bring back told events and keep fields that became None."""
    for source in tree.sources("shared", "services", "zhengji"):
        maps = any(name.split(".")[0] == "mongoengine" or name.endswith("Record") for name, _ in source.imports())
        for call in source.all(ast.Call):
            if isinstance(call.func, ast.Attribute) and call.func.attr in _WRITES:
                through_objects = ".objects" in ast.unparse(call.func.value)
                on_document = maps and call.func.attr in {"save", "modify", "update", "delete", "cascade_save"}
                if through_objects or on_document:
                    yield f"{source.path}:{call.lineno} calls .{call.func.attr} on a document"


@promise
def no_service_calls_another(tree: Tree) -> Iterator[str]:
    """No HTTP client in a service or in what they share; the one for S3 stays in shared/objects.py."""
    for source in tree.sources("shared", "services"):
        for name, line in source.imports():
            if name.startswith(_CLIENTS) and not (source.path == "shared/objects.py" and name.startswith("urllib3")):
                yield f"{source.path}:{line} imports {name}"


@promise
def metrics_have_one_home(tree: Tree) -> Iterator[str]:
    """Metrics are made in shared/telemetry/metrics.py and nowhere else."""
    for source in tree.sources("shared", "services", "zhengji"):
        for name, line in source.imports():
            makes = name.startswith("prometheus_client") and not name.endswith(
                ("CONTENT_TYPE_LATEST", "generate_latest")
            )
            if makes and source.path != "shared/telemetry/metrics.py":
                yield f"{source.path}:{line} imports {name}"


@promise
def files_stay_short(tree: Tree) -> Iterator[str]:
    """A file past 400 lines is usually two rooms; a longer one is on the list with its reason."""
    lengths = {
        path: text.count("\n") for path, text in tree.texts(".py", ".html", ".js", ".mjs", ".scss", ".css", ".sh")
    }
    yield from (f"{path} has {n} lines" for path, n in lengths.items() if n > LONGEST and path not in LONG)
    yield from (f"{path} is listed as long and is not" for path in LONG if lengths.get(path, 0) <= LONGEST)


@promise
def nothing_is_put_off(tree: Tree) -> Iterator[str]:
    """No words that stand for work not done."""
    yield from _lines_with(tree, PLACEHOLDER)


@promise
def nothing_belongs_to_one_machine(tree: Tree) -> Iterator[str]:
    """No path of a machine and no address of a package registry, lock files included."""
    yield from _lines_with(tree, OF_A_MACHINE)
    yield from _lines_with(tree, OF_A_REGISTRY)


def events_of(tree: Tree) -> dict[str, str]:
    """Every event, with the service whose module defines it."""
    return {
        node.name: service
        for service in SERVICES
        for node in tree.source(f"shared/events/{service}.py").all(ast.ClassDef)
        if any(ast.unparse(base) == "Event" for base in node.bases)
    }


def _for_outsiders(tree: Tree) -> set[str]:
    return {
        node.name
        for service in SERVICES
        for node in tree.source(f"shared/events/{service}.py").all(ast.ClassDef)
        if any(ast.unparse(line).startswith("outsiders:") and ast.unparse(line).endswith("True") for line in node.body)
    }


def _made(tree: Tree, service: str) -> Iterator[str]:
    """The events that the service's code constructs, by the name under which they were defined."""
    for source in tree.sources(f"services/{service}"):
        ours = _events_imported(source)
        for call in source.all(ast.Call) if ours else ():
            name = ast.unparse(call.func).split(".")[-1]
            if name in ours:
                yield ours[name]


def _events_imported(source: Source) -> dict[str, str]:
    """Local name -> event, for `from shared.events.x import E [as F]`, and E for `from shared.events import x`."""
    found: dict[str, str] = {}
    for node in source.all(ast.ImportFrom):
        if node.module and node.module.startswith("shared.events."):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif node.module == "shared.events":
            modules = {alias.asname or alias.name for alias in node.names}
            used = (a for a in source.all(ast.Attribute) if isinstance(a.value, ast.Name) and a.value.id in modules)
            found |= {attribute.attr: attribute.attr for attribute in used}
    return found


def _fields(tree: Tree, path: str) -> list[str]:
    """The settings that the class deriving from (Service|Base)Settings declares."""
    classes = [
        node
        for node in tree.source(path).all(ast.ClassDef)
        if any(ast.unparse(base).endswith("Settings") for base in node.bases)
    ]
    lines = [line for node in classes for line in node.body if isinstance(line, ast.AnnAssign)]
    return [ast.unparse(line.target) for line in lines if not ast.unparse(line.annotation).startswith("ClassVar")]


def _text(tree: Tree, page: str) -> str:
    path = tree.root / page
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _named(page: str, text: str, *, must: set[str], may: set[str]) -> Iterator[str]:
    """Variables are written with or without their ZHENGJI_ in front."""
    named = {name.removeprefix("ZHENGJI_") for name in re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text)}
    yield from (f"{page} does not name {name}" for name in sorted(must - named))
    yield from (f"{page} names {name}, which is not read" for name in sorted(named - may))


def _lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))


def _secret_keys(manifests: list[dict[str, Any]]) -> set[str]:
    found: Counter[str] = Counter()

    def look(thing: Any) -> None:
        if isinstance(thing, dict):
            secret = thing.get("secret")
            if isinstance(secret, dict):
                found.update(item["key"] for item in secret.get("items", []))
            for value in thing.values():
                look(value)
        elif isinstance(thing, list):
            for value in thing:
                look(value)

    look(manifests)
    return set(found)


def _lines_with(tree: Tree, pattern: re.Pattern[str]) -> Iterator[str]:
    for path, text in tree.texts():
        if pattern.search(text):
            for number, line in enumerate(text.splitlines(), 1):
                if found := pattern.search(line):
                    yield f"{path}:{number} says {found.group()}"
