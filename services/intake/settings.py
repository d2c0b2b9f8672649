"""What intake is told from outside, besides what all services are told."""

from __future__ import annotations

from pathlib import Path

from shared.settings import PublicKey, ServiceSettings


class IntakeSettings(ServiceSettings):
    """Settings of intake.

    ``author_signing_key`` signs author sessions, ``person_secret`` turns mobiles into pseudonyms, ``letter_public_key``
    seals codes for notify alone (base64); without it passwords cannot be reset by mail. ``font_dir`` holds a Chinese
    font for 附表1 as PDF; without it the system's fonts serve.
    """

    author_signing_key: PublicKey
    person_secret: str
    letter_public_key: str = ""
    font_dir: Path | None = None
