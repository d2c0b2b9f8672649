"""Facts that intake tells."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.base import Event, Instant, Part

FileRole = Literal["document", "material", "sheet"]


class SheetAuthor(Part):
    """One author as the information sheet names them. ``person`` is HMAC(campaign secret, mobile), never the mobile."""

    name: str
    unit: str
    title: str
    person: str
    host: bool = False


class StudioFacts(Part):
    """What a studio case says about its online studio."""

    address: str = ""
    contribution: int = 0
    live_sessions: int = 0


class Sheet(Part):
    """The information sheet (附表1) as it was handed in."""

    title: str
    category: str
    summary: str
    authors: tuple[SheetAuthor, ...]
    studio: StudioFacts | None = None
    sources: str = ""
    declared: bool
    consents: tuple[str, ...]


class StoredFile(Part):
    """One file of a case: where its bytes lie and what they are. ``size`` in bytes, ``sha256`` in hex."""

    file_id: str
    role: FileRole
    name: str
    kind: str = ""
    size: int
    sha256: str
    object_key: str


class FileArrived(Event):
    """A file of a draft lies in the store with the size that was announced."""

    topic: ClassVar[str] = "intake.internal"
    campaign_id: str
    case_id: str
    account_id: str
    file: StoredFile
    at: Instant


class SignedReceipt(Part):
    """The receipt as its author gets it: signed text to keep, the code to type, the hash of the sheet in hex."""

    text: str
    code: str
    sheet_sha256: str


class CaseSubmitted(Event):
    """A version of a case got its receipt; what anybody may know."""

    topic: ClassVar[str] = "intake.open"
    outsiders: ClassVar[bool] = True
    campaign_id: str
    case_id: str
    case_version: int
    number: str
    category: str
    province: str
    at: Instant


class CaseSubmittedInFull(Event):
    """A version of a case got its receipt; sheet and files, no mobiles and no mails."""

    topic: ClassVar[str] = "intake.internal"
    campaign_id: str
    case_id: str
    case_version: int
    number: str
    province: str
    city: str
    unit: str
    unit_type: str
    account_id: str
    sheet: Sheet
    files: tuple[StoredFile, ...]
    unsigned: tuple[str, ...] = ()
    receipt: SignedReceipt | None = None
    at: Instant


class LatePermissionSpent(Event):
    """A version was handed in after the bell, by a permission of the centre that is spent with it."""

    topic: ClassVar[str] = "intake.internal"
    campaign_id: str
    case_id: str
    case_version: int
    permission_id: str
    at: Instant


class SignaturesAdded(Event):
    """An author signed after the case was handed in; ``unsigned`` names those of that version who still have not."""

    topic: ClassVar[str] = "intake.internal"
    campaign_id: str
    case_id: str
    case_version: int
    unsigned: tuple[str, ...]
    at: Instant


class CaseWithdrawn(Event):
    """The author withdrew the case; what anybody may know."""

    topic: ClassVar[str] = "intake.open"
    campaign_id: str
    case_id: str
    case_version: int
    at: Instant


class AuthorContact(Part):
    """How to reach one author; ``person`` as in the sheet."""

    person: str
    name: str
    mobile: str
    email: str = ""
    account_id: str = ""


class AuthorContacts(Event):
    """How to reach the authors of a case."""

    topic: ClassVar[str] = "intake.restricted"
    campaign_id: str
    case_id: str
    case_version: int
    number: str
    title: str
    category: str
    province: str
    contacts: tuple[AuthorContact, ...]
    at: Instant


class GivenAbout(Part):
    """What one author wrote about another; ``post`` is 职称/职务."""

    name: str
    unit: str
    post: str
    mobile: str
    email: str


class CoAuthorNamed(Event):
    """An author named another one, who is told what was said about them, by whom, and what for (L4).

    ``email`` is where the letter goes, empty where none is known; ``account_id`` is the account with that mobile, empty
    where there is none. The code answers without an account, once, until ``expires``; it is sealed for notify alone.
    """

    topic: ClassVar[str] = "intake.restricted"
    campaign_id: str
    case_id: str
    title: str
    category: str
    person: str
    account_id: str
    email: str
    given: GivenAbout
    given_by: str
    given_by_unit: str
    sealed_code: str = ""
    expires: Instant
    at: Instant


class CoAuthorRefused(Event):
    """Somebody does not agree to be named as an author: not of this version nor of any before it (0: of a draft).

    ``account_id``, ``holder`` and ``email`` are those of the author who fills in the case, and is told.
    """

    topic: ClassVar[str] = "intake.restricted"
    campaign_id: str
    case_id: str
    case_version: int
    person: str
    name: str
    title: str
    account_id: str
    holder: str
    email: str
    at: Instant


class HandoverOffered(Event):
    """The author who fills in a case offers it to a co-author, whose account and address these are."""

    topic: ClassVar[str] = "intake.restricted"
    campaign_id: str
    case_id: str
    title: str
    holder: str
    account_id: str
    name: str
    email: str
    at: Instant


class HandoverAnswered(Event):
    """The co-author took the case, which is theirs from then on, or did not; ``source`` held it."""

    topic: ClassVar[str] = "intake.restricted"
    campaign_id: str
    case_id: str
    title: str
    taken: bool
    source: str
    source_name: str
    source_email: str
    account_id: str
    person: str
    name: str
    email: str
    at: Instant


class ConsentsChanged(Event):
    """Which consents are withheld by an author of a case now, all of them, by their codes (I12)."""

    topic: ClassVar[str] = "intake.internal"
    campaign_id: str
    case_id: str
    withheld: tuple[str, ...]
    at: Instant


class ReminderDue(Event):
    """A case that is not handed in as it stands now, so many hours before the window closes; ``email`` may be empty.

    ``missing`` counts what still holds a submission back. ``changed`` means that an earlier version stands.
    """

    topic: ClassVar[str] = "intake.restricted"
    campaign_id: str
    case_id: str
    account_id: str
    name: str
    email: str
    title: str
    state: Literal["draft", "withdrawn", "changed"]
    case_version: int
    missing: int
    hours: int
    closes: Instant
    at: Instant


class AuthorMoved(Event):
    """An author belongs to another province from now on; what they handed in follows where it still can."""

    topic: ClassVar[str] = "intake.internal"
    account_id: str
    source: str
    to: str
    at: Instant


class AuthorSessionsRevoked(Event):
    """Every session of this author that began before an instant is over."""

    topic: ClassVar[str] = "intake.restricted"
    account_id: str
    revoked_before: Instant


class PasswordResetAsked(Event):
    """An author asked to set a new password; the code is sealed for notify alone."""

    topic: ClassVar[str] = "intake.restricted"
    account_id: str
    name: str
    email: str
    sealed_code: str
    expires: Instant
