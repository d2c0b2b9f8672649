"""Certificate numbers: unique, easy to read out, and no key to anybody's personal data.

A number is the campaign's year, a letter for the category and eight characters (Crockford's base32, which has no I, L,
O or U), as in ``2024A-7K3M-9QXR``. The eight come from an HMAC over case, author and issue: whoever makes the same
certificate again, after a crash, finds the same number; and who does not hold the secret cannot tell one from another.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Sequence
from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_NUMBER = re.compile(rf"([0-9]{{4}})([A-Z])([{ALPHABET}]{{4}})([{ALPHABET}]{{4}})")
_TOKEN_LENGTH = 10
_LOOKALIKES = str.maketrans("OIL", "011")


class NumberMaker:
    """Draws numbers and tokens from one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def number(self, *, year: str, letter: str, case_id: str, author: int, issue: int, attempt: int = 0) -> str:
        """The number of this issue; a further ``attempt`` gives another one, for when the first is taken."""
        drawn = self._draw("number", case_id, author, issue, attempt)[:8]
        return f"{year}{letter}-{drawn[:4]}-{drawn[4:]}"

    def token(self, number: str) -> str:
        """The short word that stands in the QR code beside the number."""
        return self._draw("token", number)[:_TOKEN_LENGTH]

    def lookup(self, *, name: str, last_four: str) -> str:
        """What is kept of a name and the end of a mobile, so that it can be found and not be read."""
        return hmac.new(self._secret, f"lookup\0{name}\0{last_four}".encode(), sha256).hexdigest()

    def _draw(self, *parts: object) -> str:
        message = "\0".join(str(part) for part in parts)
        digest = hmac.new(self._secret, message.encode(), sha256).digest()
        return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest)


def number_as_typed(text: str) -> str | None:
    """The number somebody typed or read out, in its one form; None if it cannot be one."""
    compact = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())
    match = _NUMBER.fullmatch(compact[:5] + compact[5:].translate(_LOOKALIKES))
    return f"{match[1]}{match[2]}-{match[3]}-{match[4]}" if match else None


def category_letter(category: str, categories: Sequence[str]) -> str:
    """The category's letter: its place in the campaign's list, A for the first."""
    return chr(ord("A") + list(categories).index(category))
