"""Facts that certificate tells."""

from __future__ import annotations

from typing import ClassVar

from shared.events.base import Event, Instant


class CertificateIssued(Event):
    """A certificate lies ready; ``author`` is the author's place on the sheet, from 0."""

    topic: ClassVar[str] = "certificate.open"
    campaign_id: str
    case_id: str
    certificate_id: str
    number: str
    author: int
    outcome: str
    at: Instant


class CertificateReplaced(Event):
    """A corrected certificate took the place of an earlier one."""

    topic: ClassVar[str] = "certificate.open"
    campaign_id: str
    case_id: str
    certificate_id: str
    number: str
    replaces: str
    author: int
    at: Instant


class CertificateRevoked(Event):
    """A certificate no longer holds."""

    topic: ClassVar[str] = "certificate.open"
    campaign_id: str
    case_id: str
    certificate_id: str
    number: str
    author: int
    reason: str
    at: Instant
