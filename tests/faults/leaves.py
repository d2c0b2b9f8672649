"""What each event leaves at each service that hears it: by this the checker knows that an event was not only read.

A mark is what ``Records.hear`` keeps in the document the event concerns; other reactions leave a row of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from services.review.domain.decision import decision_id
from services.review.domain.scoring import review_id
from services.review.domain.shortlist import shortlist_id
from services.validation.handlers import check_id
from shared.events import certificate, intake, notify, review, validation
from shared.events.base import Event
from shared.events.intake import StoredFile
from shared.records import derived_id
from tests.faults.observed import Need, Told

Data = Mapping[str, Any]
Leaf = Callable[[str, Told], Iterable[Need]]
"""What an event leaves at a service of this name."""


def mark(
    id_of: str | Callable[[Data], str] = "case_id",
    *,
    made: bool = False,
    unless: Callable[[Data], bool] = lambda data: False,
) -> Leaf:
    """A mark in a document; ``id_of`` is a field of the event, or takes the id from its data."""

    def needs(service: str, told: Told) -> Iterator[Need]:
        if unless(told.data):
            return
        id_ = told.data[id_of] if isinstance(id_of, str) else id_of(told.data)
        yield Need(service=service, marked=id_, made=made)

    return needs


def mark_if_named(field: str = "case_id") -> Leaf:
    """A mark in the document that the event names; an event that names none leaves what only its listener can tell."""

    def needs(service: str, told: Told) -> Iterator[Need]:
        if told.data[field]:
            yield Need(service=service, marked=told.data[field], made=False)

    return needs


def thing(what: str, ids_of: Callable[[Told], Iterable[str]]) -> Leaf:
    """Rows that only this event, or one like it, brings about."""

    def needs(service: str, told: Told) -> Iterator[Need]:
        for id_ in ids_of(told):
            yield Need(service=service, what=what, of=id_)

    return needs


def letters(*kinds: str, unless: Callable[[Data], bool] = lambda data: False) -> Leaf:
    """Letters of these kinds, one of each at least."""

    def needs(service: str, told: Told) -> Iterator[Need]:
        if not unless(told.data):
            for kind in kinds:
                yield Need(service=service, what=f"letter {kind}")

    return needs


def row(what: str) -> Leaf:
    """A row that names the event as its cause."""

    def needs(service: str, told: Told) -> Iterator[Need]:
        yield Need(service=service, what=what)

    return needs


def _nothing_found(data: Data) -> bool:
    return data["outcome"] == "passed" or all(each["severity"] == "info" for each in data["findings"])


def _never_handed_in(data: Data) -> bool:
    return not data["case_version"]


def _not_taken(data: Data) -> bool:
    return not data["taken"]


def _out_of_reach(data: Data) -> bool:
    return not data["email"] and not data["account_id"]


def _check_ids(told: Told) -> list[str]:
    data = told.data
    files = [data["file"]] if "file" in data else data["files"]
    return [check_id(data["case_id"], StoredFile.model_validate(each)) for each in files]


def _review_ids(told: Told) -> list[str]:
    return [review_id(told.data["case_id"], expert) for expert in told.data["expert_ids"]]


def _shortlist(data: Data) -> str:
    return shortlist_id(data["campaign_id"], data["province"])


_campaign = mark("campaign_id", made=True)
_case = mark(made=True)
_revoked = thing("revocation", lambda told: [told.data["account_id"]])
_staff = mark("account_id", made=True)

LEAVES: dict[str, dict[type[Event], tuple[Leaf, ...]]] = {
    "intake": {
        review.CampaignPublished: (_campaign,),
        intake.AuthorSessionsRevoked: (_revoked,),
        validation.FileChecked: (mark(),),
        validation.ReportReady: (mark(),),
        review.ResultToldToAuthors: (mark(),),
        review.DisqualificationRecorded: (mark(),),
        review.LateSubmissionPermitted: (mark_if_named(),),
        intake.LatePermissionSpent: (mark(),),
        intake.AuthorMoved: (),  # which cases an account holds, only intake can tell
        review.CaseMoved: (mark(),),
    },
    "validation": {
        review.CampaignPublished: (_campaign,),
        intake.AuthorSessionsRevoked: (_revoked,),
        review.StaffSessionsRevoked: (_revoked,),
        intake.FileArrived: (_case, thing("job checks", _check_ids)),
        intake.CaseSubmittedInFull: (_case, thing("job checks", _check_ids)),
        intake.CaseWithdrawn: (_case,),
        intake.HandoverAnswered: (mark(made=True, unless=_not_taken),),
        review.CaseMoved: (_case,),
        validation.FileChecked: (_case,),
    },
    "review": {
        intake.CaseSubmittedInFull: (_case,),
        intake.CaseWithdrawn: (_case,),
        intake.SignaturesAdded: (mark(),),
        intake.CoAuthorRefused: (mark(made=True, unless=_never_handed_in),),
        intake.ConsentsChanged: (_case,),
        review.CaseMoved: (mark(),),
        intake.LatePermissionSpent: (mark("permission_id"), _case),
        intake.AuthorSessionsRevoked: (_revoked,),
        validation.ReportReady: (_case,),
        notify.ContactFormReceived: (thing("contact", lambda told: [told.data["form_id"]]),),
        certificate.CertificateIssued: (mark(),),
        certificate.CertificateReplaced: (mark(),),
        certificate.CertificateRevoked: (mark(),),
        review.CampaignPublished: (_campaign,),
        review.ContactApproved: (_staff,),
        review.StaffSessionsRevoked: (_revoked,),
        review.ShortlistChanged: (mark(),),
        review.RecommendationRefused: (mark(_shortlist),),
        review.ShortlistSealed: (thing("job work", lambda told: [derived_id(told.id, "recommend")]),),
        review.ExpertsAssigned: (thing("review", _review_ids),),
        review.ReviewRecused: (mark(),),
        review.ReviewSubmitted: (mark(),),
        review.DecisionPublished: (thing("job work", lambda told: [derived_id("publish", told.data["decision_id"])]),),
        review.DisqualificationConfirmed: (mark(),),
        review.DisqualificationRecorded: (
            mark(_shortlist),
            mark(lambda data: decision_id(data["campaign_id"])),
        ),
        review.DecisionRecorded: (row("entry on the record"),),
    },
    "certificate": {
        review.CampaignPublished: (_campaign,),
        intake.CaseSubmittedInFull: (_case,),
        intake.AuthorContacts: (_case,),
        intake.CoAuthorRefused: (mark(made=True, unless=_never_handed_in),),
        review.ResultPublished: (_case,),
        review.CaseDisqualified: (_case,),
        review.StaffSessionsRevoked: (_revoked,),
        intake.AuthorSessionsRevoked: (_revoked,),
    },
    "notify": {
        review.CampaignPublished: (_campaign,),
        intake.AuthorContacts: (_case,),
        intake.AuthorSessionsRevoked: (_revoked,),
        review.StaffSessionsRevoked: (_revoked,),
        intake.CaseSubmittedInFull: (_case, letters("receipt")),
        validation.ReportReady: (letters("findings", unless=_nothing_found),),
        intake.PasswordResetAsked: (letters("password_reset"),),
        intake.ReminderDue: (letters("reminder"),),
        intake.CoAuthorNamed: (letters("co_author", unless=_out_of_reach),),
        intake.CoAuthorRefused: (letters("co_author_refused"),),
        intake.HandoverOffered: (letters("handover_offered"),),
        intake.HandoverAnswered: (letters("handover"),),
        review.TransferOffered: (letters("transfer"),),
        review.TransferDeclined: (letters("transfer"),),
        review.CaseMoved: (letters("case_moved"),),
        review.ResultToldToAuthors: (letters("result"),),
        certificate.CertificateIssued: (letters("certificate"),),
        certificate.CertificateReplaced: (letters("certificate_replaced"),),
        certificate.CertificateRevoked: (letters("certificate_revoked"),),
        review.EligibilityConfirmed: (letters("not_eligible", unless=lambda data: bool(data["eligible"])),),
        review.DisqualificationRecorded: (letters("disqualification", "disqualification_province"),),
        review.ContactApproved: (_staff,),
        review.ContactRefused: (letters("contact_refused"),),
        review.ActivationCodeIssued: (_staff, letters("activation_code")),
        review.ShortlistConfirmed: (letters("shortlist"),),
        review.AssignmentFinished: (letters("assignment", unless=lambda data: not any(data["loads"].values())),),
    },
}

_BY_TYPE: dict[str, list[Callable[[Told], Iterable[Need]]]] = {}
for _service, _leaves in LEAVES.items():
    for _event, _left in _leaves.items():
        _BY_TYPE.setdefault(_event.type(), []).extend(partial(_leaf, _service) for _leaf in _left)


def needs(told: Told) -> Iterator[Need]:
    """What an event that was told leaves at all five services."""
    for leaf in _BY_TYPE.get(told.type, ()):
        yield from leaf(told)
