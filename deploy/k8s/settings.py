"""Which setting reaches which pod, and whether as plain text or as a secret file."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import PydanticUndefined

from shared.settings import ServiceSettings

PREFIX = "ZHENGJI_"

# What a cluster says where the code has no default, or another one. An overlay merges its own values over these.
GIVEN: Mapping[str, str] = {
    "kafka_servers": "kafka-bootstrap.kafka:9092",
    "s3_endpoint": "http://minio.objects:9000",
    "s3_public_endpoint": "https://files.zhengji.example",
    "public_url": "https://zhengji.example",
    "metrics_port": "9100",
    "check_dir": "/tmp",  # noqa: S108  # an emptyDir of the pod's own
    "font_dir": "/usr/share/fonts",
    "signing_dir": "/tmp/signing",  # noqa: S108  # never written: the keys come as secrets
    "smtp_host": "smtp.example",
    "smtp_port": "465",
    "smtp_security": "ssl",
    "imap_host": "imap.example",
    "imap_port": "993",
    "imap_ssl": "true",
    "imap_user": "campaign@zhengji.example",
}

# Public halves of keys come the same way as their private halves: without them a pod does not start.
SECRET = frozenset(
    {
        "author_public_keys",
        "author_signing_key",
        "certificate_secret",
        "imap_password",
        "letter_private_key",
        "letter_public_key",
        "mongo_uri",
        "person_secret",
        "receipt_public_keys",
        "receipt_signing_key",
        "retired_authorities_pem",
        "s3_access_key",
        "s3_secret_key",
        "secret_key",
        "signing_authority_pem",
        "signing_certificate_pem",
        "signing_key_pem",
        "smtp_password",
        "staff_public_keys",
        "staff_signing_key",
    }
)
# The key that signs certificates reaches the one role that signs; pages need the authority alone.
ONLY_FOR: Mapping[str, frozenset[str]] = {
    "signing_key_pem": frozenset({"maker"}),
    "signing_certificate_pem": frozenset({"maker"}),
}
MAY_BE_MISSING = frozenset({"receipt_public_keys", "retired_authorities_pem", "smtp_password"})


class Unplaced(Exception):
    """A setting without default for which this file names no value."""


def settings_class(service: str) -> type[ServiceSettings]:
    """The one class of settings that the service defines."""
    module = importlib.import_module(f"services.{service}.settings")
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, ServiceSettings) and thing.__module__ == module.__name__
    ]
    (only,) = found
    return only


def shared_settings() -> dict[str, str]:
    """Plain settings that all five services read, by variable."""
    return dict(_plain(ServiceSettings, frozenset()))


def own_settings(service: str) -> dict[str, str]:
    """Plain settings that this service alone reads, by variable."""
    return dict(_plain(settings_class(service), frozenset(ServiceSettings.model_fields)))


def secrets(service: str, role: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The secret variables of a role: those that must be there, and those that may be missing."""
    fields = [name for name in sorted(settings_class(service).model_fields) if name in SECRET]
    mine = [name for name in fields if role in ONLY_FOR.get(name, {role})]
    return (
        tuple(variable(name) for name in mine if name not in MAY_BE_MISSING),
        tuple(variable(name) for name in mine if name in MAY_BE_MISSING),
    )


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def _plain(of: type[ServiceSettings], without: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name, field in sorted(of.model_fields.items()):
        if name in SECRET or name in without:
            continue
        given = GIVEN.get(name)
        if given is None and (field.default is PydanticUndefined or field.default is None):
            raise Unplaced(f"{of.__name__}.{name} has no default: give it a value, or call it secret, in {__name__}")
        yield variable(name), given if given is not None else _text(field.default)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, list | dict) else str(value)
