"""What commands, reactions and queries of notify have at hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.notify.adapters.paper import Paper
from services.notify.domain.address_book import CaseContacts, StaffContact
from services.notify.domain.delivery import Patience
from services.notify.domain.ports import Mailbox, Originals, Post
from services.notify.settings import NotifySettings
from services.notify.store import Buckets, Earlier, Letters, Mails
from shared.campaign.copy import Campaigns
from shared.campaign.model import Campaign
from shared.clock import Clock
from shared.events.wire import Heard
from shared.identity.revocations import Revocations
from shared.records import Database, Records


@dataclass(frozen=True, kw_only=True)
class App:
    """The pieces of one notify process."""

    settings: NotifySettings
    clock: Clock
    database: Database
    letters: Letters
    cases: Records[CaseContacts]
    staff: Records[StaffContact]
    mails: Mails
    buckets: Buckets
    earlier: Earlier
    campaigns: Campaigns
    revocations: Revocations
    paper: Paper
    post: Post
    mailbox: Mailbox
    originals: Originals

    @property
    def patience(self) -> Patience:
        """How often and how long a letter is tried."""
        return Patience(
            first=timedelta(seconds=self.settings.letter_first_wait_seconds),
            longest=timedelta(seconds=self.settings.letter_longest_wait_seconds),
            tries=self.settings.letter_tries,
        )

    def is_from_before(self, heard: Heard) -> bool:
        """Whether an event was told before a backup was put back, or follows from one that was."""
        if self.database.restored_at is None:
            return False
        return heard.epoch < self.database.epoch or self.earlier.knows(heard.correlation)

    def campaign(self, campaign_id: str) -> Campaign:
        """The campaign a letter is about; the current one where it is about none. NotThere before it is heard."""
        return self.campaigns.get(campaign_id) if campaign_id else self.campaigns.current()
