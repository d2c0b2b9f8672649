"""The number on a receipt: random, so that nobody counts cases by it, with a check digit against slips of the pen."""

from __future__ import annotations

import re

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
    digits = re.sub(r"[\s\-－—]", "", written)
    return bool(re.fullmatch(r"\d{13}", digits)) and check_digit(digits[4:-1]) == int(digits[-1])
