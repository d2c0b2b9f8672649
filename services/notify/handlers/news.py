"""What notify does on news: fills its address books, and writes the letters that people are owed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from services.notify.app import App
from services.notify.domain.address_book import CaseContacts, StaffContact
from services.notify.domain.letter import Addressee, Whom
from services.notify.handlers import people
from services.notify.handlers.writing import find_address, write_letter
from shared.events.base import Event
from shared.events.certificate import CertificateIssued, CertificateReplaced, CertificateRevoked
from shared.events.intake import (
    AuthorContacts,
    AuthorSessionsRevoked,
    CaseSubmittedInFull,
    PasswordResetAsked,
    ReminderDue,
    StoredFile,
)
from shared.events.review import (
    ActivationCodeIssued,
    AssignmentFinished,
    CampaignPublished,
    ContactApproved,
    ContactRefused,
    DisqualificationRecorded,
    EligibilityConfirmed,
    ResultToldToAuthors,
    ShortlistConfirmed,
    StaffSessionsRevoked,
)
from shared.events.validation import ReportReady, ToldFinding
from shared.events.wire import Heard

E = TypeVar("E", bound=Event)
MOST_FINDINGS = 20
_ROLES = {"document": "案例介绍文档", "material": "支撑材料", "sheet": "案例信息表"}


def _is(heard: Heard, kind: type[E]) -> E:
    event = heard.event
    assert isinstance(event, kind), f"{heard.type} came where {kind.__name__} was expected"
    return event


# The books


def keep_campaign(app: App, heard: Heard) -> None:
    """CampaignPublished: letters take their words and dates from it."""
    app.campaigns.hear(heard)


def keep_contacts(app: App, heard: Heard) -> None:
    """AuthorContacts: letters that waited for these addresses can go."""
    event = _is(heard, AuthorContacts)
    app.cases.hear(
        heard,
        event.case_id,
        lambda case: case.learn_contacts(event),
        create=lambda: CaseContacts(id=event.case_id),
    )
    _go_on(app, {"case_id": event.case_id})


def _keep_staff(app: App, heard: Heard, account_id: str, *, role: str, name: str, email: str, province: str) -> None:
    app.staff.hear(
        heard,
        account_id,
        lambda staff: staff.learn(role=role, name=name, email=email, province=province, at=heard.time),
        create=lambda: StaffContact(id=account_id),
    )
    _go_on(app, {"account_id": account_id})
    if province:
        _go_on(app, {"province": province})


def _go_on(app: App, place: Mapping[str, str]) -> None:
    """Letters that waited for this go on at once; whatever slips through here, the sender looks for later."""
    for letter_id in app.letters.waiting_for(place):
        find_address(app, letter_id)


def revoke_author(app: App, heard: Heard) -> None:
    """AuthorSessionsRevoked: earlier sessions count no more."""
    event = _is(heard, AuthorSessionsRevoked)
    app.revocations.revoke(event.account_id, event.revoked_before)


def revoke_staff(app: App, heard: Heard) -> None:
    """StaffSessionsRevoked: earlier sessions count no more."""
    event = _is(heard, StaffSessionsRevoked)
    app.revocations.revoke(event.account_id, event.revoked_before)


# Letters to authors


def send_receipt(app: App, heard: Heard) -> None:
    """CaseSubmittedInFull: the receipt, to the account that handed the case in."""
    event = _is(heard, CaseSubmittedInFull)
    app.cases.hear(
        heard, event.case_id, lambda case: case.learn_owner(event), create=lambda: CaseContacts(id=event.case_id)
    )
    write_letter(
        app,
        heard,
        "receipt",
        Addressee(whom=Whom.ACCOUNT, account_id=event.account_id, case_id=event.case_id),
        campaign_id=event.campaign_id,
        number=event.number,
        title=event.sheet.title,
        category=event.sheet.category,
        province=event.province,
        case_version=event.case_version,
        authors=[author.name for author in event.sheet.authors],
        files=[_file_line(file) for file in event.files],
        hashes=[[file.name, file.sha256] for file in event.files],
        receipt=event.receipt.model_dump(mode="json") if event.receipt else None,
        unsigned=list(event.unsigned),
        at=event.at,
    )


def _file_line(file: StoredFile) -> str:
    size = f"{file.size / 1024 / 1024:.1f} MB" if file.size >= 1024 * 1024 else f"{max(1, file.size // 1024)} KB"
    return f"{_ROLES[file.role]}：{file.name}（{size}）"


def send_findings(app: App, heard: Heard) -> None:
    """ReportReady: what was found, where there is something to see to."""
    event = _is(heard, ReportReady)
    findings = [each for each in event.findings if each.severity != "info"]
    if event.outcome == "passed" or not findings:
        return
    write_letter(
        app,
        heard,
        "findings",
        Addressee(whom=Whom.SUBMITTER, case_id=event.case_id),
        campaign_id=event.campaign_id,
        outcome=event.outcome,
        case_version=event.case_version,
        findings=[_finding_line(each) for each in findings[:MOST_FINDINGS]],
        total=len(findings),
    )


def _finding_line(finding: ToldFinding) -> str:
    return f"{finding.place}：{finding.message}" if finding.place else finding.message


def send_password_reset(app: App, heard: Heard) -> None:
    """PasswordResetAsked: the code by which an author sets a new password."""
    event = _is(heard, PasswordResetAsked)
    write_letter(
        app,
        heard,
        "password_reset",
        Addressee(whom=Whom.ADDRESS, name=event.name, email=event.email, account_id=event.account_id),
        sealed=event.sealed_code,
        good_until=event.expires,
        expires=event.expires,
    )


def send_reminder(app: App, heard: Heard) -> None:
    """ReminderDue: to the holder of a case that is not handed in as it stands; of no use once the window has closed."""
    event = _is(heard, ReminderDue)
    write_letter(
        app,
        heard,
        "reminder",
        Addressee(
            whom=Whom.ADDRESS,
            name=event.name,
            email=event.email,
            account_id=event.account_id,
            case_id=event.case_id,
        ),
        campaign_id=event.campaign_id,
        good_until=event.closes,
        case_title=event.title,
        standing=event.state,
        case_version=event.case_version,
        missing=event.missing,
        hours=event.hours,
        until=event.closes,
    )


def send_result(app: App, heard: Heard) -> None:
    """ResultToldToAuthors: the outcome, to every author who can be reached."""
    event = _is(heard, ResultToldToAuthors)
    write_letter(
        app,
        heard,
        "result",
        Addressee(whom=Whom.SUBMITTER, case_id=event.case_id, everybody=True),
        campaign_id=event.campaign_id,
        outcome=event.outcome,
    )


def send_certificate(app: App, heard: Heard) -> None:
    """CertificateIssued: where to query and download it, to the author it is made out to."""
    event = _is(heard, CertificateIssued)
    write_letter(
        app,
        heard,
        "certificate",
        Addressee(whom=Whom.AUTHOR, case_id=event.case_id, place=event.author),
        campaign_id=event.campaign_id,
        certificate_number=event.number,
        outcome=event.outcome,
    )


def send_replacement(app: App, heard: Heard) -> None:
    """CertificateReplaced: the number that holds from now on."""
    event = _is(heard, CertificateReplaced)
    write_letter(
        app,
        heard,
        "certificate_replaced",
        Addressee(whom=Whom.AUTHOR, case_id=event.case_id, place=event.author),
        campaign_id=event.campaign_id,
        certificate_number=event.number,
    )


def send_revocation(app: App, heard: Heard) -> None:
    """CertificateRevoked: the certificate no longer holds."""
    event = _is(heard, CertificateRevoked)
    write_letter(
        app,
        heard,
        "certificate_revoked",
        Addressee(whom=Whom.AUTHOR, case_id=event.case_id, place=event.author),
        campaign_id=event.campaign_id,
        certificate_number=event.number,
        reason=event.reason,
        at=event.at,
    )


def send_eligibility(app: App, heard: Heard) -> None:
    """EligibilityConfirmed: a refusal with its reason, to the authors and to the province. R12."""
    event = _is(heard, EligibilityConfirmed)
    if event.eligible:
        return
    authors = Addressee(whom=Whom.SUBMITTER, case_id=event.case_id, everybody=True)
    province = Addressee(whom=Whom.PROVINCE, case_id=event.case_id)
    for to in (authors, province):
        write_letter(app, heard, "not_eligible", to, campaign_id=event.campaign_id, reason=event.reason, at=event.at)


def send_disqualification(app: App, heard: Heard) -> None:
    """DisqualificationRecorded: to the authors and to the province."""
    event = _is(heard, DisqualificationRecorded)
    authors = Addressee(whom=Whom.SUBMITTER, case_id=event.case_id, everybody=True)
    province = Addressee(whom=Whom.PROVINCE, case_id=event.case_id, province=event.province)
    for kind, to in (("disqualification", authors), ("disqualification_province", province)):
        write_letter(
            app,
            heard,
            kind,
            to,
            campaign_id=event.campaign_id,
            province=event.province,
            reason=event.reason,
            at=event.at,
        )


# Letters to provinces, experts and staff


def keep_contact(app: App, heard: Heard) -> None:
    """ContactApproved: the province's address; the letter is the one with the activation code."""
    event = _is(heard, ContactApproved)
    _keep_staff(
        app, heard, event.account_id, role="province", name=event.name, email=event.email, province=event.province
    )


def send_refusal(app: App, heard: Heard) -> None:
    """ContactRefused: why, to the address on the form."""
    event = _is(heard, ContactRefused)
    write_letter(
        app,
        heard,
        "contact_refused",
        Addressee(whom=Whom.ADDRESS, name=event.name, email=event.email),
        campaign_id=event.campaign_id,
        province=event.province,
        contact_name=event.name,
        reason=event.reason,
    )


def send_activation_code(app: App, heard: Heard) -> None:
    """ActivationCodeIssued: the code, kept sealed until the mail is built."""
    event = _is(heard, ActivationCodeIssued)
    _keep_staff(
        app, heard, event.account_id, role=event.role, name=event.name, email=event.email, province=event.province
    )
    write_letter(
        app,
        heard,
        "activation_code",
        Addressee(whom=Whom.ADDRESS, name=event.name, email=event.email, account_id=event.account_id),
        campaign_id=event.campaign_id,
        sealed=event.sealed_code,
        good_until=event.expires,
        role=event.role,
        province=event.province,
        expires=event.expires,
    )


def send_shortlist(app: App, heard: Heard) -> None:
    """ShortlistConfirmed: to the contact who confirmed it."""
    event = _is(heard, ShortlistConfirmed)
    write_letter(
        app,
        heard,
        "shortlist",
        Addressee(whom=Whom.ACCOUNT, account_id=event.by),
        campaign_id=event.campaign_id,
        province=event.province,
        count=event.count,
        at=event.at,
    )


def send_assignments(app: App, heard: Heard) -> None:
    """AssignmentFinished: how many cases, to each expert who got some."""
    event = _is(heard, AssignmentFinished)
    for expert_id, count in sorted(event.loads.items()):
        if count:
            write_letter(
                app,
                heard,
                "assignment",
                Addressee(whom=Whom.ACCOUNT, account_id=expert_id),
                campaign_id=event.campaign_id,
                count=count,
            )


REACTIONS: dict[type[Event], Callable[[App, Heard], None]] = {
    CampaignPublished: keep_campaign,
    AuthorContacts: keep_contacts,
    AuthorSessionsRevoked: revoke_author,
    StaffSessionsRevoked: revoke_staff,
    CaseSubmittedInFull: send_receipt,
    ReportReady: send_findings,
    PasswordResetAsked: send_password_reset,
    ReminderDue: send_reminder,
    ResultToldToAuthors: send_result,
    CertificateIssued: send_certificate,
    CertificateReplaced: send_replacement,
    CertificateRevoked: send_revocation,
    EligibilityConfirmed: send_eligibility,
    DisqualificationRecorded: send_disqualification,
    ContactApproved: keep_contact,
    ContactRefused: send_refusal,
    ActivationCodeIssued: send_activation_code,
    ShortlistConfirmed: send_shortlist,
    AssignmentFinished: send_assignments,
    **people.REACTIONS,
}
