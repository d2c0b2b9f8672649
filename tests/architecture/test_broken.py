"""Each import contract and each promise is broken on purpose in a copy, and must be the one that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.contracts import contracts, lint
from tests.architecture.promises import PROMISES, STARTING
from tests.architecture.tree import ROOT, SERVICES, Tree, copy_of

# What was done, and what must say so: text is put at the end of a file, which is new where there was none.
Edits = Mapping[str, str]

CONTRACTS: list[tuple[str, Edits]] = [
    *(("rooms", {f"services/{s}/settings.py": f"\nimport services.{s}.domain\n"}) for s in SERVICES),
    ("rooms", {"services/intake/queries/sideways.py": "import services.intake.handlers\n"}),
    *(("rooms", {f"services/{s}/helpers.py": '"""A room that no contract knows."""\n'}) for s in SERVICES),
    ("independent", {"services/intake/domain/outward.py": "import services.validation.domain\n"}),
    ("shared-below", {"shared/web/outward.py": "import services.intake.domain.number\n"}),
    ("services-below", {"services/intake/domain/outward.py": "import deploy.local.table\n"}),
    ("shared-rooms", {"shared/records/upward.py": "import shared.worker\n"}),
    ("shared-rooms", {"shared/helpers.py": '"""A room that no contract knows."""\n'}),
    *(("pure-domain", {f"services/{s}/domain/outward.py": "import flask\n"}) for s in SERVICES),
    (
        "pure-domain",
        {
            "services/notify/domain/outward.py": "import shared.campaign.stop_over\n",
            "shared/campaign/stop_over.py": "import structlog\n",
        },
    ),
    ("kafka-behind-its-port", {"services/intake/wiring.py": "\nimport kafka\n"}),
    ("pages-without-kafka", {"services/intake/queries/outward.py": "import shared.messaging.kafka\n"}),
    ("mapping-in-store", {"services/notify/adapters/outward.py": "import mongoengine\n"}),
    ("database-in-store", {"services/notify/adapters/outward.py": "import pymongo\n"}),
    ("files-behind-objects", {"services/notify/adapters/outward.py": "import minio\n"}),
    ("pages-in-routes", {"services/intake/handlers/outward.py": "import flask\n"}),
    ("play-outside", {"zhengji/play/inward.py": "import shared.records\n"}),
    ("stack-before-packages", {"deploy/local/early.py": "import shared.clock\n"}),
]

_OPEN_VIEW = """
from flask import Blueprint
from shared.web.access import public
open_door = Blueprint("open_door", __name__)
open_door.add_url_rule("/letters/open", view_func={view})
BLUEPRINTS = (*BLUEPRINTS, open_door)
"""
_NEVER_TOLD = '''

class Murmured(Event):
    """A fact."""

    topic: ClassVar[str] = "notify.internal"
    outsiders: ClassVar[bool] = True
'''
_TOLD_FOR_ANOTHER = "from shared.events.notify import LetterSent\n\nSAY = lambda: LetterSent()\n"
_DEAF = "\nREACTIONS = {event: act for event, act in REACTIONS.items() if event.__name__ != 'PasswordResetAsked'}\n"

BROKEN_PROMISES: list[tuple[str, Edits]] = [
    ("every_event_has_one_speaker", {"shared/events/notify.py": _NEVER_TOLD}),
    ("every_event_has_one_speaker", {"services/intake/domain/loud.py": _TOLD_FOR_ANOTHER}),
    ("every_event_has_a_listener", {"services/notify/handlers/__init__.py": _DEAF}),
    (
        "every_reaction_hears_a_known_event",
        {
            "services/notify/handlers/__init__.py": "\nfrom shared.events.base import Event\n"
            "class Rumour(Event): ...\nREACTIONS = {**REACTIONS, Rumour: print}\n"
        },
    ),
    ("every_route_asks", {"services/notify/routes/__init__.py": _OPEN_VIEW.format(view="public(lambda: '')")}),
    ("every_service_starts_alone", {"services/notify/routes/__init__.py": _OPEN_VIEW.format(view="lambda: ''")}),
    ("every_service_starts_alone", {"services/notify/domain/outward.py": "import services.intake.domain\n"}),
    ("pages_hold_no_kafka", {"services/notify/routes/__init__.py": "\nimport kafka\n"}),
    ("every_setting_is_explained", {"services/notify/README.md": "\n**Settings** NOBODY_READS_THIS\n"}),
    ("every_setting_is_explained", {"docs/settings.md": "\nZHENGJI_NOBODY_READS_THIS\n"}),
    ("every_setting_reaches_the_cluster", {"deploy/k8s/base/settings/notify.env": "ZHENGJI_NOBODY_READS_THIS=1\n"}),
    ("settings_come_in_one_way", {"services/notify/domain/curious.py": "import os\n\nLANG = os.environ['LANG']\n"}),
    ("documents_are_written_by_records_alone", {"zhengji/hasty.py": "def act(row):\n    row.objects.create(id='a')\n"}),
    (
        "documents_are_written_by_records_alone",
        {"zhengji/hasty.py": "import mongoengine\n\n\ndef act(row):\n    row.save()\n"},
    ),
    ("no_service_calls_another", {"services/notify/adapters/outward.py": "import httpx\n"}),
    ("metrics_have_one_home", {"zhengji/counting.py": "from prometheus_client import Gauge\n"}),
    ("files_stay_short", {"zhengji/long.py": "\n" * 401}),
    ("nothing_is_put_off", {"zhengji/later.py": "# TO" + "DO: later\n"}),
    ("nothing_belongs_to_one_machine", {"zhengji/here.py": 'HERE = "/ho' + 'me/me/zhengji"\n'}),
    ("nothing_belongs_to_one_machine", {"requirements/intake.lock": "--ind" + "ex-url https://wheels.example\n"}),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy of the tree that the tests of this file break and mend."""
    return copy_of(Tree(ROOT), tmp_path_factory.mktemp("copy") / "tree")


@pytest.fixture(scope="module")
def before(copy: Tree) -> dict[str, list[str]]:
    """What each promise says of the unbroken copy."""
    return {name: list(check(copy)) for name, check in PROMISES.items()}


@pytest.mark.parametrize(("contract", "edits"), CONTRACTS, ids=lambda value: _name(value))
def test_contract_falls(copy: Tree, contract: str, edits: Edits) -> None:
    with broken(copy.root, edits):
        linted = lint(copy)
    assert linted.broken == {contract}, linted.printed


@pytest.mark.parametrize(("promise", "edits"), BROKEN_PROMISES, ids=lambda value: _name(value))
def test_promise_falls(copy: Tree, before: dict[str, list[str]], promise: str, edits: Edits) -> None:
    looked_at = set(PROMISES) if promise in STARTING else set(PROMISES) - STARTING
    with broken(copy.root, edits):
        after = {name: list(PROMISES[name](copy)) for name in looked_at}
    assert {name for name in looked_at if after[name] != before[name]} == {promise}


def test_missing_words_are_seen(copy: Tree, before: dict[str, list[str]]) -> None:
    """The two promises about settings also notice what is not there."""
    taken = {
        "every_setting_is_explained": "services/notify/README.md",
        "every_setting_reaches_the_cluster": "deploy/k8s/base/settings/notify.env",
    }
    for promise, path in taken.items():
        with broken(copy.root, {}, path, lambda text: text.replace("LETTER_TRIES", "")):
            assert list(PROMISES[promise](copy)) != before[promise]


def test_all_were_broken() -> None:
    assert {contract for contract, _ in CONTRACTS} == set(contracts(Tree(ROOT)).values())
    assert {promise for promise, _ in BROKEN_PROMISES} == set(PROMISES)


@contextmanager
def broken(
    root: Path, edits: Edits, also: str = "", change: Callable[[str], str] = lambda text: text
) -> Iterator[None]:
    """Put the text at the end of the files for a while, and change one file otherwise."""
    were = {root / path: _text(root / path) for path in [*edits, *([also] if also else [])]}
    try:
        for path, text in edits.items():
            (root / path).write_text((were[root / path] or "") + text)
        if also:
            (root / also).write_text(change(were[root / also] or ""))
        yield
    finally:
        for file, was in were.items():
            file.unlink() if was is None else file.write_text(was)


def _text(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def _name(value: str | Edits) -> str:
    return value if isinstance(value, str) else "+".join(value).replace("/", ".")
