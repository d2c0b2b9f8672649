"""What every view of this service reaches for."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from services.certificate.adapters.signing import PdfJudge
from services.certificate.handlers import Service
from services.certificate.settings import CertificateSettings
from shared.objects import Objects

NAME = "zhengji.certificate"


@dataclass(frozen=True)
class Desk:
    """The service, the store of files, the judge of signatures and the settings."""

    service: Service
    objects: Objects
    judge: PdfJudge
    settings: CertificateSettings
    authorities: bytes


def desk() -> Desk:
    """The desk of the present app."""
    found: Desk = current_app.extensions[NAME]
    return found
