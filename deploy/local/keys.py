"""The keys and secrets of one stack: made on first start, told as settings to those who need them."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy.local.table import SERVICES

KID = "local-1"


@dataclass(frozen=True)
class Keys:
    """Settings for everybody, and those that one service alone may hold."""

    common: Mapping[str, str]
    private: Mapping[str, Mapping[str, str]]


def keys(folder: Path) -> Keys:
    """Read the keys in `folder`; makes the missing ones. Keys are base64 of the raw 32 bytes."""
    author = _kept(folder / "author_session.ed25519", lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    staff = _kept(folder / "staff_session.ed25519", lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    receipt = _kept(folder / "receipt.ed25519", lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    letter = _kept(folder / "activation_letter.x25519", lambda: X25519PrivateKey.generate().private_bytes_raw())
    person = _kept(folder / "person_hmac", lambda: secrets.token_bytes(32))
    pages = {name: _kept(folder / f"{name}_pages", lambda: secrets.token_bytes(32)) for name in SERVICES}
    private: dict[str, dict[str, str]] = {name: {"ZHENGJI_SECRET_KEY": _text(pages[name])} for name in SERVICES}
    private["intake"]["ZHENGJI_AUTHOR_SIGNING_KEY"] = _list_entry(author)
    private["intake"]["ZHENGJI_RECEIPT_SIGNING_KEY"] = _list_entry(receipt)
    private["review"]["ZHENGJI_STAFF_SIGNING_KEY"] = _list_entry(staff)
    numbering = _kept(folder / "certificate_numbering", lambda: secrets.token_bytes(32))
    private["certificate"]["ZHENGJI_CERTIFICATE_SECRET"] = _text(numbering)
    private["certificate"]["ZHENGJI_SIGNING_DIR"] = str(folder / "signing")
    private["notify"]["ZHENGJI_LETTER_PRIVATE_KEY"] = _text(letter)
    return Keys(
        common={
            "ZHENGJI_AUTHOR_PUBLIC_KEYS": f"[{_list_entry(_public(author))}]",
            "ZHENGJI_STAFF_PUBLIC_KEYS": f"[{_list_entry(_public(staff))}]",
            "ZHENGJI_LETTER_PUBLIC_KEY": _text(
                X25519PrivateKey.from_private_bytes(letter).public_key().public_bytes_raw()
            ),
            "ZHENGJI_PERSON_SECRET": _text(person),
        },
        private=private,
    )


def _public(private: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _kept(file: Path, make: Callable[[], bytes]) -> bytes:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(_text(make()))
    return base64.b64decode(file.read_text())


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _list_entry(raw: bytes) -> str:
    return json.dumps({"kid": KID, "key": _text(raw)})
