"""The number on a receipt: random, so that nobody counts cases by it, with a check digit against slips of the pen."""

from __future__ import annotations

import re
import unicodedata

DIGITS = 8
SPACE = 10**DIGITS


def case_number(year: str, drawn: int) -> str:
    """2024-482-130-572 for a drawn number below 10⁸: eight digits and the check digit of ISO 7064 MOD 11,10."""
    body = f"{drawn:0{DIGITS}d}"
    digits = body + str(check_digit(body))
    return f"{year}-{digits[:3]}-{digits[3:6]}-{digits[6:]}"


def check_digit(body: str) -> int:
    """The digit that makes a slip or a swap of two neighbours show (ISO 7064 MOD 11,10)."""
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10


def is_case_number(written: str) -> bool:
    """Whether a number was copied without a slip; dashes and spaces do not count."""
    return number_as_typed(written) is not None


def number_as_typed(written: str) -> str | None:
    """The number somebody copied, however they set it apart; None where there is a slip in it."""
    digits = re.sub(r"[\s\-—–]", "", unicodedata.normalize("NFKC", written))
    if not re.fullmatch(r"[0-9]{13}", digits) or check_digit(digits[4:-1]) != int(digits[-1]):
        return None
    return f"{digits[:4]}-{digits[4:7]}-{digits[7:10]}-{digits[10:]}"
