"""Signs receipts with Ed25519 and reads signed ones, as JSON or inside a PDF; one changed byte is refused.

A signed receipt is the canonical JSON of ``{"kid", "receipt", "signature"}``, in a PDF with ``"pdf_sha256"`` as well:
the hash of the PDF without the one comment line that holds the signed receipt (base64). That line stands behind all
objects and before the last ``startxref``, where any reader of PDF passes over it, so neither writing nor reading needs
a PDF library, and what is seen is signed together with what is attested.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.intake.domain.receipt import FORMAT, Document, canonical
from shared.identity import SigningKey
from shared.identity.tokens import KeyLike
from shared.trouble import Refused

MOST_BYTES = 4 * 1024 * 1024
LINE = b"%zhengji-receipt "
_CONTEXT = FORMAT.encode() + b"\n"
_TAIL = re.compile(rb"startxref\n\d+\n%%EOF\n?\Z")
_SIGNED_TAIL = re.compile(rb"^%zhengji-receipt ([A-Za-z0-9+/]+={0,2})\n(startxref\n\d+\n%%EOF\n?)\Z", re.MULTILINE)

NOT_A_RECEIPT = (
    "这不是本平台的回执文件。请选择从回执页面下载的PDF，或随回执信件收到的JSON文件；"
    "打印后扫描、拍照或另存得到的文件，请改用编号和核验码核验。"
)
CHANGED = "这份回执没有通过核验：文件的内容与签名不一致，已被改动或另存。请重新下载原文件，或改用编号和核验码核验。"
UNKNOWN_KEY = "这份回执没有通过核验：签名所用的密钥（{kid}）不是本平台的。请从本平台重新下载回执。"
TOO_BIG = "回执文件不会超过4 MB，请选择从回执页面下载的PDF或JSON文件。"


class Seal:
    """The key that signs today, and the public halves of all keys that ever did."""

    def __init__(self, key: SigningKey, *, retired: Iterable[KeyLike] = ()) -> None:
        self._key = key
        self._judge = Judge({**{old.kid: old.key for old in retired}, key.kid: key.public()})
        self._private = key.private()

    @property
    def kid(self) -> str:
        """The id of the key that signs today."""
        return self._key.kid

    @property
    def public_keys(self) -> dict[str, str]:
        """Every key that verifies a receipt: its id, and base64 of the 32 raw bytes."""
        return self._judge.keys

    def sign(self, document: Document) -> str:
        """The signed receipt as JSON."""
        return self._signed(document, {}).decode()

    def sign_pdf(self, document: Document, pdf: bytes) -> bytes:
        """The PDF with the signed receipt in it."""
        tail = _TAIL.search(pdf)
        if tail is None:
            raise ValueError("a PDF ends with startxref, an offset and %%EOF")
        signed = self._signed(document, {"pdf_sha256": hashlib.sha256(pdf).hexdigest()})
        line = LINE + base64.b64encode(signed) + b"\n"
        return pdf[: tail.start()] + line + pdf[tail.start() :]

    def read(self, file: bytes) -> Document:
        """The document of a genuine receipt; Refused says in words why a file is none."""
        return self._judge.read(file)

    def _signed(self, document: Document, more: dict[str, str]) -> bytes:
        said = {"kid": self._key.kid, "receipt": document, **more}
        return canonical({**said, "signature": self._private.sign(_CONTEXT + canonical(said)).hex()})


class Judge:
    """Tells genuine receipts by the public keys alone; ``keys`` are base64 by their ids."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.keys = keys

    def read(self, file: bytes) -> Document:
        """The document of a genuine receipt; Refused says in words why a file is none."""
        if len(file) > MOST_BYTES:
            raise Refused("receipt-too-big", TOO_BIG)
        if file.startswith(b"%PDF-"):
            return self._read_pdf(file)
        signed = _opened(file)
        if set(signed) != {"kid", "receipt", "signature"}:
            raise _changed() if "receipt" in signed else _not_a_receipt()
        return self._checked(signed)

    def _read_pdf(self, file: bytes) -> Document:
        found = _SIGNED_TAIL.search(file)
        if found is None:
            raise _changed() if LINE in file else _not_a_receipt()
        written = found[1]
        try:
            text = base64.b64decode(written, validate=True)
        except ValueError:
            raise _changed() from None
        if base64.b64encode(text) != written:  # the last letter has bits that decoding drops
            raise _changed()
        try:
            signed = _opened(text)
        except Refused:
            raise _changed() from None
        pdf = file[: found.start()] + found[2]
        if signed.get("pdf_sha256") != hashlib.sha256(pdf).hexdigest():
            raise _changed()
        return self._checked(signed)

    def _checked(self, signed: dict[str, Any]) -> Document:
        signature = signed.pop("signature", None)
        kid, document = signed.get("kid"), signed.get("receipt")
        if not isinstance(signature, str) or not isinstance(kid, str) or not isinstance(document, dict):
            raise _changed()
        key = self.keys.get(kid)
        if key is None:
            raise Refused("receipt-unknown-key", UNKNOWN_KEY.format(kid=kid[:40]))
        if not re.fullmatch(r"[0-9a-f]{128}", signature):
            raise _changed()
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        try:
            public.verify(bytes.fromhex(signature), _CONTEXT + canonical(signed))
        except InvalidSignature:
            raise _changed() from None
        return document


def _opened(text: bytes) -> dict[str, Any]:
    """The JSON of a signed receipt, where it is written as we write it; another way of writing it is a changed byte."""
    try:
        signed = json.loads(text)
        same = canonical(signed) == text
    except (ValueError, RecursionError):  # no JSON, no UTF-8, numbers that are none
        raise _changed() if b"zhengji-receipt" in text else _not_a_receipt() from None
    if not isinstance(signed, dict) or not (b"zhengji-receipt" in text or "signature" in signed):
        raise _not_a_receipt()
    if not same:
        raise _changed()
    return signed


def _changed() -> Refused:
    return Refused("receipt-changed", CHANGED)


def _not_a_receipt() -> Refused:
    return Refused("not-a-receipt", NOT_A_RECEIPT)
