"""Who may score what: the rules of avoidance, and the round in which cases are given to experts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.trouble import Refused


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What assignment needs to know of a case; ``have`` are experts it was given before."""

    case_id: str
    number: str
    category: str
    province: str
    units: frozenset[str]
    persons: frozenset[str]
    have: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Expert:
    """What assignment needs to know of an expert; ``load`` are cases given before, no ``categories`` means any."""

    expert_id: str
    province: str
    unit: str
    person: str
    categories: frozenset[str] = frozenset()
    avoid_units: frozenset[str] = frozenset()
    load: int = 0


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """The experts one case is to get."""

    case_id: str
    expert_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """A case that cannot get enough experts, and why in Chinese."""

    case_id: str
    number: str
    reason: str


def folded(unit: str) -> str:
    """A unit's name as it is compared."""
    return "".join(unicodedata.normalize("NFKC", unit).split()).lower()


def barred(case: Judged, expert: Expert) -> str | None:
    """Why this expert may not score this case, in Chinese; None where nothing speaks against it."""
    if expert.province and expert.province == case.province:
        return "同省"
    if expert.person and expert.person in case.persons:
        return "本人为作者"
    if folded(expert.unit) and folded(expert.unit) in case.units:
        return "同单位"
    if any(unit and _meets(unit, case.units) for unit in expert.avoid_units):
        return "已申报回避"
    return None


def _meets(avoided: str, units: Iterable[str]) -> bool:
    return any(avoided in unit or unit in avoided for unit in units)


def fit_experts(experts: Sequence[Expert], authors: frozenset[str]) -> list[Expert]:
    """Experts of this campaign; one who is an author in it scores nothing."""
    return [expert for expert in experts if not expert.person or expert.person not in authors]


def shortages(cases: Sequence[Judged], experts: Sequence[Expert], k: int) -> list[Shortage]:
    """The cases for which fewer than k experts may be asked at all."""
    found = []
    for case in cases:
        reasons = [barred(case, expert) for expert in experts if expert.expert_id not in case.have]
        free = sum(reason is None for reason in reasons) + len(case.have)
        if free < k:
            counted = Counter(reason for reason in reasons if reason)
            why = "、".join(f"{reason}{count}人" for reason, count in counted.most_common())
            text = f"需要{k}位专家，可分配{free}位" + (f"（{why}）" if why else "")
            found.append(Shortage(case_id=case.case_id, number=case.number, reason=text))
    return found


class RoundState(StrEnum):
    """A round is looked at before it goes out."""

    PLANNED = "planned"
    PUBLISHED = "published"


@dataclass(kw_only=True)
class AssignmentRound(Aggregate):
    """One assignment: every case with the experts it is to get."""

    campaign_id: str
    experts_per_case: int
    planned_at: datetime
    planned_by: str
    assigned: tuple[Assigned, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    state: RoundState = RoundState.PLANNED
    published_at: datetime | None = None

    @property
    def loads(self) -> dict[str, int]:
        """How many cases each expert gets."""
        return dict(Counter(expert for one in self.assigned for expert in one.expert_ids))

    def publish(self, *, by: str, at: datetime) -> None:
        """Send it out; what follows is done by a job."""
        if self.state is RoundState.PUBLISHED:
            raise Refused("already-published", "这一轮分配已经下达。", status=409)
        if self.shortages:
            raise Refused(
                "infeasible", f"还有{len(self.shortages)}件案例分不到足够的专家，请先增加专家或减少每件人数。"
            )
        if not self.assigned:
            raise Refused("nothing-to-assign", "没有待分配的案例。请先完成资格审定。")
        self.state, self.published_at = RoundState.PUBLISHED, at
        what = f"下达专家分配{len(self.assigned)}件，每件{self.experts_per_case}位专家"
        self.tell(recorded(self.campaign_id, by=by, what=what, about=self.id, at=at))
