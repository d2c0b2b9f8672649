"""A case as review knows it: what was submitted, its report, and everything decided about it since.

It alone tells the case's state to the world. The pieces arrive in any order and are put together by case version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.review.domain.recorded import recorded
from services.review.domain.values import (
    PUBLISHED,
    CaseAuthor,
    CaseFile,
    Disqualified,
    Eligibility,
    Finding,
    Mark,
    Outcome,
    Report,
    Score,
    Studio,
    Unwilling,
    studio_of,
    told_outcome,
)
from shared.aggregates import Aggregate
from shared.events.intake import CaseSubmittedInFull, CoAuthorRefused, SignaturesAdded
from shared.events.review import (
    CaseDisqualified,
    CaseMoved,
    CaseRecommended,
    CaseState,
    CaseStateCleared,
    DisqualificationRecorded,
    EligibilityConfirmed,
    ExpertsAssigned,
    RecommendationRefused,
    ResultPublished,
    ResultToldToAuthors,
    ReviewCompleted,
)
from shared.events.validation import ReportReady
from shared.trouble import Refused


@dataclass(kw_only=True)
class Case(Aggregate):
    """``case_version`` is 0 until the sheet arrives; ``withdrawn_version`` is the last version that was withdrawn."""

    campaign_id: str
    case_version: int = 0
    withdrawn_version: int = 0
    number: str = ""
    province: str = ""
    city: str = ""
    unit: str = ""
    unit_type: str = ""
    account_id: str = ""
    title: str = ""
    category: str = ""
    summary: str = ""
    sources: str = ""
    authors: tuple[CaseAuthor, ...] = ()
    studio: Studio | None = None
    files: tuple[CaseFile, ...] = ()
    unsigned: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    report: Report | None = None
    mark: Mark = Mark.NONE
    mark_reason: str = ""
    mark_by: str = ""
    recommended_at: datetime | None = None
    eligibility: Eligibility | None = None
    expert_ids: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    mean: float | None = None
    outcome: Outcome | None = None
    published_at: datetime | None = None
    disqualified: Disqualified | None = None
    certificates: tuple[str, ...] = ()
    late_version: int = 0
    unwilling: tuple[Unwilling, ...] = ()
    withheld: tuple[str, ...] = ()
    """The consents, by their codes, that an author does not give."""
    placed_in: str = ""
    """The province that was decided after the bell, which later versions do not change."""

    @property
    def is_live(self) -> bool:
        """Submitted, not withdrawn, not disqualified."""
        return self.case_version > self.withdrawn_version and self.disqualified is None

    @property
    def is_late(self) -> bool:
        """The present version was handed in after the bell, by the centre's permission."""
        return 0 < self.case_version == self.late_version

    # What intake and validation say

    def take_late(self, case_version: int) -> None:
        """That version was handed in after the bell; it may arrive before the version does."""
        self.late_version = max(self.late_version, case_version)

    def take_signatures(self, event: SignaturesAdded) -> None:
        """Authors of the present version signed later; of another version it changes nothing."""
        if event.case_version == self.case_version:
            self.unsigned = event.unsigned

    def take_submission(self, event: CaseSubmittedInFull) -> None:
        """Hold a newer version; an older one changes nothing."""
        if event.case_version <= self.case_version:
            return
        province = self.placed_in or event.province
        if self.province != province and self.mark is Mark.RECOMMENDED:
            self._lose_mark(self.province, at=event.at)
        sheet = event.sheet
        self.campaign_id, self.case_version, self.number = event.campaign_id, event.case_version, event.number
        self.province, self.city, self.unit, self.unit_type = province, event.city, event.unit, event.unit_type
        self.account_id, self.submitted_at, self.unsigned = event.account_id, event.at, event.unsigned
        self.title, self.category = sheet.title, sheet.category
        self.summary, self.sources = sheet.summary, sheet.sources
        self.authors = tuple(
            CaseAuthor(name=a.name, unit=a.unit, title=a.title, person=a.person, host=a.host) for a in sheet.authors
        )
        self.studio = studio_of(sheet.studio)
        self.files = tuple(
            CaseFile(
                file_id=f.file_id,
                role=f.role,
                name=f.name,
                kind=f.kind,
                size=f.size,
                sha256=f.sha256,
                object_key=f.object_key,
            )
            for f in event.files
        )
        self._strike_unwilling()
        if self.is_live:
            self._tell_state(at=event.at)

    def take_refusal(self, event: CoAuthorRefused) -> None:
        """Somebody does not agree to be named; the news may arrive before the version that names them."""
        self.unwilling = (*self.unwilling, Unwilling(person=event.person, case_version=event.case_version))
        self._strike_unwilling()

    def _strike_unwilling(self) -> None:
        """Nobody prints, shows or waits for an author of this version who does not agree to be one."""
        out = {each.person for each in self.unwilling if self.case_version <= each.case_version}
        names = {author.name for author in self.authors if author.person in out}
        self.authors = tuple(author for author in self.authors if author.person not in out)
        self.unsigned = tuple(name for name in self.unsigned if name not in names)

    def take_report(self, event: ReportReady) -> None:
        """Hold the report unless one on a newer version is here already."""
        if self.report is not None and event.case_version < self.report.case_version:
            return
        self.report = Report(
            case_version=event.case_version,
            outcome=event.outcome,
            findings=tuple(
                Finding(code=f.code, severity=f.severity, message=f.message, place=f.place) for f in event.findings
            ),
            words_low=event.words_low,
            words_high=event.words_high,
            scanned=event.scanned,
        )

    @property
    def report_in_force(self) -> Report | None:
        """The report, where it is about the present version."""
        report = self.report
        return report if report is not None and report.case_version == self.case_version else None

    def withdraw(self, *, case_version: int, at: datetime) -> None:
        """The author took it back, up to this version; its place on the shortlist is given back."""
        if self.published_at is not None or case_version <= self.withdrawn_version:
            return
        self.withdrawn_version = case_version
        if self.case_version > case_version:
            return
        if self.mark is Mark.RECOMMENDED:
            self._give_place_back("withdrawn", at=at)
        self.mark, self.mark_reason, self.recommended_at = Mark.NONE, "", None
        self.tell(CaseStateCleared(campaign_id=self.campaign_id, case_id=self.id, at=at))

    def move(self, event: CaseMoved) -> None:
        """It is another province's: its place is free, and in the new one it stands unmarked."""
        if self.province != event.source or not self.is_live:
            return
        self._lose_mark(event.source, at=event.at)
        self.province = self.placed_in = event.to
        self._tell_state(at=event.at)

    def _lose_mark(self, province: str, *, at: datetime) -> None:
        self._give_place_back("moved", province=province, at=at)
        self.mark, self.mark_reason, self.mark_by = Mark.NONE, "", ""

    # Screening and recommendation

    def may_be_recommended(self, *, reason: str, clerk: str) -> None:
        """Refused where the rules do not let the province recommend it; ``clerk`` is who asks, as a pseudonym."""
        if not self.is_live:
            raise Refused("case-gone", "该案例已撤回或已取消资格，不能推荐。", status=409)
        self.must_not_be_of(clerk)
        if self.unsigned:
            names = "、".join(self.unsigned)
            raise Refused("unsigned", f"{names}尚未在作者声明上签名，签名补齐后才能推荐。")
        report = self.report_in_force
        if report is not None and report.outcome == "failed" and not reason.strip():
            raise Refused("reason-missing", "该案例检查结果为“不合格”，推荐时请填写理由。", field="reason")

    def must_not_be_of(self, clerk: str) -> None:
        """Refused where the clerk is one of its authors."""
        if clerk and any(author.person == clerk for author in self.authors):
            raise Refused("own-case", "您是本案例的作者，请由本省其他工作人员处理。", status=403)

    def take_mark(self, *, listed: bool, reason: str, by: str, at: datetime, province: str = "") -> None:
        """The province put it on its shortlist, took it off, or marked it not recommended."""
        if province not in {"", self.province}:
            if listed:  # by the province that it has left meanwhile
                self._give_place_back("moved", province=province, at=at)
            return
        if listed and not self.is_live:
            self._give_place_back("withdrawn", at=at)
            return
        self.mark = Mark.RECOMMENDED if listed else (Mark.DECLINED if reason else Mark.NONE)
        self.mark_reason, self.mark_by = reason, by
        if not listed:
            self.recommended_at = None

    def recommend(self, *, at: datetime) -> bool:
        """The sealed shortlist holds it; False where that was known, or the case is gone."""
        if self.recommended_at is not None or not self.is_live:
            return False
        self.mark, self.recommended_at = Mark.RECOMMENDED, at
        self.tell(
            CaseRecommended(
                campaign_id=self.campaign_id,
                case_id=self.id,
                case_version=self.case_version,
                province=self.province,
                category=self.category,
                at=at,
            )
        )
        return True

    # Eligibility, experts, scores

    def check_eligibility(self, *, eligible: bool, reason: str, by: str, at: datetime) -> None:
        """The centre's word before experts see it."""
        if self.recommended_at is None or not self.is_live:
            raise Refused("not-recommended", "该案例不在省级推荐的案例中，不能进行资格审定。", status=409)
        if self.expert_ids:
            raise Refused(
                "already-assigned", "该案例已分配专家，不能再改资格审定结果；如有问题请走取消资格。", status=409
            )
        if not eligible and not reason.strip():
            raise Refused("reason-missing", "请填写不通过的原因，作者和省级单位会收到。", field="reason")
        self.eligibility = Eligibility(eligible=eligible, reason=reason, by=by, at=at)
        self.tell(
            EligibilityConfirmed(
                campaign_id=self.campaign_id, case_id=self.id, eligible=eligible, reason=reason, by=by, at=at
            )
        )
        what = "资格审定通过" if eligible else "资格审定不通过"
        self.tell(recorded(self.campaign_id, by=by, what=what, about=self.id, why=reason, at=at))

    @property
    def is_judged(self) -> bool:
        """Whether experts may score it."""
        return self.is_live and self.eligibility is not None and self.eligibility.eligible

    def assign(self, expert_ids: Sequence[str], *, at: datetime) -> bool:
        """Give it to experts; those it has stay. False where nothing changes."""
        added = tuple(expert for expert in expert_ids if expert not in self.expert_ids)
        if not added or not self.is_judged:
            return False
        self.expert_ids = (*self.expert_ids, *added)
        self._tell_experts(at)
        return True

    def replace_expert(self, leaving: str, *, coming: str | None, at: datetime) -> None:
        """One expert stepped back; another takes the case where there is one."""
        if leaving not in self.expert_ids:
            return
        others = tuple(expert for expert in self.expert_ids if expert != leaving)
        self.expert_ids = (*others, coming) if coming else others
        self.scores = tuple(score for score in self.scores if score.expert_id != leaving)
        self._tell_experts(at)
        self._complete(at)

    def take_score(self, score: Score, *, at: datetime) -> None:
        """One expert is done."""
        if score.expert_id not in self.expert_ids:
            return
        self.scores = (*(other for other in self.scores if other.expert_id != score.expert_id), score)
        self._complete(at)

    @property
    def is_scored(self) -> bool:
        """Whether every expert has scored it."""
        return bool(self.expert_ids) and {score.expert_id for score in self.scores} == set(self.expert_ids)

    # The result

    def publish_result(self, outcome: Outcome, *, at: datetime) -> bool:
        """Its result is published; False where it is out of the running or was published before."""
        if not self.is_live or self.published_at is not None:
            return False
        self.outcome, self.published_at = outcome, at
        if outcome in PUBLISHED:
            self.tell(
                ResultPublished(
                    campaign_id=self.campaign_id,
                    case_id=self.id,
                    case_version=self.case_version,
                    number=self.number,
                    province=self.province,
                    category=self.category,
                    outcome=told_outcome(outcome),
                    at=at,
                )
            )
            self._tell_state(at=at)
        self.tell(ResultToldToAuthors(campaign_id=self.campaign_id, case_id=self.id, outcome=outcome.value, at=at))
        return True

    def disqualify(self, *, reason: str, at: datetime) -> None:
        """It is out for one of the notice's reasons."""
        if self.disqualified is not None:
            return
        self.disqualified = Disqualified(reason=reason, at=at)
        self.tell(
            DisqualificationRecorded(
                campaign_id=self.campaign_id, case_id=self.id, province=self.province, reason=reason, at=at
            )
        )
        if self.published_at is not None and self.outcome in PUBLISHED:
            self.tell(CaseDisqualified(campaign_id=self.campaign_id, case_id=self.id, at=at))
            self._tell_state(at=at)
        elif self.case_version > self.withdrawn_version:
            self.tell(CaseStateCleared(campaign_id=self.campaign_id, case_id=self.id, at=at))

    def take_certificate(self, *, number: str, instead_of: str = "", at: datetime) -> None:
        """A certificate was issued, or took the place of another; an empty ``number`` revokes."""
        kept = tuple(known for known in self.certificates if known not in {number, instead_of})
        certificates = (*kept, number) if number else kept
        if certificates != self.certificates:
            self.certificates = certificates
            if self.published_at is not None:
                self._tell_state(at=at)

    # Telling

    def _tell_state(self, *, at: datetime) -> None:
        published = self.published_at is not None and self.outcome in PUBLISHED
        stage: Literal["submitted", "published", "disqualified"] = "submitted"
        if published:
            stage = "disqualified" if self.disqualified else "published"
        shown = stage == "published" and self.outcome is not None
        self.tell(
            CaseState(
                campaign_id=self.campaign_id,
                case_id=self.id,
                number=self.number,
                stage=stage,
                category=self.category,
                province=self.province,
                title=self.title if shown else "",
                outcome=told_outcome(self.outcome) if shown and self.outcome else "",
                certificates=self.certificates if shown else (),
                at=at,
            )
        )

    def _tell_experts(self, at: datetime) -> None:
        self.tell(ExpertsAssigned(campaign_id=self.campaign_id, case_id=self.id, expert_ids=self.expert_ids, at=at))

    def _complete(self, at: datetime) -> None:
        self.mean = None
        if not self.is_scored:
            return
        totals = tuple(sorted(score.total for score in self.scores))
        self.mean = round(sum(totals) / len(totals), 4)
        self.tell(ReviewCompleted(campaign_id=self.campaign_id, case_id=self.id, totals=totals, mean=self.mean, at=at))

    def _give_place_back(self, reason: str, *, at: datetime, province: str = "") -> None:
        province = province or self.province
        self.tell(
            RecommendationRefused(
                campaign_id=self.campaign_id, case_id=self.id, province=province, reason=reason, at=at
            )
        )
