"""The certificate of one author of one case: issued, replaced after a correction, revoked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.aggregates import Aggregate
from shared.events.certificate import CertificateIssued, CertificateReplaced, CertificateRevoked
from shared.trouble import Refused


class Standing(StrEnum):
    """What the public is told of a number."""

    VALID = "valid"
    REPLACED = "replaced"
    REVOKED = "revoked"


DISQUALIFIED = "该案例已被取消资格"
OUTCOMES = {"exemplary": "典型案例", "showcase": "展示案例"}


@dataclass(frozen=True)
class Wording:
    """What stands on a certificate, word for word; later changes of names or units do not touch it."""

    heading: str
    subtitle: str
    campaign: str
    category: str
    case_title: str
    outcome: str
    authors: tuple[str, ...]
    holder: int | None
    """The holder's place among the authors; None where all hold it together."""
    unit: str
    issuer: str
    seal: str
    dated: datetime

    @property
    def holder_name(self) -> str:
        return self.authors[self.holder] if self.holder is not None else "、".join(self.authors)


@dataclass(frozen=True)
class Issue:
    """One printed form of the certificate, with a number of its own.

    ``token`` stands beside the number in the QR code; ``sha256`` (hex) is of the signed PDF.
    """

    number: str
    token: str
    wording: Wording
    object_key: str
    sha256: str
    issued_at: datetime
    reason: str = ""
    """Why it took the place of the one before; empty for the first."""


@dataclass(frozen=True)
class Revocation:
    """Since when a certificate no longer holds, and why, in words for the public."""

    at: datetime
    reason: str
    by: str


@dataclass(kw_only=True)
class Certificate(Aggregate):
    """One author's certificate; the last of its issues is the one in force. ``author`` counts from 0."""

    campaign_id: str
    case_id: str
    author: int
    outcome: str
    issues: tuple[Issue, ...] = ()
    numbers: tuple[str, ...] = ()
    revocation: Revocation | None = None

    @property
    def current(self) -> Issue:
        return self.issues[-1]

    def issue(self, issue: Issue) -> None:
        """Put the first printed form into force."""
        if self.issues:
            raise Refused("already-issued", "该作者的证书已经颁发，如需改动请使用“更正”。", status=409)
        self._add(issue)
        self.tell(
            CertificateIssued(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                certificate_id=self.id,
                number=issue.number,
                author=self.author,
                outcome=self.outcome,
                at=issue.issued_at,
            )
        )

    def replace(self, issue: Issue) -> None:
        """Put a corrected printed form into force; the number before it stays known as replaced."""
        self._refuse_if_revoked()
        if not issue.reason.strip():
            raise Refused("reason-missing", "请填写更正原因。", field="reason")
        replaced = self.current.number
        self._add(issue)
        self.tell(
            CertificateReplaced(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                certificate_id=self.id,
                number=issue.number,
                replaces=replaced,
                author=self.author,
                at=issue.issued_at,
            )
        )

    def revoke(self, *, reason: str, by: str, at: datetime) -> None:
        """Say that it no longer holds, from now on and for good."""
        self._refuse_if_revoked()
        if not reason.strip():
            raise Refused("reason-missing", "请填写撤销原因，公众核验时将看到这一原因。", field="reason")
        self.revocation = Revocation(at=at, reason=reason.strip(), by=by)
        self.tell(
            CertificateRevoked(
                campaign_id=self.campaign_id,
                case_id=self.case_id,
                certificate_id=self.id,
                number=self.current.number,
                author=self.author,
                reason=reason.strip(),
                at=at,
            )
        )

    def numbered(self, number: str) -> Issue:
        """The issue that bears this number; LookupError if none does."""
        if number not in self.numbers:
            raise LookupError(f"{number} is none of this certificate's numbers")
        return self.issues[self.numbers.index(number)]

    def standing(self, number: str) -> Standing:
        """What holds of one of its numbers; LookupError if it is none of them."""
        self.numbered(number)
        if self.revocation is not None:
            return Standing.REVOKED
        return Standing.VALID if number == self.current.number else Standing.REPLACED

    def _add(self, issue: Issue) -> None:
        self.issues = (*self.issues, issue)
        self.numbers = (*self.numbers, issue.number)

    def _refuse_if_revoked(self) -> None:
        if self.revocation is not None:
            raise Refused("already-revoked", "该证书已经撤销，不能再更改。", status=409)


def certificate_id(case_id: str, author: int) -> str:
    """The one id that the certificate of this author of this case can have."""
    return f"{case_id}-{author}"


def corrected(wording: Wording, *, name: str | None = None, unit: str | None = None) -> Wording:
    """The wording with the holder's name or unit put right; authors are neither added nor reordered."""
    authors = wording.authors
    if name is not None and wording.holder is not None:
        authors = tuple(name if place == wording.holder else author for place, author in enumerate(authors))
    return replace(wording, authors=authors, unit=wording.unit if unit is None else unit)
