"""What review does on which news."""

from __future__ import annotations

from collections.abc import Callable

from services.review.app import App
from services.review.handlers.accounts import sessions_revoked
from services.review.handlers.assignment import experts_assigned, review_recused
from services.review.handlers.campaign import campaign_published
from services.review.handlers.cases import (
    case_submitted,
    case_withdrawn,
    certificate_issued,
    certificate_replaced,
    certificate_revoked,
    co_author_refused,
    consents_changed,
    report_ready,
    signatures_added,
)
from services.review.handlers.contacts import contact_approved, form_received
from services.review.handlers.decision import decision_published
from services.review.handlers.disqualification import disqualification_confirmed, disqualification_recorded
from services.review.handlers.late import permission_spent
from services.review.handlers.record import decision_recorded
from services.review.handlers.reviews import review_submitted
from services.review.handlers.shortlists import recommendation_refused, shortlist_changed, shortlist_sealed
from services.review.handlers.transfers import case_moved
from shared.events import certificate, intake, notify, review, validation
from shared.events.base import Event
from shared.events.wire import Heard

REACTIONS: dict[type[Event], Callable[[App, Heard], None]] = {
    intake.CaseSubmittedInFull: case_submitted,
    intake.CaseWithdrawn: case_withdrawn,
    intake.SignaturesAdded: signatures_added,
    intake.CoAuthorRefused: co_author_refused,
    intake.ConsentsChanged: consents_changed,
    intake.LatePermissionSpent: permission_spent,
    intake.AuthorSessionsRevoked: sessions_revoked,
    validation.ReportReady: report_ready,
    notify.ContactFormReceived: form_received,
    certificate.CertificateIssued: certificate_issued,
    certificate.CertificateReplaced: certificate_replaced,
    certificate.CertificateRevoked: certificate_revoked,
    review.CampaignPublished: campaign_published,
    review.ContactApproved: contact_approved,
    review.StaffSessionsRevoked: sessions_revoked,
    review.ShortlistChanged: shortlist_changed,
    review.RecommendationRefused: recommendation_refused,
    review.CaseMoved: case_moved,
    review.ShortlistSealed: shortlist_sealed,
    review.ExpertsAssigned: experts_assigned,
    review.ReviewRecused: review_recused,
    review.ReviewSubmitted: review_submitted,
    review.DecisionPublished: decision_published,
    review.DisqualificationConfirmed: disqualification_confirmed,
    review.DisqualificationRecorded: disqualification_recorded,
    review.DecisionRecorded: decision_recorded,
}
