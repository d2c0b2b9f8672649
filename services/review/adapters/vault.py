"""Keeps the secrets of second factors closed, and judges the numbers that people's apps show."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

import pyotp
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from shared.trouble import Unreadable

STEP_SECONDS = 30


class Vault:
    """Closes secrets with a key of its own, derived from the service's secret."""

    def __init__(self, secret_key: str) -> None:
        self._box = SecretBox(hashlib.sha256(b"second-factor/" + secret_key.encode()).digest())

    def new_secret(self) -> str:
        """A fresh secret, closed."""
        return base64.b64encode(self._box.encrypt(pyotp.random_base32().encode())).decode()

    def open(self, closed: str) -> str:
        """The secret in base32, as a person may type it into an app; Unreadable after a change of key."""
        try:
            return self._box.decrypt(base64.b64decode(closed)).decode()
        except (CryptoError, ValueError) as error:
            raise Unreadable("the second factor was closed with another key") from error

    def step(self, closed: str, number: str, *, at: datetime) -> int | None:
        """The time step a number belongs to, one step early or late included; None when it fits none."""
        totp = pyotp.TOTP(self.open(closed))
        now = int(at.timestamp()) // STEP_SECONDS
        digits = "".join(letter for letter in number if letter.isdigit())
        fits = (step for step in (now - 1, now, now + 1) if pyotp.utils.strings_equal(digits, _at(totp, step)))
        return next(fits, None)

    def address(self, closed: str, *, account: str, issuer: str) -> str:
        """The otpauth:// address that a QR code shows."""
        return str(pyotp.TOTP(self.open(closed)).provisioning_uri(name=account, issuer_name=issuer))


def _at(totp: pyotp.TOTP, step: int) -> str:
    return str(totp.at(step * STEP_SECONDS))
