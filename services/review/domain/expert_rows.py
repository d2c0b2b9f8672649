"""Experts as a spreadsheet brings them: each row is checked, each fault named with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.campaign.model import Campaign
from shared.text import is_mail_address

COLUMNS = ("姓名", "手机", "电子邮箱", "省份", "工作单位", "擅长类别", "回避单位")
REQUIRED = ("姓名", "手机", "电子邮箱", "省份", "工作单位")
_SEPARATORS = re.compile(r"[、,，;；\s]+")


@dataclass(frozen=True, kw_only=True)
class ExpertRow:
    """One expert to invite; ``province`` and ``categories`` are codes."""

    line: int
    name: str
    mobile: str
    email: str
    province: str
    unit: str
    categories: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RowFault:
    """What is wrong with a line, in Chinese."""

    line: int
    message: str


def read_rows(
    rows: Sequence[tuple[int, Mapping[str, str]]], *, campaign: Campaign, known: frozenset[str]
) -> tuple[list[ExpertRow], list[RowFault]]:
    """The experts of the rows (line, cell by column), and the faults; ``known`` are mobiles that have an account."""
    good: list[ExpertRow] = []
    faults: list[RowFault] = []
    seen: dict[str, int] = {}
    for line, cells in rows:
        row, messages = _read(line, cells, campaign)
        if row.mobile in seen:
            messages.append(f"手机号与第{seen[row.mobile]}行重复")
        elif row.mobile in known:
            messages.append("这个手机号已有账号")
        seen.setdefault(row.mobile, line)
        if messages:
            faults += [RowFault(line=line, message=message) for message in messages]
        else:
            good.append(row)
    return good, faults


def _read(line: int, cells: Mapping[str, str], campaign: Campaign) -> tuple[ExpertRow, list[str]]:
    messages = [f"缺少{column}" for column in REQUIRED if not cells.get(column)]
    mobile = re.sub(r"[\s\-]", "", cells.get("手机", ""))
    if mobile and not re.fullmatch(r"1[3-9]\d{9}", mobile):
        messages.append(f"手机号“{mobile}”应为11位数字")
    email = cells.get("电子邮箱", "")
    if email and not is_mail_address(email):
        messages.append(f"电子邮箱“{email}”格式不正确")
    province = campaign.find_province(cells.get("省份", ""))
    if province is None and cells.get("省份"):
        messages.append(f"没有名为“{cells['省份']}”的省级单位")
    categories = []
    for name in _parts(cells.get("擅长类别", "")):
        category = campaign.find_category(name)
        if category is None:
            messages.append(f"没有名为“{name}”的案例类别")
        else:
            categories.append(category.code)
    row = ExpertRow(
        line=line,
        name=cells.get("姓名", ""),
        mobile=mobile,
        email=email,
        province=province.code if province else "",
        unit=cells.get("工作单位", ""),
        categories=tuple(dict.fromkeys(categories)),
        avoid=_parts(cells.get("回避单位", "")),
    )
    return row, messages


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in _SEPARATORS.split(text) if part)
