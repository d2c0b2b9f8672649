"""What a receipt attests, byte for byte: its document, the sheet it hashes, and the code that is printed on it.

The canonical form is JSON with sorted keys, no spaces, UTF-8: for the strings, whole numbers and lists that stand in a
receipt this is RFC 8785, so that a program in any language arrives at the same bytes. docs/receipts.md is the format.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.intake.domain.sheet import Agreed
from services.intake.domain.version import Version
from shared.clock import SHANGHAI

FORMAT = "zhengji-receipt/1"
ZONE = "Asia/Shanghai"
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's alphabet: no I, L, O or U, and what is read as one of them is taken for the digit."""
CODE_LENGTH = 16

Document = Mapping[str, Any]
Sign = Callable[[Document], str]
"""Makes the signed text of a receipt's document."""


def canonical(thing: object) -> bytes:
    """The one way in which a document is written where its bytes matter."""
    return json.dumps(thing, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def document(campaign_id: str, number: str, version: Version) -> Document:
    """Everything a receipt attests; nothing in it ever changes once the version was submitted."""
    return {
        "format": FORMAT,
        "campaign": campaign_id,
        "number": number,
        "version": version.version,
        "received_at": shanghai_time(version.received_at),
        "time_zone": ZONE,
        "title": version.about.title,
        "category": version.about.category,
        "province": version.by.province,
        "authors": [{"name": author.name, "unit": author.unit} for author in version.authors.people],
        "sheet_sha256": sheet_sha256(version),
        "files": [
            {"role": file.role, "name": file.name, "kind": file.kind, "size": file.size, "sha256": file.sha256}
            for file in version.files
        ],
    }


def sheet(version: Version) -> Mapping[str, Any]:
    """附表1 as submitted. Without mobiles and mails: a hash that anybody may see must not let them be guessed."""
    about, declaration = version.about, version.declaration
    return {
        "title": about.title,
        "category": about.category,
        "summary": about.summary,
        "studio": {
            "address": about.studio.address,
            "contribution": about.studio.contribution,
            "live_sessions": about.studio.live_sessions,
        },
        "authors": [
            {"name": author.name, "unit": author.unit, "title": author.title, "host": author.host}
            for author in version.authors.people
        ],
        "declared": _agreed(declaration.declared),
        "consents": [_agreed(consent) for consent in declaration.consents],
        "sources": declaration.sources,
        "minors": declaration.minors,
    }


def _agreed(agreed: Agreed | None) -> Mapping[str, str] | None:
    return {"code": agreed.code, "wording": agreed.wording, "at": shanghai_time(agreed.at)} if agreed else None


def sheet_sha256(version: Version) -> str:
    """The hash of the sheet's canonical form, in hex."""
    return hashlib.sha256(canonical(sheet(version))).hexdigest()


def shanghai_time(at: datetime) -> str:
    """2024-10-15T14:03:22.123+08:00"""
    return at.astimezone(SHANGHAI).isoformat(timespec="milliseconds")


def code_of(document: Document) -> str:
    """ABCD-EFGH-JKMN-PQRS: eighty bits of the document's hash, for whoever has the receipt on paper only."""
    drawn = int.from_bytes(hashlib.sha256(canonical(document)).digest()[:10], "big")
    letters = "".join(CODE_LETTERS[drawn >> 5 * place & 31] for place in reversed(range(CODE_LENGTH)))
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def code_as_typed(written: str) -> str | None:
    """The code somebody typed, however they set it apart; None where it cannot be one."""
    letters = (
        re.sub(r"[\s\-—–]", "", unicodedata.normalize("NFKC", written)).upper().translate(str.maketrans("OIL", "011"))
    )
    if len(letters) != CODE_LENGTH or set(letters) - set(CODE_LETTERS):
        return None
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def unsigned(_document: Document) -> str:
    """Where nobody signs."""
    return ""
