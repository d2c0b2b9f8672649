"""What review is told from outside."""

from __future__ import annotations

from pydantic import BaseModel

from shared.settings import ServiceSettings


class SigningKeySetting(BaseModel):
    """The private key that signs staff sessions: ``key`` is base64 of the 32 raw Ed25519 bytes."""

    kid: str
    key: str


class ReviewSettings(ServiceSettings):
    """``letter_public_key`` seals activation codes for notify; ``person_secret`` makes the pseudonyms of persons."""

    staff_signing_key: SigningKeySetting
    letter_public_key: str
    person_secret: str
    staff_session_minutes: float = 60
    activation_days: float = 14
    expert_second_factor: bool = False
    experts_may_open_originals: bool = False
    compare_topics_hours: float = 24
