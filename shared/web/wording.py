"""How times, sizes and numbers are written on the pages: Jinja filters."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.campaign.parts import Window
from shared.clock import SHANGHAI

WEEKDAYS = "一二三四五六日"


def day(at: datetime) -> str:
    """2024年10月15日"""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日"


def short_day(at: datetime) -> str:
    """10月15日"""
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日"


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
    last = closes.astimezone(SHANGHAI) - timedelta(seconds=1)
    return f"{day(last)}（星期{WEEKDAYS[last.weekday()]}）{last:%H:%M:%S}"


def short_deadline(closes: datetime) -> str:
    """10月15日23:59:59"""
    last = closes.astimezone(SHANGHAI) - timedelta(seconds=1)
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


def span(window: Window, *, year: bool = False) -> str:
    """From when to when: 10月1日至10月15日; with hours where an end is not that of a day; years where they differ."""
    opens, last = window.opens.astimezone(SHANGHAI), window.last_second
    years = opens.year != last.year
    end = "" if opens.date() == last.date() else (day(last) if years else short_day(last))
    end += "" if f"{last:%H:%M:%S}" == "23:59:59" else f"{last:%H:%M:%S}"
    return f"{since(window, year=year or years)}{f'至{end}' if end else ''}"


def since(window: Window, *, year: bool = False) -> str:
    """From when on: 10月1日, 11月23日22:40, with the hour where it does not begin with the day."""
    opens = window.opens.astimezone(SHANGHAI)
    clock = f"{opens:%H:%M:%S}" if opens.second else f"{opens:%H:%M}"
    return f"{day(opens) if year else short_day(opens)}{'' if clock == '00:00' else clock}"


def unbroken(text: str) -> str:
    """Hours such as 8:30–11:30 that no line end may cut in two."""
    return text.replace("–", "\u2060–\u2060")


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
    "size": size,
    "masked": masked,
}
