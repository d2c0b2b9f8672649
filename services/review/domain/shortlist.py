"""A province's shortlist: at most so many cases at any moment, sealed once recommendation has closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.aggregates import Aggregate
from shared.campaign.model import Window
from shared.events.review import PlacesGranted, ShortlistChanged, ShortlistConfirmed, ShortlistSealed
from shared.trouble import Refused


def shortlist_id(campaign_id: str, province: str) -> str:
    """The id of a province's shortlist."""
    return f"{campaign_id}:{province}"


def check_open(window: Window, *, at: datetime) -> None:
    """Recommending happens in its window only."""
    if not window.has_opened(at):
        raise Refused("recommendation-not-open", "省级推荐尚未开始，请在推荐时间内操作。", status=409)
    if window.has_closed(at):
        raise Refused("recommendation-closed", "省级推荐已截止，推荐名单不能再修改。", status=409)


@dataclass(kw_only=True)
class Shortlist(Aggregate):
    """The cases a province recommends, in its order."""

    campaign_id: str
    province: str
    limit: int
    case_ids: tuple[str, ...] = ()
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    declared_none: str = ""
    sealed_at: datetime | None = None

    @property
    def left(self) -> int:
        """How many more may be recommended."""
        return self.limit - len(self.case_ids)

    def add(self, case_id: str, *, reason: str, by: str, at: datetime, window: Window) -> None:
        """Recommend one more; already recommended is fine."""
        self._must_be_open(window, at)
        if case_id in self.case_ids:
            return
        if self.left <= 0:
            raise Refused(
                "quota-full",
                f"本省{self.limit}个推荐名额已用完。请先撤下一个案例，再推荐新的案例。",
                status=409,
            )
        self.case_ids += (case_id,)
        self._changed(case_id, listed=True, reason=reason, by=by, at=at)

    def remove(self, case_id: str, *, reason: str, by: str, at: datetime, window: Window) -> None:
        """Take one off; one that is not on it is fine."""
        self._must_be_open(window, at)
        self._drop(case_id, reason=reason, by=by, at=at)

    def drop_ended(self, case_id: str, *, reason: str, at: datetime) -> None:
        """A withdrawn or disqualified case leaves the list, whatever the window, and frees its place."""
        self._drop(case_id, reason=reason, by="", at=at)

    def _drop(self, case_id: str, *, reason: str, by: str, at: datetime) -> None:
        if case_id not in self.case_ids:
            return
        self.case_ids = tuple(listed for listed in self.case_ids if listed != case_id)
        self._changed(case_id, listed=False, reason=reason, by=by, at=at)

    def reorder(self, case_ids: tuple[str, ...], *, at: datetime, window: Window) -> None:
        """Put the same cases in another order."""
        self._must_be_open(window, at)
        if sorted(case_ids) != sorted(self.case_ids):
            raise Refused("order-stale", "名单在您排序期间有变化，请刷新页面后重新排序。", status=409)
        self.case_ids = case_ids

    def confirm(self, *, by: str, at: datetime, window: Window) -> None:
        """Submit the list; it may still be changed until the window closes."""
        self._must_be_open(window, at)
        if not self.case_ids:
            raise Refused("shortlist-empty", "推荐名单为空。如本省不推荐案例，请使用“本省不推荐”。")
        self.confirmed_by = by
        self.confirmed_at = at
        self.declared_none = ""
        self.tell(
            ShortlistConfirmed(
                campaign_id=self.campaign_id, province=self.province, count=len(self.case_ids), by=by, at=at
            )
        )

    def declare_none(self, *, reason: str, by: str, at: datetime, window: Window) -> None:
        """Say that this province recommends nothing."""
        self._must_be_open(window, at)
        if self.case_ids:
            raise Refused("shortlist-not-empty", "推荐名单中还有案例，请先撤下，再声明本省不推荐。")
        if not reason.strip():
            raise Refused("reason-missing", "请填写不推荐的说明。", field="reason")
        self.declared_none = reason.strip()
        self.confirmed_by = by
        self.confirmed_at = at

    def grant(self, limit: int, *, reason: str, by: str, at: datetime) -> None:
        """The centre sets another limit, never below what is listed already."""
        if not reason.strip():
            raise Refused("reason-missing", "请填写调整名额的原因，原因将存档。", field="reason")
        if limit < len(self.case_ids):
            raise Refused("limit-too-low", f"已推荐{len(self.case_ids)}个案例，名额不能低于此数。", field="limit")
        self.limit = limit
        told = PlacesGranted(
            campaign_id=self.campaign_id, province=self.province, limit=limit, reason=reason.strip(), by=by, at=at
        )
        self.tell(told)

    def seal(self, *, at: datetime) -> bool:
        """The list as it stands is what was sent; False when it is sealed already."""
        if self.sealed_at is not None:
            return False
        self.sealed_at = at
        confirmed = self.confirmed_at is not None
        self.tell(
            ShortlistSealed(
                campaign_id=self.campaign_id,
                province=self.province,
                case_ids=self.case_ids,
                confirmed=confirmed,
                at=at,
            )
        )
        return True

    def _must_be_open(self, window: Window, at: datetime) -> None:
        check_open(window, at=at)
        if self.sealed_at is not None:
            raise Refused("shortlist-sealed", "推荐名单已封存，不能再修改。", status=409)

    def _changed(self, case_id: str, *, listed: bool, reason: str, by: str, at: datetime) -> None:
        self.tell(
            ShortlistChanged(
                campaign_id=self.campaign_id,
                province=self.province,
                case_id=case_id,
                listed=listed,
                reason=reason,
                by=by,
                at=at,
            )
        )
