"""Sessions: Ed25519-signed tokens whose key id fixes who may have issued them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Kind = Literal["author", "staff"]

AUTHOR_ROLES = frozenset({"author"})
STAFF_ROLES = frozenset({"province", "helper", "expert", "officer", "administrator"})


class TokenRefused(Exception):
    """The token is forged, expired, or not for this."""


class KeyLike(Protocol):
    """A public key as the settings hold it."""

    kid: str
    key: str


@dataclass(frozen=True)
class Principal:
    """Somebody who has signed in. ``province`` is the code of the province a province's account works for."""

    kind: Kind
    id: str
    name: str
    roles: frozenset[str]
    province: str | None = None
    issued: datetime = field(default_factory=lambda: datetime(1970, 1, 1, tzinfo=UTC))
    expires: datetime = field(default_factory=lambda: datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class SigningKey:
    """The private half: ``key`` is base64 of the 32 raw Ed25519 bytes."""

    kid: str
    key: str

    def private(self) -> Ed25519PrivateKey:
        """The key in the library's form."""
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.key))

    def public(self) -> str:
        """The public half, base64 of the 32 raw bytes."""
        return base64.b64encode(self.private().public_key().public_bytes_raw()).decode()


def issue_token(principal: Principal, key: SigningKey, *, now: datetime, lasting: timedelta) -> str:
    """A signed token for the cookie named after the principal's kind."""
    claims = {
        "aud": principal.kind,
        "sub": principal.id,
        "name": principal.name,
        "roles": sorted(principal.roles),
        "province": principal.province,
        "iat": now.timestamp(),
        "exp": (now + lasting).timestamp(),
    }
    return jwt.encode(claims, key.private(), algorithm="EdDSA", headers={"kid": key.kid})


def read_token(token: str, *, kind: Kind, keys: Sequence[KeyLike], now: datetime) -> Principal:
    """The principal a token speaks of; TokenRefused when it does not hold at ``now``."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((known for known in keys if known.kid == kid), None)
        if key is None:
            raise TokenRefused("the token was signed by an unknown key")
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.key))
        claims = jwt.decode(
            token,
            public,
            algorithms=["EdDSA"],
            audience=kind,
            # Expiry is judged by the injected clock below, never by the library's.
            options={"verify_exp": False, "verify_iat": False, "require": ["sub", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise TokenRefused(str(error)) from error
    roles = frozenset(claims["roles"])
    if not roles <= (AUTHOR_ROLES if kind == "author" else STAFF_ROLES):
        raise TokenRefused("this issuer cannot give these roles")
    expires = datetime.fromtimestamp(claims["exp"], UTC)
    if expires <= now:
        raise TokenRefused("the session has expired")
    return Principal(
        kind=kind,
        id=claims["sub"],
        name=claims["name"],
        roles=roles,
        province=claims["province"],
        issued=datetime.fromtimestamp(claims["iat"], UTC),
        expires=expires,
    )
