"""What the people of the play keep themselves: receipts, and what they were told. The accounting trusts only this."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One receipt as its author holds it. ``sha256`` by file name; ``asked`` and ``shown`` by the client's clock."""

    case_id: str
    number: str
    version: int
    title: str
    category: str
    province: str
    author: str
    mobile: str
    email: str
    password: str
    sha256: dict[str, str]
    asked: datetime
    shown: datetime
    withdrawn: bool = False


@dataclass
class Book:
    """Kept by the clients, in memory: every receipt, every refusal that was expected, every answer by mail."""

    receipts: list[Receipt] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """What was tried and what was said."""
    reports: dict[tuple[str, int], datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keep(self, receipt: Receipt) -> None:
        """Put a receipt away."""
        with self._lock:
            self.receipts.append(receipt)

    def keep_refusal(self, tried: str, said: str) -> None:
        """Note what was refused, and the words."""
        with self._lock:
            self.refusals.append((tried, said))

    def keep_report(self, case_id: str, version: int, seen: datetime) -> None:
        """Note when an author first saw the report on a version."""
        with self._lock:
            self.reports.setdefault((case_id, version), seen)

    def took_back(self, case_id: str) -> None:
        """The last receipt of a case was withdrawn."""
        with self._lock:
            at = max(place for place, each in enumerate(self.receipts) if each.case_id == case_id)
            self.receipts[at] = replace(self.receipts[at], withdrawn=True)

    def standing(self) -> dict[str, Receipt]:
        """The receipt that counts for each case; withdrawn ones are not in it."""
        with self._lock:
            last = {each.case_id: each for each in self.receipts}
        return {case_id: each for case_id, each in last.items() if not each.withdrawn}
