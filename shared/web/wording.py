"""How times, sizes and numbers are written on the pages: Jinja filters."""

from __future__ import annotations

from datetime import datetime

from shared.campaign.parts import last_second
from shared.campaign.spans import day, short_day, since, span
from shared.clock import SHANGHAI

WEEKDAYS = "一二三四五六日"


def moment(at: datetime) -> str:
    """2024年10月15日14:03"""
    return f"{day(at)}{at.astimezone(SHANGHAI):%H:%M}"


def second(at: datetime) -> str:
    """2024年10月15日14:03:22"""
    return f"{day(at)}{at.astimezone(SHANGHAI):%H:%M:%S}"


def exact(at: datetime) -> str:
    """2024年10月15日14:03:22.123, for the technical part of a receipt."""
    local = at.astimezone(SHANGHAI)
    return f"{day(at)}{local:%H:%M:%S}.{local.microsecond // 1000:03d}"


def hour(at: datetime) -> str:
    """14:03"""
    return f"{at.astimezone(SHANGHAI):%H:%M}"


def deadline(closes: datetime) -> str:
    """The last second before a half-open window closes: 2024年10月15日（星期二）23:59:59"""
    last = last_second(closes)
    return f"{day(last)}（星期{WEEKDAYS[last.weekday()]}）{last:%H:%M:%S}"


def short_deadline(closes: datetime) -> str:
    """10月15日23:59:59"""
    last = last_second(closes)
    return f"{last.month}月{last.day}日{last:%H:%M:%S}"


def left(closes: datetime, now: datetime) -> str:
    """Time left, by the minute until the last hour: 1天6小时42分, 59分30秒, 已截止"""
    seconds = int((closes - now).total_seconds())
    if seconds <= 0:
        return "已截止"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days}天{hours}小时{minutes}分"
    if hours:
        return f"{hours}小时{minutes}分"
    return f"{minutes}分{seconds:02d}秒"


def size(octets: int) -> str:
    """71.4 MB, with 1 MB = 1024 × 1024 bytes, as the limits count it."""
    if octets < 1024:
        return f"{octets} B"
    if octets < 1024 * 1024:
        return f"{octets / 1024:.0f} KB"
    number = f"{octets / 1024 / 1024:.1f}".removesuffix(".0")
    return f"{number} MB"


def unbroken(text: str) -> str:
    """Hours such as 8:30–11:30 that no line end may cut in two."""
    return text.replace("–", "\u2060–\u2060")


def sentence(text: str) -> str:
    """What somebody typed, with the full stop that a sentence of ours around it needs."""
    return text if text.endswith(("。", "！", "？", ".", "!", "?")) else f"{text}。"


def masked(mobile: str) -> str:
    """138****5678"""
    return f"{mobile[:3]}****{mobile[-4:]}" if len(mobile) >= 7 else "****"


FILTERS = {
    "day": day,
    "short_day": short_day,
    "moment": moment,
    "second": second,
    "exact": exact,
    "hour": hour,
    "deadline": deadline,
    "short_deadline": short_deadline,
    "span": span,
    "since": since,
    "unbroken": unbroken,
    "sentence": sentence,
    "size": size,
    "masked": masked,
}
