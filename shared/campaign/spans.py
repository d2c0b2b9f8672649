"""How the dates of a window are written: 10月1日至10月15日, with hours and years where they matter."""

from __future__ import annotations

from datetime import datetime

from shared.campaign.parts import Window
from shared.clock import SHANGHAI


def day(at: datetime) -> str:
    """2024年10月15日"""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日"


def short_day(at: datetime) -> str:
    """10月15日"""
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日"


def span(window: Window, *, year: bool = False) -> str:
    """From when to when: 10月1日至10月15日; with hours where an end is not that of a day; years where they differ."""
    opens, last = window.opens.astimezone(SHANGHAI), window.last_second
    years = opens.year != last.year
    end = "" if opens.date() == last.date() else (day(last) if years else short_day(last))
    end += _last_hour(last)
    return f"{since(window, year=year or years)}{f'至{end}' if end else ''}"


def since(window: Window, *, year: bool = False) -> str:
    """From when on: 10月1日, 11月23日22:40, with the hour where it does not begin with the day."""
    opens = window.opens.astimezone(SHANGHAI)
    hour = f"{opens:%H:%M:%S}" if opens.second else f"{opens:%H:%M}"
    return f"{day(opens) if year else short_day(opens)}{'' if hour == '00:00' else hour}"


def until(window: Window) -> str:
    """The last day: 10月15日, with the second where the window does not end with the day."""
    return f"{short_day(window.last_second)}{_last_hour(window.last_second)}"


def _last_hour(last: datetime) -> str:
    hour = f"{last:%H:%M:%S}"
    return "" if hour == "23:59:59" else hour
