"""The settings of this service; all begin with ZHENGJI_."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import model_validator

from shared.settings import ServiceSettings


class CertificateSettings(ServiceSettings):
    """What certificate is told beyond what all five services are told."""

    certificate_secret: str = ""
    """Draws numbers and hashes lookups; empty: ``secret_key`` serves. Never change it once certificates are out."""
    font_dir: Path | None = None
    signing_dir: Path = Path("var/signing")
    """Keys and authority, made here on first need unless the PEM settings are given; web needs the authority alone."""
    signing_organisation: str = "征集平台"
    signing_key_pem: str = ""
    signing_certificate_pem: str = ""
    signing_authority_pem: str = ""
    retired_authorities_pem: str = ""
    """Authorities of earlier years, one PEM after the other; what they signed stays good."""
    query_limit: str = "60/minute"
    """How often one address may query by name."""
    query_name_limit: str = "30/hour"
    """How often one address may query one name."""
    job_lease_seconds: int = 120

    @model_validator(mode="after")
    def _keys_come_together(self) -> Self:
        if bool(self.signing_key_pem) != bool(self.signing_certificate_pem):
            raise ValueError("give signing_key_pem and signing_certificate_pem together")
        if self.signing_key_pem and not self.signing_authority_pem:
            raise ValueError("give signing_authority_pem with signing_key_pem")
        return self

    @property
    def numbering_secret(self) -> str:
        return self.certificate_secret or self.secret_key
