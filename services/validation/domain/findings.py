"""What a check can find: codes, how grave they are, and the words an author reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.campaign.parts import Severity


class Code(StrEnum):
    """Every finding the checker knows; a campaign gives each a severity."""

    # The file as such
    UNREADABLE = "UNREADABLE"  # the reader crashed or ran out of its limits
    CORRUPT = "CORRUPT"  # damaged: its structure cannot be followed
    TRUNCATED = "TRUNCATED"  # ends too early
    DAMAGED = "DAMAGED"  # damaged, but it could be repaired and read
    EMPTY_FILE = "EMPTY_FILE"
    HASH_MISMATCH = "HASH_MISMATCH"  # the stored bytes are not those the browser announced
    ENCRYPTED = "ENCRYPTED"  # needs a password, or rights management
    EDIT_PROTECTED = "EDIT_PROTECTED"  # opens without a password, but copying or printing is locked
    TYPE_NOT_ALLOWED = "TYPE_NOT_ALLOWED"  # the true type is not on the list for its role
    TYPE_MISMATCH = "TYPE_MISMATCH"  # the name says another type than the content
    NAME_DIFFERS = "NAME_DIFFERS"  # one kind of picture under the ending of another
    UNSUPPORTED_OLD = "UNSUPPORTED_OLD"  # Word 95 and older
    # Hostile contents
    MACRO = "MACRO"  # holds a VBA project
    ACTIVE_CONTENT = "ACTIVE_CONTENT"  # scripts, launch actions, XFA forms
    EMBEDDED_PROGRAM = "EMBEDDED_PROGRAM"  # holds a program, a script or a shortcut
    EMBEDDED_OBJECT = "EMBEDDED_OBJECT"  # holds another file that nobody can review
    OFFICE_OBJECT = "OFFICE_OBJECT"  # formula, chart or table objects of Office: harmless, told
    EXTERNAL_REFERENCE = "EXTERNAL_REFERENCE"  # fetches a template, an object or a document from elsewhere
    EXTERNAL_LINK = "EXTERNAL_LINK"  # linked pictures, templates of the author's own disk: harmless, told
    ARCHIVE_HAZARD = "ARCHIVE_HAZARD"  # entry names or ranges no honest program writes
    ENTITY = "ENTITY"  # a DOCTYPE inside an XML part
    BOMB = "BOMB"  # grows beyond all measure when opened
    VIRUS = "VIRUS"
    NOT_SCANNED = "NOT_SCANNED"  # no virus scanner looked at it
    # Pictures and films
    PIXEL_LIMIT = "PIXEL_LIMIT"
    NO_VIDEO_TRACK = "NO_VIDEO_TRACK"
    LOCATION_DATA = "LOCATION_DATA"  # a picture that says where it was taken
    # The case document
    TOO_LONG = "TOO_LONG"
    LENGTH_UNCERTAIN = "LENGTH_UNCERTAIN"
    NO_TEXT = "NO_TEXT"
    PART_MISSING = "PART_MISSING"
    PART_EMPTY = "PART_EMPTY"
    # The information sheet and the people
    TOO_MANY_AUTHORS = "TOO_MANY_AUTHORS"
    AUTHOR_TWICE = "AUTHOR_TWICE"
    SUMMARY_TOO_LONG = "SUMMARY_TOO_LONG"
    HOST_MISSING = "HOST_MISSING"
    SCHOOL_NEEDED = "SCHOOL_NEEDED"
    STUDIO_CONTRIBUTION_LOW = "STUDIO_CONTRIBUTION_LOW"
    STUDIO_LIVE_LOW = "STUDIO_LIVE_LOW"
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    DOCUMENT_ABSENT = "DOCUMENT_ABSENT"
    MATERIAL_ABSENT = "MATERIAL_ABSENT"
    PERSON_IN_TWO_CATEGORIES = "PERSON_IN_TWO_CATEGORIES"


class Outcome(StrEnum):
    """What a file's or a case's report says as a whole."""

    PASSED = "passed"
    REMARKS = "remarks"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What a reader saw, before the campaign has weighed it; `what` fills the sentence."""

    code: Code
    place: str = ""
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One entry of a report. `message` is Chinese for the author; `place` is a paragraph, page, cell or part."""

    code: Code
    severity: Severity
    message: str
    place: str = ""


# With one of these a case document counts as known to be unreadable, which blocks submission (V10).
UNREADABLE_DOCUMENT = frozenset(
    {
        Code.UNREADABLE,
        Code.CORRUPT,
        Code.TRUNCATED,
        Code.ENCRYPTED,
        Code.TYPE_NOT_ALLOWED,
        Code.UNSUPPORTED_OLD,
        Code.BOMB,
        Code.ENTITY,
        Code.ARCHIVE_HAZARD,
    }
)


def outcome_of(findings: tuple[Finding, ...]) -> Outcome:
    """The worst severity decides; what is only told leaves a file passed."""
    severities = {finding.severity for finding in findings}
    if severities & {Severity.FAILED, Severity.BLOCKED}:
        return Outcome.FAILED
    return Outcome.REMARKS if Severity.REMARK in severities else Outcome.PASSED
