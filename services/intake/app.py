"""What commands, reactions and queries of intake have at hand."""

from __future__ import annotations

from dataclasses import dataclass

from services.intake.adapters.receipt_pdf import ReceiptPrinter
from services.intake.adapters.seal import Seal
from services.intake.adapters.sheet_pdf import SheetTypesetter
from services.intake.domain.account import Account
from services.intake.domain.case import Case
from services.intake.domain.late import LateUse
from services.intake.settings import IntakeSettings
from shared.campaign.copy import Campaigns
from shared.clock import Clock
from shared.identity.guessing import Guessing
from shared.identity.revocations import Revocations
from shared.identity.secrets import person_of
from shared.objects import Objects
from shared.records import Database, Records
from shared.trouble import NotThere


@dataclass(frozen=True, kw_only=True)
class App:
    """The pieces of one intake process."""

    settings: IntakeSettings
    clock: Clock
    database: Database
    accounts: Records[Account]
    guessing: Guessing
    cases: Records[Case]
    late_uses: Records[LateUse]
    campaigns: Campaigns
    revocations: Revocations
    objects: Objects
    seal: Seal
    printer: ReceiptPrinter
    sheet_pdf: SheetTypesetter

    def person(self, mobile: str) -> str:
        """The pseudonym of a mobile."""
        return person_of(mobile, secret=self.settings.person_secret)

    def own_case(self, case_id: str, account_id: str) -> Case:
        """The case as it is; NotThere unless it is this account's."""
        case = self.cases.get(case_id)
        if case.account_id != account_id:
            raise NotThere()
        return case
