"""What intake, validation and certificate say of a case."""

from __future__ import annotations

from typing import cast

from services.review.app import App
from services.review.domain.case import Case
from shared.events.certificate import CertificateIssued, CertificateReplaced, CertificateRevoked
from shared.events.intake import CaseSubmittedInFull, CaseWithdrawn, CoAuthorRefused, ConsentsChanged, SignaturesAdded
from shared.events.validation import ReportReady
from shared.events.wire import Heard


def case_submitted(app: App, heard: Heard) -> None:
    """Hold the version that was submitted."""
    event = cast(CaseSubmittedInFull, heard.event)
    app.cases.hear(
        heard,
        event.case_id,
        lambda case: case.take_submission(event),
        create=lambda: Case(id=event.case_id, campaign_id=event.campaign_id),
    )


def report_ready(app: App, heard: Heard) -> None:
    """Hold the report, also where the case is not here yet."""
    event = cast(ReportReady, heard.event)
    app.cases.hear(
        heard,
        event.case_id,
        lambda case: case.take_report(event),
        create=lambda: Case(id=event.case_id, campaign_id=event.campaign_id),
    )


def case_withdrawn(app: App, heard: Heard) -> None:
    """The author took the case back."""
    event = cast(CaseWithdrawn, heard.event)
    app.cases.hear(
        heard,
        event.case_id,
        lambda case: case.withdraw(case_version=event.case_version, at=event.at),
        create=lambda: Case(id=event.case_id, campaign_id=event.campaign_id),
    )


def signatures_added(app: App, heard: Heard) -> None:
    """Authors signed after the submission; recommending may have waited for them."""
    event = cast(SignaturesAdded, heard.event)
    app.cases.hear(heard, event.case_id, lambda case: case.take_signatures(event))


def co_author_refused(app: App, heard: Heard) -> None:
    """Somebody does not agree to be named; of a case that was never handed in nothing is known here."""
    event = cast(CoAuthorRefused, heard.event)
    if event.case_version:
        app.cases.hear(
            heard,
            event.case_id,
            lambda case: case.take_refusal(event),
            create=lambda: Case(id=event.case_id, campaign_id=event.campaign_id),
        )


def consents_changed(app: App, heard: Heard) -> None:
    """An author took a consent back, or gave it again: selection goes on, the showcase looks at it."""
    event = cast(ConsentsChanged, heard.event)

    def take(case: Case) -> None:
        case.withheld = event.withheld

    app.cases.hear(heard, event.case_id, take, create=lambda: Case(id=event.case_id, campaign_id=event.campaign_id))


def certificate_issued(app: App, heard: Heard) -> None:
    """The case's public state names its certificates."""
    event = cast(CertificateIssued, heard.event)
    app.cases.hear(heard, event.case_id, lambda case: case.take_certificate(number=event.number, at=event.at))


def certificate_replaced(app: App, heard: Heard) -> None:
    """A corrected certificate took the place of another."""
    event = cast(CertificateReplaced, heard.event)
    app.cases.hear(
        heard,
        event.case_id,
        lambda case: case.take_certificate(number=event.number, instead_of=event.replaces, at=event.at),
    )


def certificate_revoked(app: App, heard: Heard) -> None:
    """A certificate no longer holds."""
    event = cast(CertificateRevoked, heard.event)
    app.cases.hear(
        heard, event.case_id, lambda case: case.take_certificate(number="", instead_of=event.number, at=event.at)
    )
