"""The case: a draft that its author edits, and the versions that were submitted, which nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.intake.domain import telling, window
from services.intake.domain.files import (
    RESERVED_FOR,
    Announced,
    Check,
    File,
    Found,
    Upload,
    check_announced,
    check_room,
    checked,
    renamed,
    stored_materials,
)
from services.intake.domain.findings import Draft, Finding, NotReady, blocking
from services.intake.domain.late import Late, Unsent, permitted
from services.intake.domain.people import Handover, Invitation, Move, Refusal, Withheld, placed
from services.intake.domain.receipt import Sign, unsigned
from services.intake.domain.sheet import About, Agreed, Authors, Confirmed, Declaration, saved
from services.intake.domain.told import Ended, Report
from services.intake.domain.version import Submitter, Version
from shared.aggregates import Aggregate
from shared.campaign.model import Campaign
from shared.events.intake import CaseWithdrawn, FileArrived
from shared.events.review import DisqualificationRecorded, LateSubmissionPermitted, ResultToldToAuthors
from shared.events.validation import FileChecked, ReportReady
from shared.trouble import NotThere, Refused

MOST_VERSIONS = 40
"""Every version is kept whole, and a case has to stay within one document of the database."""


class State(StrEnum):
    """Where a case stands between its author and the rest of the world."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHANGED = "changed"  # submitted, and the draft says something else by now
    WITHDRAWN = "withdrawn"


@dataclass(kw_only=True)
class Case(Aggregate):
    """One case. ``edited_at`` is the last change of the draft that was not an upload."""

    campaign_id: str
    account_id: str
    opened_at: datetime
    edited_at: datetime
    saved_at: datetime
    about: About = field(default_factory=About)
    authors: Authors = field(default_factory=Authors)
    declaration: Declaration = field(default_factory=Declaration)
    confirmed: tuple[Confirmed, ...] = ()
    files: tuple[File, ...] = ()
    uploads: tuple[Upload, ...] = ()
    checks: tuple[Check, ...] = ()
    number: str | None = None
    versions: tuple[Version, ...] = ()
    reports: tuple[Report, ...] = ()
    ended: Ended | None = None
    late: tuple[Late, ...] = ()
    unsent: Unsent | None = None
    reminded: tuple[str, ...] = ()
    """The reminders that were told, by hours and closing instant."""
    invitations: tuple[Invitation, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    moves: tuple[Move, ...] = ()
    handovers: tuple[Handover, ...] = ()
    withheld: tuple[Withheld, ...] = ()

    # What it looks like

    @property
    def present_files(self) -> tuple[File, ...]:
        """The files of the draft, without those that were replaced or deleted."""
        return tuple(file for file in self.files if not file.gone_at)

    @property
    def latest(self) -> Version | None:
        """The version that counts; None before the first and after a withdrawal."""
        last = self.versions[-1] if self.versions else None
        return last if last and not last.withdrawn_at else None

    @property
    def state(self) -> State:
        """Where the case stands."""
        if not self.versions:
            return State.DRAFT
        if self.latest is None:
            return State.WITHDRAWN
        return State.SUBMITTED if self._says_what_was_submitted(self.latest) else State.CHANGED

    def _says_what_was_submitted(self, version: Version) -> bool:
        return version.same_as(self.about, self.authors, self.declaration, self.present_files)

    @property
    def disqualified(self) -> str:
        """The notice's reason, by its code; empty for a case that takes part."""
        return self.ended.disqualified if self.ended else ""

    @property
    def refused(self) -> frozenset[str]:
        """The persons who do not agree to be named as authors."""
        return frozenset(refusal.person for refusal in self.refusals if refusal.stands)

    def findings(self, campaign: Campaign, *, submitter: str) -> tuple[Finding, ...]:
        """Everything that holds a submission back now."""
        return blocking(self._draft(), campaign, submitter=submitter)

    def _draft(self) -> Draft:
        return Draft(
            about=self.about,
            authors=self.authors,
            declaration=self.declaration,
            files=self.present_files,
            checks=self.checks,
            refused=self.refused,
        )

    def unsigned_now(self) -> tuple[str, ...]:
        """The names of listed authors whose signature is missing; the account that declared has signed."""
        signed = {done.person for done in self.confirmed}
        if self.declaration.declared:
            signed.add(self.declaration.declared.by)
        if any(file.role == "sheet" for file in self.present_files):
            signed |= set(self.declaration.signed_on_scan)
        return tuple(author.name for author in self.authors.people if author.name and author.person not in signed)

    def file(self, file_id: str) -> File:
        """A present file; NotThere."""
        for file in self.present_files:
            if file.file_id == file_id:
                return file
        raise NotThere("没有找到这个文件，可能已被删除或替换。请刷新页面。")

    def upload(self, upload_id: str) -> Upload:
        """An upload under way; NotThere."""
        for upload in self.uploads:
            if upload.upload_id == upload_id:
                return upload
        raise NotThere("没有找到这次上传，可能已取消或过期。请重新选择文件。")

    # The draft

    def check_drafting(self, campaign: Campaign, received_at: datetime) -> None:
        """Refused before drafts open, and after the bell unless the centre permits it for this case."""
        window.check_drafting(campaign, received_at, late=self.late)

    def keep_unsent(self, part: About | Authors | Declaration, *, at: datetime) -> None:
        """Keep beside the draft what came too late to change it."""
        self.unsent = (self.unsent or Unsent(at=at)).plus(part, at)

    def save(self, part: About | Authors | Declaration, *, campaign: Campaign, received_at: datetime) -> int:
        """Save one part of the sheet; gives its revision. SavedMeanwhile when another tab saved it first."""
        self.check_drafting(campaign, received_at)
        before = self.about, self.authors, self.declaration
        if isinstance(part, About):
            self.about = saved(self.about, part)
            rev = self.about.rev
        elif isinstance(part, Authors):
            self.authors = saved(self.authors, part)
            rev = self.authors.rev
        else:
            self.declaration = saved(self.declaration, part)
            rev = self.declaration.rev
        if before != (self.about, self.authors, self.declaration):
            self._edited(received_at)
        self.unsent = self.unsent and self.unsent.without(part)
        return rev

    def confirm(self, person: str, *, account_id: str, at: datetime, agreed: tuple[Agreed, ...] = ()) -> None:
        """A listed author confirms the declaration (I11), and agrees again. Confirming again changes nothing."""
        if person not in {author.person for author in self.authors.people}:
            raise NotThere()
        self.refusals = tuple(
            replace(each, taken_back_at=at) if each.person == person and each.stands else each for each in self.refusals
        )
        if person not in {done.person for done in self.confirmed}:
            self.confirmed = (*self.confirmed, Confirmed(person=person, account_id=account_id, at=at, agreed=agreed))
            if self.latest and any(author.person == person for author in self.latest.authors.people):
                signed = {done.person for done in self.confirmed}
                self.tell(telling.signatures(self.id, self.campaign_id, self.latest, signed | self.refused, at))

    def _edited(self, at: datetime) -> None:
        self.edited_at = max(self.edited_at, at)
        self.saved_at = max(self.saved_at, at)

    # Files

    def reserve(
        self,
        announced: Announced,
        *,
        campaign: Campaign,
        upload_id: str,
        object_key: str,
        multipart_id: str,
        received_at: datetime,
    ) -> tuple[Upload, ...]:
        """Keep room for a file; gives the uploads whose time was over, for the store to forget."""
        self.check_drafting(campaign, received_at)
        check_announced(announced, campaign)
        over = tuple(upload for upload in self.uploads if not upload.holds(received_at))
        going = tuple(upload for upload in self.uploads if upload.holds(received_at))
        if announced.replaces:
            self._check_replacing(announced, going)
        check_room(announced, campaign, files=self.files, uploads=going, at=received_at)
        room = Upload(
            upload_id=upload_id,
            announced=announced,
            object_key=object_key,
            multipart_id=multipart_id,
            registered_at=received_at,
            expires_at=received_at + RESERVED_FOR,
        )
        self.uploads = (*going, room)
        return over

    def _check_replacing(self, announced: Announced, going: tuple[Upload, ...]) -> None:
        if self.file(announced.replaces).role != announced.role:
            raise NotThere("没有找到要替换的文件。请刷新页面。")
        if any(upload.announced.replaces == announced.replaces for upload in going):
            message = "这个文件正在被另一次上传替换，请等它完成，或先取消那次上传。"
            raise Refused("replaced-already", message, field="replaces", status=409)

    def arrive(self, upload_id: str, *, campaign: Campaign, at: datetime) -> str:
        """The bytes of an upload lie in the store with the announced size; gives the file's id, again if it is done."""
        if any(file.file_id == upload_id for file in self.files):
            return upload_id
        upload = self.upload(upload_id)
        file = upload.arrived(at)
        old = self._given_up_for(upload.announced)
        staying = tuple(each for each in self.present_files if each.file_id not in old)
        if file.role == "material":
            limit = campaign.limits.materials_bytes
            if stored_materials((*staying, file)) > limit:
                raise Refused("materials-too-big", "支撑材料总大小超过限制，请先删除不需要的材料再上传。", status=409)
        self.files = (*(_gone(each, at, upload_id) if each.file_id in old else each for each in self.files), file)
        self.uploads = tuple(each for each in self.uploads if each.upload_id != upload_id)
        self.saved_at = max(self.saved_at, at)
        self.tell(
            FileArrived(
                campaign_id=self.campaign_id, case_id=self.id, account_id=self.account_id, file=file.told(), at=at
            )
        )
        return upload_id

    def _given_up_for(self, announced: Announced) -> set[str]:
        """The ids of the files that give way: there is one document and one signed sheet."""
        if announced.role == "material":
            return {announced.replaces} & {file.file_id for file in self.present_files}
        return {file.file_id for file in self.present_files if file.role == announced.role}

    def give_up(self, upload_id: str) -> bool:
        """Free the room of an upload; False when it has arrived or is gone already."""
        staying = tuple(upload for upload in self.uploads if upload.upload_id != upload_id)
        found = staying != self.uploads
        self.uploads = staying
        return found

    def delete_file(self, file_id: str, *, campaign: Campaign, received_at: datetime) -> None:
        """Take a file out of the draft; submitted versions keep it."""
        self.check_drafting(campaign, received_at)
        self.file(file_id)
        self.files = tuple(_gone(each, received_at) if each.file_id == file_id else each for each in self.files)
        self._edited(received_at)

    def rename_file(self, file_id: str, *, name: str, kind: str, campaign: Campaign, received_at: datetime) -> None:
        """Give a file another name or kind; its ending stays."""
        self.check_drafting(campaign, received_at)
        file = self.file(file_id)
        new = renamed(file, name=name, kind=kind, campaign=campaign)
        if new != file:
            self.files = tuple(new if each.file_id == file_id else each for each in self.files)
            self._edited(received_at)

    # Submitting

    def submit(
        self, *, campaign: Campaign, by: Submitter, received_at: datetime, number: str, sign: Sign = unsigned
    ) -> int:
        """Make the draft the next version and tell it; gives the version. Unchanged, it is the version there is.

        NotReady lists everything that is missing; Refused outside of the window. ``number`` counts the first time only.
        """
        by = placed(by, self.moves)
        if self.state is State.SUBMITTED and self.versions[-1].by == by:
            return self.versions[-1].version
        late = self.check_submission(campaign, received_at)
        if len(self.versions) >= MOST_VERSIONS:
            message = f"这个案例已报送{MOST_VERSIONS}版，不能再报送新的一版，以最后一版为准。如有需要，请致电服务热线。"
            raise Refused("too-many-versions", message, status=409)
        found = blocking(self._draft(), campaign, submitter=by.person)
        if found:
            raise NotReady(found)
        self.number = self.number or number
        version = Version(
            version=len(self.versions) + 1,
            received_at=received_at,
            by=by,
            about=self.about,
            authors=self.authors,
            declaration=self.declaration,
            files=self.present_files,
            unsigned=self.unsigned_now(),
            late=late.permission_id if late else "",
        )
        self.versions = (*self.versions, version)
        for event in telling.submission(self.id, self.campaign_id, self.number, version, campaign, sign):
            self.tell(event)
        self.spent(version.late, case_id=self.id, at=received_at)
        return version.version

    def check_submission(self, campaign: Campaign, received_at: datetime) -> Late | None:
        """Refused when nothing may be handed in; gives the permission that it would spend."""
        if self.disqualified:
            raise Refused("disqualified", "本案例已被取消参加资格，不能再报送。如有疑问，请致电服务热线。", status=409)
        files, awaited = self.present_files, any(upload.holds(received_at) for upload in self.uploads)
        return window.check_submission(
            campaign, received_at, edited_at=self.edited_at, files=files, awaited=awaited, late=self.late
        )

    def withdraw(self, *, campaign: Campaign, received_at: datetime) -> int:
        """Take back what was submitted; the draft stays. Gives the version withdrawn, again if it is done."""
        if not self.versions:
            raise Refused("not-submitted", "这个案例尚未报送，无须撤回。", status=409)
        last = self.versions[-1]
        if last.withdrawn_at is None:
            window.check_withdrawal(campaign, received_at)
            self.versions = (*self.versions[:-1], replace(last, withdrawn_at=received_at))
            self.tell(
                CaseWithdrawn(campaign_id=self.campaign_id, case_id=self.id, case_version=last.version, at=received_at)
            )
        return last.version

    # What is heard

    def hear_check(self, event: FileChecked) -> None:
        """A file was checked; only its newest check counts, and only while its bytes are those that were checked."""
        if any(file.file_id == event.file_id and file.sha256 == event.sha256 for file in self.files):
            self.checks = (*(check for check in self.checks if check.file_id != event.file_id), checked(event))

    def hear_report(self, event: ReportReady) -> None:
        """The report on one version is complete; a later one on the same version takes its place."""
        if not any(version.version == event.case_version for version in self.versions):
            return
        report = Report(
            version=event.case_version,
            outcome=event.outcome,
            findings=tuple(Found(**finding.model_dump()) for finding in event.findings),
            scanned=event.scanned,
            at=event.at,
        )
        others = (each for each in self.reports if each.version != event.case_version)
        self.reports = tuple(sorted((*others, report), key=lambda each: each.version))

    def hear_permission(self, event: LateSubmissionPermitted) -> None:
        """The centre permits one submission after the bell, of this case or of any case of its account."""
        if all(known.permission_id != event.permission_id for known in self.late):
            self.late = (*self.late, permitted(event))

    def spent(self, permission_id: str, *, case_id: str, at: datetime) -> None:
        """A permission was used, for this case or for another of the same account."""
        ours = (each.permission_id == permission_id for each in self.late)
        self.late = tuple(each.used(case_id, at) if it else each for it, each in zip(ours, self.late, strict=True))

    def hear_result(self, event: ResultToldToAuthors) -> None:
        """The outcome is out; a disqualification known before stands."""
        if self.ended is None or not self.ended.disqualified:
            self.ended = Ended(outcome=event.outcome, at=event.at)

    def hear_disqualification(self, event: DisqualificationRecorded) -> None:
        """The case was disqualified, with the notice's reason."""
        outcome = self.ended.outcome if self.ended else None
        self.ended = Ended(outcome=outcome, disqualified=event.reason, at=event.at)


def _gone(file: File, at: datetime, replaced_by: str = "") -> File:
    return replace(file, gone_at=at, replaced_by=replaced_by)
