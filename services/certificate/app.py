"""What commands, reactions, queries and the maker of certificate have at hand."""

from __future__ import annotations

from dataclasses import dataclass

from services.certificate.adapters.signing import PdfJudge
from services.certificate.adapters.throttle import Throttle
from services.certificate.domain.certificate import Certificate
from services.certificate.domain.names import name_key
from services.certificate.domain.numbering import NumberMaker
from services.certificate.settings import CertificateSettings
from services.certificate.store import Store
from shared.campaign.copy import Campaigns
from shared.clock import Clock
from shared.identity.revocations import Revocations
from shared.objects import Objects
from shared.records import Database
from shared.trouble import NotThere

UNKNOWN_NUMBER = "没有查到这个编号的证书，请核对后重新输入。"


@dataclass(frozen=True, kw_only=True)
class App:
    """The pieces of one process; ``authorities`` are PEM, the one in force first."""

    settings: CertificateSettings
    clock: Clock
    database: Database
    store: Store
    campaigns: Campaigns
    numbers: NumberMaker
    revocations: Revocations
    throttle: Throttle
    objects: Objects
    judge: PdfJudge
    authorities: tuple[bytes, ...]

    def lookup_key(self, *, name: str, last_four: str) -> str:
        """What is kept of a person's name and the end of their mobile."""
        return self.numbers.lookup(name=name_key(name), last_four=last_four)

    def numbered(self, number: str) -> Certificate:
        """The certificate that bears this number; NotThere."""
        certificate = self.store.certificate_numbered(number)
        if certificate is None:
            raise NotThere(UNKNOWN_NUMBER)
        return certificate
