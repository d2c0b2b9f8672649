"""The keys that a backup does not hold and is worth nothing without: known again by what is left of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.certificate.settings import CertificateSettings
from services.intake.settings import IntakeSettings
from services.notify.settings import NotifySettings
from services.review.settings import ReviewSettings
from services.validation.settings import ValidationSettings
from zhengji.backup.trouble import BackupTrouble
from zhengji.surroundings import settings_of

NAMES = {
    "person": "ZHENGJI_PERSON_SECRET (pseudonyms of persons)",
    "second factors": "ZHENGJI_SECRET_KEY of review (second factors)",
    "letters": "ZHENGJI_LETTER_PRIVATE_KEY (sealed codes)",
    "numbers": "ZHENGJI_CERTIFICATE_SECRET (numbers of certificates)",
    "authority": "the authority in ZHENGJI_SIGNING_DIR or ZHENGJI_SIGNING_AUTHORITY_PEM (signatures on certificates)",
}


@dataclass(frozen=True)
class AllSettings:
    """The settings of the five services."""

    intake: IntakeSettings
    validation: ValidationSettings
    review: ReviewSettings
    certificate: CertificateSettings
    notify: NotifySettings


def all_settings(var: Path) -> AllSettings:
    """What the environment and the folder of a local stack say; what is missing is named and the command ends."""
    return AllSettings(
        intake=settings_of(IntakeSettings, var=var, service="intake"),
        validation=settings_of(ValidationSettings, var=var, service="validation"),
        review=settings_of(ReviewSettings, var=var, service="review"),
        certificate=settings_of(CertificateSettings, var=var, service="certificate"),
        notify=settings_of(NotifySettings, var=var, service="notify"),
    )


def fingerprints(settings: AllSettings) -> dict[str, str]:
    """What tells one key from another, and does not help to find it."""
    secrets = {
        "person": settings.review.person_secret,
        "second factors": settings.review.secret_key,
        "letters": settings.notify.letter_private_key,
        "numbers": settings.certificate.numbering_secret,
        "authority": _authority(settings.certificate),
    }
    return {name: _fingerprint(name, secret) for name, secret in secrets.items() if secret}


def compare(backup: Mapping[str, str], here: Mapping[str, str]) -> None:
    """BackupTrouble when the platform here has other keys than the one the backup is of."""
    other = [NAMES[name] for name in NAMES if name in backup and backup[name] != here.get(name)]
    if other:
        raise BackupTrouble(
            f"These keys are not those of the backup: {'; '.join(other)}. Bring the keys back first: "
            "what was sealed, numbered or signed with the old ones would be lost."
        )


def _authority(settings: CertificateSettings) -> str:
    if settings.signing_authority_pem:
        return settings.signing_authority_pem.strip()
    file = settings.signing_dir / "ca.pem"
    return file.read_text().strip() if file.is_file() else ""


def _fingerprint(name: str, secret: str) -> str:
    salt = f"zhengji backup/{name}".encode()
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=16).hex()
