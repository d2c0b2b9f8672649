"""Prints and signs one certificate: from wording to the bytes that are issued."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.certificate.adapters.pdf import CertificateTypesetter, Print
from services.certificate.adapters.signing import PdfSigner
from services.certificate.domain.certificate import Wording


@dataclass(frozen=True)
class Printed:
    """A signed PDF; ``object_key`` names number and signer, so the same work lands at the same place."""

    pdf: bytes
    sha256: str
    object_key: str


class Press:
    """The typesetter and the signer together."""

    def __init__(self, typesetter: CertificateTypesetter, signer: PdfSigner, *, public_url: str) -> None:
        self._typesetter = typesetter
        self._signer = signer
        self._public_url = public_url.rstrip("/")

    def printed(self, wording: Wording, *, campaign_id: str, number: str, token: str, at: datetime) -> Printed:
        """The signed PDF; the same arguments give the same bytes. Raises GlyphMissing or DoesNotFit."""
        url = f"{self._public_url}/certificates/verify/{number}?t={token}"
        unsigned = self._typesetter.pdf(Print(wording=wording, number=number, verify_url=url))
        signed = self._signer.signed(unsigned, at=at, issuer=wording.issuer, reason=f"颁发电子证书 {number}")
        key = f"certificates/{campaign_id}/{number}-{self._signer.fingerprint[:12]}.pdf"
        return Printed(pdf=signed, sha256=hashlib.sha256(signed).hexdigest(), object_key=key)
