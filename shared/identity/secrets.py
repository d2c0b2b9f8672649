"""Passwords, one-time codes, sealed letters, and the pseudonym of a person."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from shared.trouble import Refused, Unreadable

# OWASP's second profile: 19 MiB, two passes, one lane; a ninth of the library's default in CPU time.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of processor time in each period of so many, or ``max`` (Linux, cgroup v2)."""
_COME_BACK = 30
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # no I L O U 0 1: read aloud without mistakes


def cores() -> int:
    """How many processors this process may use: those it may run on, or fewer where its container has a quota."""
    mine = len(os.sched_getaffinity(0))
    try:
        quota, period = _QUOTA.read_text().split()
    except (OSError, ValueError):
        return mine
    return mine if quota == "max" else max(1, min(mine, int(quota) // int(period)))


class Bulkhead:
    """At most ``places`` hashes at a time; one more is refused with 429 rather than starve every page."""

    def __init__(self, places: int, *, patience: float = 2.0) -> None:
        self._places = threading.Semaphore(places)
        self._patience = patience

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place, or be refused where none comes free in time (seconds)."""
        if not self._places.acquire(timeout=self._patience):
            message = f"现在登录的人较多，请在{_COME_BACK}秒后重试，您填写的内容不会丢失。"
            raise Refused("busy", message, status=429, retry_after=_COME_BACK)
        try:
            yield
        finally:
            self._places.release()


_HASHING = Bulkhead(cores())


def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    with _HASHING.place():
        return _HASHER.hash(password)


def password_fits(password: str, hashed: str) -> bool:
    """Whether the password is the hashed one; an empty hash fits none."""
    with _HASHING.place():
        try:
            return _HASHER.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def new_code(length: int = 12) -> str:
    """A random one-time code in groups of four, such as 7KQP-M3XA-9TBD (about 59 bits at twelve)."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(length))
    return "-".join(letters[at : at + 4] for at in range(0, length, 4))


def hash_code(code: str) -> str:
    """What is kept of a one-time code: codes are random, so one SHA-256 is enough. Case and separators do not count."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def seal(plain: str, public_key: str) -> str:
    """Close a text for the one who holds the private key (NaCl sealed box); keys and result are base64."""
    box = SealedBox(PublicKey(base64.b64decode(public_key)))
    return base64.b64encode(box.encrypt(plain.encode())).decode()


def unseal(sealed: str, private_key: str) -> str:
    """Open a sealed text; Unreadable when it was sealed for somebody else or was changed."""
    box = SealedBox(PrivateKey(base64.b64decode(private_key)))
    try:
        return box.decrypt(base64.b64decode(sealed)).decode()
    except (CryptoError, ValueError) as error:
        raise Unreadable("the sealed text does not open") from error


def person_of(mobile: str, *, secret: str) -> str:
    """The pseudonym by which services know a person across cases: HMAC-SHA-256 of the normalised mobile, hex."""
    digits = "".join(letter for letter in mobile if letter.isdigit())[-11:]
    return hmac.new(secret.encode(), digits.encode(), hashlib.sha256).hexdigest()[:32]
