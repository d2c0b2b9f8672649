"""Sessions that are over before their token expires: each service keeps when, and every request asks."""

from __future__ import annotations

from datetime import datetime

from shared.identity.tokens import Principal
from shared.records.database import Database, mongo_or_away

EVERYBODY = "*"
"""Takes the place of an account where all sessions are over."""


class Revocations:
    """``revoked_before`` by account, in the service's own database."""

    def __init__(self, database: Database) -> None:
        self._rows = database.db["revocations"]

    def revoke(self, account_id: str, before: datetime) -> None:
        """Sessions of the account begun before that instant are over; an earlier instant never wins."""
        with mongo_or_away():
            self._rows.update_one({"_id": account_id}, {"$max": {"before": before}}, upsert=True)

    def revoked_before(self, principal: Principal) -> datetime | None:
        """The instant before which this account's sessions are over, if there is one."""
        with mongo_or_away():
            rows = list(self._rows.find({"_id": {"$in": [principal.id, EVERYBODY]}}))
        return max((row["before"] for row in rows), default=None)
