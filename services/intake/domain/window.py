"""When drafts may change and when a submission counts (I7): half-open windows, and the grace for registered uploads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from services.intake.domain.files import File
from services.intake.domain.late import Late, in_force, why_not
from shared.campaign.model import Campaign, Window
from shared.clock import SHANGHAI
from shared.trouble import Refused


def last_second(window: Window) -> str:
    """How pages name the end of a window: 2024年10月15日23:59:59 for one that closes at midnight."""
    last = window.last_second
    return f"{last.year}年{last.month}月{last.day}日{last:%H:%M:%S}"


def first_moment(window: Window) -> str:
    """How pages name the beginning of a window: 2024年10月1日00:00."""
    first = window.opens.astimezone(SHANGHAI)
    return f"{first.year}年{first.month}月{first.day}日{first:%H:%M}"


def check_drafting(campaign: Campaign, received_at: datetime, *, late: Iterable[Late] = ()) -> None:
    """Refused before drafts open, and after submission closes unless a permission holds."""
    if not campaign.windows.registration.has_opened(received_at):
        opens = first_moment(campaign.windows.registration)
        raise Refused("too-early", f"注册和填写将于北京时间{opens}开始，请届时再来。", status=409)
    late = tuple(late)
    if campaign.windows.submission.has_closed(received_at) and not in_force(late, received_at):
        message = f"{over(campaign)}，这次的改动没有保存。{why_not(late)}截止前已保存的内容仍可查看。"
        raise Refused("window-closed", message, status=409)


def check_moving(campaign: Campaign, received_at: datetime) -> None:
    """Refused after submission closes: from then on provinces or the centre decide where a case belongs (I13)."""
    if campaign.windows.submission.has_closed(received_at):
        message = (
            f"{over(campaign)}，您有已报送的案例，不能再自行更改所属省份。"
            "需要更改的，请联系原省份的省级单位转出、新省份的省级单位接收，或致电服务热线。"
        )
        raise Refused("window-closed", message, field="province", status=409)


def check_registration(campaign: Campaign, received_at: datetime) -> None:
    """Refused while accounts cannot be made."""
    window = campaign.windows.registration
    if not window.has_opened(received_at):
        raise Refused("too-early", f"注册将于北京时间{first_moment(window)}开始，请届时再来。", status=409)
    if window.has_closed(received_at):
        raise Refused(
            "registration-closed", f"注册已于北京时间{last_second(window)}截止。如有疑问，请致电服务热线。", status=409
        )


def check_submission(
    campaign: Campaign,
    received_at: datetime,
    *,
    edited_at: datetime,
    files: Sequence[File],
    awaited: bool = False,
    late: Iterable[Late] = (),
) -> Late | None:
    """Refused unless received in time, or in the grace that finishes uploads, or by a permission, which it gives.

    The grace is for uploads that were registered before the bell and arrived after it, and for nothing else;
    ``awaited`` says that one is still under way.
    """
    window = campaign.windows.submission
    if not window.has_opened(received_at):
        raise Refused(
            "too-early",
            f"报送将于北京时间{first_moment(window)}开始。草稿已保存，请届时再来报送。",
            status=409,
        )
    if not window.has_closed(received_at):
        return None
    may_finish = can_finish(campaign, received_at, edited_at=edited_at, files=files)
    if may_finish and any(file.arrived_at >= window.closes for file in files):
        return None
    late = tuple(late)
    permission = in_force(late, received_at)
    if permission is None:
        hint = "请等截止前已登记的文件传完后再报送；" if may_finish and awaited else why_not(late)
        raise Refused("window-closed", f"{over(campaign)}，不能再报送。{hint}草稿仍可查看。", status=409)
    return permission


def can_finish(campaign: Campaign, received_at: datetime, *, edited_at: datetime, files: Iterable[File]) -> bool:
    """Whether the grace still runs for a draft in which nothing but uploads registered in time came later."""
    closes = campaign.windows.submission.closes
    in_grace = closes <= received_at < closes + timedelta(minutes=campaign.grace_minutes)
    return in_grace and edited_at < closes and all(file.registered_at < closes for file in files)


def check_withdrawal(campaign: Campaign, received_at: datetime) -> None:
    """Refused after submission closes."""
    if campaign.windows.submission.has_closed(received_at):
        raise Refused(
            "window-closed",
            f"{over(campaign)}，不能再在此撤回。需要撤回的，请致电服务热线。",
            status=409,
        )


def check_signing(campaign: Campaign, received_at: datetime) -> None:
    """Refused after recommendation closes: until then a missing signature can be added (I11)."""
    window = campaign.windows.recommendation
    if window.has_closed(received_at):
        raise Refused("signing-closed", f"补签已于北京时间{last_second(window)}截止，不能再确认。", status=409)


def over(campaign: Campaign) -> str:
    """How pages say that submission has closed, and when."""
    return f"报送已于北京时间{last_second(campaign.windows.submission)}截止"


def in_the_way(check: Callable[[], object]) -> str:
    """What a check would refuse with; empty where it lets through."""
    try:
        check()
    except Refused as refused:
        return refused.message
    return ""
