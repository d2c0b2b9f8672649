"""The centre's decision: sizes fixed before marks open, the ranking with its cut, and the published list."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from services.review.domain.recorded import recorded
from services.review.domain.values import PUBLISHED, Outcome
from shared.aggregates import Aggregate
from shared.events.review import DecisionPublished
from shared.trouble import Refused


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many cases of one category become exemplary and showcase."""

    category: str
    exemplary: int
    showcase: int


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One judged case: the mean of its totals, and the mean of each criterion in rubric order."""

    case_id: str
    number: str
    category: str
    mean: float
    by_criterion: tuple[float, ...]

    @property
    def standing(self) -> tuple[float, ...]:
        """What it is ranked by: never number or time."""
        return (self.mean, *self.by_criterion)


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A case in its category's ranking. Equal means share a ``place``; ``tied`` cases straddle a cut undecided."""

    case_id: str
    place: int
    mean: float
    suggested: Outcome
    tied: bool = False


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """An outcome decided by hand, and why."""

    case_id: str
    outcome: Outcome
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One line of the published list."""

    case_id: str
    number: str
    title: str
    authors: tuple[str, ...]
    units: tuple[str, ...]
    province: str
    category: str
    outcome: Outcome


def ranking(cases: Iterable[Scored], sizes: Mapping[str, Sizes]) -> list[Ranked]:
    """Every category ranked by mean, ties by rubric order, with the outcome its cut suggests."""
    by_category = sorted(cases, key=lambda case: case.category)
    found: list[Ranked] = []
    for category, group in groupby(by_category, key=lambda case: case.category):
        found += _rank(list(group), sizes.get(category) or Sizes(category=category, exemplary=0, showcase=0))
    return found


def _rank(cases: list[Scored], sizes: Sizes) -> list[Ranked]:
    cases.sort(key=lambda case: case.number)  # a stable page, not a judgement: equal standings are marked as tied
    cases.sort(key=lambda case: case.standing, reverse=True)
    cuts = [cut for cut in (sizes.exemplary, sizes.exemplary + sizes.showcase) if 0 < cut < len(cases)]
    undecided = {cases[cut].standing for cut in cuts if cases[cut - 1].standing == cases[cut].standing}
    better = Counter(case.mean for case in cases)
    place, found = 0, []
    for at, case in enumerate(cases):
        place = 1 + sum(count for mean, count in better.items() if mean > case.mean) if _begins(cases, at) else place
        found.append(
            Ranked(
                case_id=case.case_id,
                place=place,
                mean=case.mean,
                suggested=_suggested(at, sizes),
                tied=case.standing in undecided,
            )
        )
    return found


def _begins(cases: Sequence[Scored], at: int) -> bool:
    return at == 0 or cases[at - 1].mean != cases[at].mean


def _suggested(at: int, sizes: Sizes) -> Outcome:
    if at < sizes.exemplary:
        return Outcome.EXEMPLARY
    return Outcome.SHOWCASE if at < sizes.exemplary + sizes.showcase else Outcome.NOT_SELECTED


def decision_id(campaign_id: str) -> str:
    """The id of a campaign's decision."""
    return f"{campaign_id}:decision"


@dataclass(kw_only=True)
class Decision(Aggregate):
    """The one decision of a campaign. Its id is not the campaign's: ids of what tells on one topic are never shared."""

    campaign_id: str
    sizes: tuple[Sizes, ...] = ()
    sizes_fixed_at: datetime | None = None
    sizes_fixed_by: str = ""
    by_hand: tuple[ByHand, ...] = ()
    listed: tuple[Listed, ...] = ()
    not_selected: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_by: str = ""

    @property
    def sizes_by_category(self) -> dict[str, Sizes]:
        """The sizes, by category."""
        return {size.category: size for size in self.sizes}

    def fix_sizes(self, sizes: Sequence[Sizes], *, by: str, at: datetime) -> None:
        """Fix how many, once, before anybody sees a mark."""
        if self.sizes_fixed_at is not None:
            raise Refused("sizes-fixed", "各类名额已经确定，查看成绩后不能再改。", status=409)
        for size in sizes:
            if size.exemplary < 0 or size.showcase < 0:
                raise Refused("sizes-negative", "名额不能小于0。", field=f"{size.category}_exemplary")
        if not any(size.exemplary + size.showcase for size in sizes):
            raise Refused("sizes-empty", "请至少为一类案例填写名额。")
        self.sizes, self.sizes_fixed_at, self.sizes_fixed_by = tuple(sizes), at, by
        words = "；".join(f"{size.category} 典型{size.exemplary} 展示{size.showcase}" for size in sizes)
        self.tell(recorded(self.campaign_id, by=by, what="确定各类名额", about=self.campaign_id, why=words, at=at))

    def decide_by_hand(self, case_id: str, outcome: Outcome, *, reason: str, by: str, at: datetime) -> None:
        """Depart from the ranking for one case, with a reason."""
        self._must_be_open()
        if not reason.strip():
            raise Refused("reason-missing", "请填写调整的理由，理由将存档。", field="reason")
        kept = tuple(one for one in self.by_hand if one.case_id != case_id)
        self.by_hand = (*kept, ByHand(case_id=case_id, outcome=outcome, reason=reason, by=by, at=at))
        self.tell(recorded(self.campaign_id, by=by, what=f"人工确定结果：{outcome}", about=case_id, why=reason, at=at))

    def outcomes(self, ranked: Iterable[Ranked]) -> dict[str, Outcome]:
        """What each case gets: the cut's suggestion, or what was decided by hand."""
        decided = {one.case_id: one.outcome for one in self.by_hand}
        return {one.case_id: decided.get(one.case_id, one.suggested) for one in ranked}

    def open_ties(self, ranked: Iterable[Ranked]) -> list[str]:
        """Cases whose tie at a cut nobody has decided."""
        decided = {one.case_id for one in self.by_hand}
        return [one.case_id for one in ranked if one.tied and one.case_id not in decided]

    def publish(
        self, listed: Sequence[Listed], not_selected: Sequence[str], *, ties: int, unscored: int, by: str, at: datetime
    ) -> None:
        """One write makes the list public; ``ties`` and ``unscored`` say what is still open."""
        self._must_be_open()
        if unscored:
            raise Refused("unscored", f"还有{unscored}件案例的专家评分未完成，不能公布。")
        if ties:
            raise Refused("open-ties", f"还有{ties}件案例在名额界线上并列，请先逐件确定结果。")
        if not listed:
            raise Refused("list-empty", "名单中没有案例，不能公布。")
        self.listed, self.not_selected = tuple(listed), tuple(not_selected)
        self.published_at, self.published_by = at, by
        counted = Counter(one.outcome for one in listed)
        exemplary, showcase = counted[Outcome.EXEMPLARY], counted[Outcome.SHOWCASE]
        self.tell(
            DecisionPublished(
                campaign_id=self.campaign_id,
                decision_id=self.id,
                exemplary=exemplary,
                showcase=showcase,
                by=by,
                at=at,
            )
        )
        what = f"公布名单：典型案例{exemplary}件，展示案例{showcase}件"
        self.tell(recorded(self.campaign_id, by=by, what=what, about=self.campaign_id, at=at))

    def remove(self, case_id: str) -> None:
        """A disqualified case leaves the list."""
        if case_id not in self.removed:
            self.removed = (*self.removed, case_id)

    @property
    def shown(self) -> tuple[Listed, ...]:
        """The list as the public sees it: empty before publication."""
        return tuple(one for one in self.listed if one.case_id not in self.removed)

    def _must_be_open(self) -> None:
        if self.sizes_fixed_at is None:
            raise Refused("sizes-open", "请先确定各类名额。")
        if self.published_at is not None:
            raise Refused("already-published", "名单已经公布，不能再改；有问题的案例请走取消资格。", status=409)


def list_hash(outcomes: Mapping[str, Outcome]) -> str:
    """SHA-256 over the sorted ``case_id outcome`` lines of the published cases."""
    lines = sorted(f"{case_id} {outcome.value}" for case_id, outcome in outcomes.items() if outcome in PUBLISHED)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
