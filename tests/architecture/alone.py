"""Run as a program: starts one service where the other four do not exist, and says as JSON what it is made of."""

from __future__ import annotations

import base64
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

_KEY = base64.b64encode(bytes(range(32))).decode()
_NOWHERE = "127.0.0.1:1"
SURROUNDINGS = {
    "MONGO_URI": f"mongodb://{_NOWHERE}/?serverSelectionTimeoutMS=100&connectTimeoutMS=100",
    "KAFKA_SERVERS": _NOWHERE,
    "S3_ENDPOINT": f"http://{_NOWHERE}",
    "S3_PUBLIC_ENDPOINT": f"http://{_NOWHERE}",
    "S3_ACCESS_KEY": "nobody",
    "S3_SECRET_KEY": "nothing",
    "PUBLIC_URL": f"http://{_NOWHERE}",
    "SECRET_KEY": _KEY,
    "PERSON_SECRET": _KEY,
    "LETTER_PUBLIC_KEY": _KEY,
    "LETTER_PRIVATE_KEY": _KEY,
    "AUTHOR_SIGNING_KEY": json.dumps({"kid": "a", "key": _KEY}),
    "RECEIPT_SIGNING_KEY": json.dumps({"kid": "r", "key": _KEY}),
    "STAFF_SIGNING_KEY": json.dumps({"kid": "s", "key": _KEY}),
    "SMTP_HOST": "127.0.0.1",
    "IMAP_HOST": "127.0.0.1",
    "IMAP_USER": "nobody",
    "IMAP_PASSWORD": "nothing",
}


class Absent(MetaPathFinder):
    """Finds nothing where the other services would be."""

    def __init__(self, service: str) -> None:
        self._service = service

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parts = name.split(".")
        if parts[0] == "services" and len(parts) > 1 and parts[1] != self._service:
            raise ModuleNotFoundError(f"{name} is another service", name=name)
        return None


def start(service: str) -> dict[str, Any]:
    """Build the pages, then load every module of every role."""
    sys.meta_path.insert(0, Absent(service))
    for name in [name for name in os.environ if name.startswith("ZHENGJI_")]:
        del os.environ[name]
    os.environ.update({f"ZHENGJI_{name}": value for name, value in SURROUNDINGS.items()})
    os.environ["ZHENGJI_SIGNING_AUTHORITY_PEM"] = _authority()
    app = importlib.import_module(f"services.{service}.wiring").create_app()
    pages_hold_kafka = "kafka" in sys.modules
    _load_everything(service)
    return {
        "routes": _routes(app),
        "pages_hold_kafka": pages_hold_kafka,
        "others": sorted(
            name for name in sys.modules if name.startswith("services.") and name.split(".")[1] != service
        ),
        "hears": _hears(service),
    }


def _authority() -> str:
    """A certificate of nobody, as pages that verify certificates need one."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = made.not_valid_before(datetime(2024, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2025, 1, 1, tzinfo=UTC))
    signed = dated.serial_number(1).sign(key, None)
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def _load_everything(service: str) -> None:
    package = importlib.import_module(f"services.{service}")
    for found in pkgutil.walk_packages(package.__path__, f"services.{service}."):
        importlib.import_module(found.name)


def _routes(app: Any) -> list[dict[str, Any]]:
    from shared.web.access import action_of

    return [
        {"rule": rule.rule, "action": action_of(app.view_functions[rule.endpoint])} for rule in app.url_map.iter_rules()
    ]


def _hears(service: str) -> list[dict[str, Any]]:
    from shared.events.catalogue import EVENTS

    reactions = importlib.import_module(f"services.{service}.handlers").REACTIONS
    return [
        {"name": event.__name__, "speaker": event.speaker(), "known": EVENTS.get(event.type()) is event}
        for event in reactions
    ]


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # the copy this was started in
    sys.stdout.write("\n" + json.dumps(start(sys.argv[1])))
