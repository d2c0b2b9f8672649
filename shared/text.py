"""Text as people write it: without control characters, halves of characters and what is no character at all."""

from __future__ import annotations

import re
import unicodedata

_KEPT = frozenset("\n\t")
_LINE_ENDS = ("\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029")
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Marks that turn the direction of what follows, and the mark of a byte order: nobody writes them knowingly."""


def legible(text: str) -> str:
    """The text without what no reader sees and no database, mail or paper takes; line ends are \\n."""
    if text.isascii() and text.isprintable():
        return text
    for end in _LINE_ENDS:
        text = text.replace(end, "\n")
    return "".join(letter for letter in text if letter in _KEPT or not _is_none(letter))


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(legible(text).replace("\t", " ").split("\n"))


MAIL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}"
"""One e-mail address as every mail server takes it."""


def is_mail_address(text: str) -> bool:
    """Whether this is one such address."""
    return bool(re.fullmatch(MAIL, text)) and len(text) <= 254


MOBILE = r"1[3-9][0-9]{9}"
"""A mobile number of the mainland: eleven digits beginning with 1."""


def is_mobile(text: str) -> bool:
    """Whether this is one such number."""
    return re.fullmatch(MOBILE, text) is not None


def bare_number(text: str) -> str:
    """A number as people write it, without spaces and dashes: 138 0000-1234."""
    return re.sub(r"[\s\-－]", "", text)


def _is_none(letter: str) -> bool:
    code = ord(letter)
    return (
        unicodedata.category(letter) in {"Cc", "Cs"}
        or letter in _TURNING
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
    )
