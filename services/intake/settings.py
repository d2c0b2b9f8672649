"""What intake is told from outside, besides what all services are told."""

from __future__ import annotations

from shared.settings import PublicKey, ServiceSettings


class IntakeSettings(ServiceSettings):
    """Settings of intake.

    ``author_signing_key`` signs author sessions, ``person_secret`` turns mobiles into pseudonyms, ``letter_public_key``
    seals codes for notify alone (base64); without it passwords cannot be reset by mail.
    """

    author_signing_key: PublicKey
    person_secret: str
    letter_public_key: str = ""
