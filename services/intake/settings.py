"""What intake is told from outside, besides what all services are told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.settings import PublicKey, ServiceSettings


class IntakeSettings(ServiceSettings):
    """Settings of intake.

    ``author_signing_key`` signs author sessions, ``person_secret`` turns mobiles into pseudonyms, ``letter_public_key``
    seals codes for notify alone (base64); without it passwords cannot be reset by mail. ``receipt_signing_key`` signs
    receipts; ``receipt_public_keys`` are the public halves of those that signed before it, kept for as long as anybody
    may show a receipt. ``font_dir`` holds Noto Serif SC or CJK SC where the system has neither.
    """

    author_signing_key: PublicKey
    person_secret: str
    letter_public_key: str = ""
    receipt_signing_key: PublicKey
    receipt_public_keys: list[PublicKey] = Field(default_factory=list)
    font_dir: Path | None = None
