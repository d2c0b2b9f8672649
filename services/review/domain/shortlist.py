"""A province's shortlist: never more cases than its places, changed only while recommendation is open, then sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.review.domain.recorded import recorded
from shared.aggregates import Aggregate
from shared.campaign.parts import Window
from shared.clock import SHANGHAI
from shared.events.review import PlacesGranted, ShortlistChanged, ShortlistConfirmed, ShortlistSealed
from shared.trouble import Refused

BY_THE_CLOCK = "clock"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """More places than the notice gives, and why."""

    places: int
    reason: str
    by: str
    at: datetime


@dataclass(kw_only=True)
class Shortlist(Aggregate):
    """The cases one province recommends, in its order."""

    campaign_id: str
    province: str
    limit: int
    case_ids: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    confirmed_at: datetime | None = None
    confirmed_by: str = ""
    declared_none: bool = False
    sealed_at: datetime | None = None

    @property
    def places(self) -> int:
        """How many cases fit."""
        return self.limit + sum(grant.places for grant in self.grants)

    def list_case(self, case_id: str, *, reason: str, by: str, received: datetime, window: Window) -> int:
        """Put a case at the end; gives how many are listed. One that is listed already stays where it is."""
        self._must_be_open(received, window)
        if case_id in self.case_ids:
            return len(self.case_ids)
        if len(self.case_ids) >= self.places:
            raise Refused(
                "shortlist-full",
                f"本省推荐名额{self.places}个已用完，请先取消推荐其他案例，再推荐本案例。",
                status=409,
            )
        self.case_ids = (*self.case_ids, case_id)
        self._changed(case_id, listed=True, reason=reason, by=by, at=received)
        return len(self.case_ids)

    def decline_case(self, case_id: str, *, reason: str, by: str, received: datetime, window: Window) -> int:
        """Mark a case not recommended, or take it off with no mark where ``reason`` is empty."""
        self._must_be_open(received, window)
        if case_id not in self.case_ids and not reason:
            return len(self.case_ids)
        self.free(case_id)
        self._changed(case_id, listed=False, reason=reason, by=by, at=received)
        return len(self.case_ids)

    def reorder(self, case_ids: tuple[str, ...], *, received: datetime, window: Window) -> None:
        """Put the same cases in another order."""
        self._must_be_open(received, window)
        if sorted(case_ids) != sorted(self.case_ids):
            raise Refused("order-differs", "推荐名单刚刚有变化，请刷新页面后重新排序。", status=409)
        self.case_ids = case_ids

    def confirm(self, *, by: str, received: datetime, window: Window) -> int:
        """Send the list as it stands; a later change asks for another confirmation."""
        self._must_be_open(received, window)
        if not self.case_ids:
            raise Refused("shortlist-empty", "推荐名单中还没有案例。如本省不推荐案例，请选择“本省不推荐案例”。")
        self.confirmed_at, self.confirmed_by = received, by
        count = len(self.case_ids)
        self.tell(
            ShortlistConfirmed(campaign_id=self.campaign_id, province=self.province, count=count, by=by, at=received)
        )
        self._record(f"确认推荐名单{count}件", by=by, at=received)
        return count

    def declare_none(self, *, by: str, received: datetime, window: Window) -> None:
        """Say that the province recommends nothing."""
        self._must_be_open(received, window)
        if self.case_ids:
            raise Refused("shortlist-not-empty", f"推荐名单中还有{len(self.case_ids)}件案例，请先全部取消推荐。")
        self.declared_none = True
        self.confirmed_at, self.confirmed_by = received, by
        self._record("本省不推荐案例", by=by, at=received)

    def grant(self, places: int, *, reason: str, by: str, at: datetime) -> int:
        """Give the province more places; gives how many it has now."""
        if places < 1:
            raise Refused("places-too-few", "请填写要增加的名额，至少1个。", field="places")
        if not reason.strip():
            raise Refused("reason-missing", "请填写增加名额的原因。", field="reason")
        self.grants = (*self.grants, Grant(places=places, reason=reason, by=by, at=at))
        self.tell(
            PlacesGranted(
                campaign_id=self.campaign_id, province=self.province, limit=self.places, reason=reason, by=by, at=at
            )
        )
        self._record(f"增加推荐名额{places}个，共{self.places}个", by=by, at=at, why=reason)
        return self.places

    def free(self, case_id: str) -> None:
        """Give back the place of a case that cannot stay."""
        self.case_ids = tuple(listed for listed in self.case_ids if listed != case_id)

    def seal(self, *, at: datetime) -> bool:
        """Make the list final; False when it is sealed already."""
        if self.sealed_at is not None:
            return False
        self.sealed_at = at
        self.tell(
            ShortlistSealed(
                campaign_id=self.campaign_id,
                province=self.province,
                case_ids=self.case_ids,
                confirmed=self.confirmed_at is not None,
                at=at,
            )
        )
        state = "已确认" if self.confirmed_at else "未经确认"
        self._record(f"封存推荐名单{len(self.case_ids)}件（{state}）", by=BY_THE_CLOCK, at=at)
        return True

    def unseal(self, *, at: datetime, window: Window) -> None:
        """Open it again where an extension was heard after sealing."""
        if self.sealed_at is not None and not window.has_closed(at):
            self.sealed_at = None

    def _must_be_open(self, received: datetime, window: Window) -> None:
        if not window.has_opened(received):
            opens = window.opens.astimezone(SHANGHAI)
            day = f"{opens.year}年{opens.month}月{opens.day}日{opens:%H:%M}"
            raise Refused("not-yet-open", f"省级推荐自{day}开始，现在只能查看。")
        if window.has_closed(received) or self.sealed_at is not None:
            last = window.last_second
            day = f"{last.year}年{last.month}月{last.day}日{last:%H:%M:%S}"
            raise Refused("closed", f"省级推荐已于{day}截止，推荐名单不能再修改。")

    def _changed(self, case_id: str, *, listed: bool, reason: str, by: str, at: datetime) -> None:
        self.confirmed_at, self.confirmed_by, self.declared_none = None, "", False
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
        what = "推荐" if listed else ("不推荐" if reason else "取消推荐")
        self.tell(recorded(self.campaign_id, by=by, what=what, about=case_id, why=reason, at=at))

    def _record(self, what: str, *, by: str, at: datetime, why: str = "") -> None:
        self.tell(recorded(self.campaign_id, by=by, what=what, about=self.id, why=why, at=at))


def shortlist_id(campaign_id: str, province: str) -> str:
    """The one shortlist of a province in a campaign."""
    return f"{campaign_id}:{province}"
