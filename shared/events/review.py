"""Facts that review tells."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from shared.events.base import Event, Instant

ResultOutcome = Literal["exemplary", "showcase", "not-selected"]


class CampaignPublished(Event):
    """The campaign as last published, whole (its JSON form)."""

    topic: ClassVar[str] = "campaign"
    campaign_id: str
    revision: int
    campaign: dict[str, Any]
    by: str = ""
    at: Instant

    def key(self) -> str | None:
        """Compacted by campaign."""
        return self.campaign_id


class ContactApproved(Event):
    """The centre accepted a provincial contact; ``replaces`` are the province's accounts that end with it."""

    topic: ClassVar[str] = "review.restricted"
    campaign_id: str
    account_id: str
    province: str
    name: str
    unit: str
    email: str
    mobile: str
    replaces: tuple[str, ...] = ()
    by: str = ""
    at: Instant


class ContactRefused(Event):
    """The centre did not accept a contact form; the sender is told why."""

    topic: ClassVar[str] = "review.restricted"
    campaign_id: str
    province: str
    name: str
    email: str
    reason: str
    by: str = ""
    at: Instant


class ActivationCodeIssued(Event):
    """An activation code for one account, sealed for notify alone (NaCl sealed box, base64)."""

    topic: ClassVar[str] = "review.restricted"
    campaign_id: str
    account_id: str
    role: str
    name: str
    email: str
    province: str = ""
    sealed_code: str
    expires: Instant


class StaffSessionsRevoked(Event):
    """Every session of this staff account that began before an instant is over."""

    topic: ClassVar[str] = "review.restricted"
    account_id: str
    revoked_before: Instant


class ShortlistChanged(Event):
    """A province put one case on its shortlist, or took it off."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    province: str
    case_id: str
    listed: bool
    reason: str = ""
    by: str
    at: Instant


class ShortlistSealed(Event):
    """A province's shortlist as it counts: ``confirmed`` says whether the province confirmed it."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    province: str
    case_ids: tuple[str, ...]
    confirmed: bool
    by: str = ""
    at: Instant


class ShortlistConfirmed(Event):
    """A province confirmed its shortlist (it may still change until the window closes)."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    province: str
    count: int
    by: str
    at: Instant


class CaseRecommended(Event):
    """The case is recommended by its province: its sealed shortlist holds it."""

    topic: ClassVar[str] = "review.internal"
    outsiders: ClassVar[bool] = True
    campaign_id: str
    case_id: str
    case_version: int
    province: str
    category: str
    at: Instant


class EligibilityConfirmed(Event):
    """The centre confirmed that a recommended case may be judged, or refused it with a reason."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    eligible: bool
    reason: str = ""
    by: str
    at: Instant


class ExpertsAssigned(Event):
    """These experts are to score the case."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    expert_ids: tuple[str, ...]
    by: str = ""
    at: Instant


class AssignmentFinished(Event):
    """The assignment of a round is out: how many cases each expert got."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    round_id: str
    loads: dict[str, int]
    cases: int
    by: str = ""
    at: Instant


class ReviewSubmitted(Event):
    """One expert scored one case; the marks of each criterion and the weighted total (0-100)."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    expert_id: str
    marks: dict[str, float]
    total: float
    at: Instant


class ReviewCompleted(Event):
    """All experts of a case have scored it."""

    topic: ClassVar[str] = "review.internal"
    outsiders: ClassVar[bool] = True
    campaign_id: str
    case_id: str
    totals: tuple[float, ...]
    mean: float
    at: Instant


class PlacesGranted(Event):
    """The centre granted a province another number of recommendations, with a reason."""

    topic: ClassVar[str] = "review.internal"
    outsiders: ClassVar[bool] = True
    campaign_id: str
    province: str
    limit: int
    reason: str
    by: str
    at: Instant


class LateSubmissionPermitted(Event):
    """The centre permits one submission after the bell, until an instant, with a reason that the author reads.

    It is for the case ``case_id``, or, where that is empty, for one case of the account whose pseudonym is ``person``.
    """

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    permission_id: str
    case_id: str = ""
    person: str = ""
    reason: str
    expires_at: Instant
    by: str
    at: Instant

    def key(self) -> str | None:
        """By the case where it is for one."""
        return self.case_id or None


class TransferOffered(Event):
    """After the bell a province lets a case go to another one, which has not answered yet."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    source: str
    to: str
    reason: str
    at: Instant


class TransferDeclined(Event):
    """The other province does not take the case; it stays where it is."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    source: str
    to: str
    reason: str
    at: Instant


class CaseMoved(Event):
    """A handed-in case is another province's from now on: both agreed, or the centre decided."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    source: str
    to: str
    reason: str
    by: str
    at: Instant


class DecisionPublished(Event):
    """The centre published the list: one write, after which every page shows it."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    decision_id: str
    exemplary: int
    showcase: int
    by: str = ""
    at: Instant


class ResultPublished(Event):
    """The outcome of one published case; no names."""

    topic: ClassVar[str] = "review.open"
    campaign_id: str
    case_id: str
    case_version: int
    number: str
    province: str
    category: str
    outcome: Literal["exemplary", "showcase"]
    at: Instant


class ResultToldToAuthors(Event):
    """The outcome of one judged case for its authors, those not selected included."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    outcome: ResultOutcome
    at: Instant


class ListPublished(Event):
    """The published list is complete: how many cases, and the SHA-256 of their sorted ids and outcomes."""

    topic: ClassVar[str] = "review.open"
    outsiders: ClassVar[bool] = True
    campaign_id: str
    decision_id: str
    count: int
    sha256: str
    at: Instant


class CaseDisqualified(Event):
    """A case was disqualified after its result had been announced."""

    topic: ClassVar[str] = "review.open"
    campaign_id: str
    case_id: str
    at: Instant


class DisqualificationRecorded(Event):
    """A case was disqualified, with the notice's reason, for authors and province."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    province: str
    reason: str
    by: str = ""
    at: Instant


class CaseState(Event):
    """The whole public state of a case, as last known; compacted, no personal names ever.

    ``title``, ``outcome`` and ``certificates`` stay empty until the result is published.
    """

    topic: ClassVar[str] = "cases.state"
    outsiders: ClassVar[bool] = True
    campaign_id: str
    case_id: str
    number: str
    stage: Literal["submitted", "published", "disqualified", "withdrawn"]
    category: str
    province: str
    title: str = ""
    outcome: Literal["", "exemplary", "showcase"] = ""
    certificates: tuple[str, ...] = ()
    at: Instant


class CaseStateCleared(Event):
    """The case left public sight (withdrawn or erased): a null value on the compacted topic."""

    topic: ClassVar[str] = "cases.state"
    tombstone: ClassVar[bool] = True
    outsiders: ClassVar[bool] = True
    campaign_id: str
    case_id: str
    at: Instant


class DecisionRecorded(Event):
    """Somebody decided something: who (by id), what, about which document, and why; the record is written from it."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    by: str
    what: str
    about: str
    why: str = ""
    at: Instant


class RecommendationRefused(Event):
    """A case cannot stay on its province's shortlist (withdrawn, say): the place is to be freed."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    province: str
    reason: str
    at: Instant


class DisqualificationConfirmed(Event):
    """A second person of the centre confirmed that a case is to be disqualified."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    reason: str
    proposed_by: str
    confirmed_by: str
    at: Instant


class ReviewRecused(Event):
    """An expert will not score a case because of a conflict of interest; another expert is to take it."""

    topic: ClassVar[str] = "review.internal"
    campaign_id: str
    case_id: str
    expert_id: str
    reason: str
    at: Instant
