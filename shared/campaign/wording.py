"""What the schema refuses, said in Chinese to whoever writes a campaign file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

_Context = Mapping[str, Any]

_BY_TYPE: Mapping[str, Callable[[_Context], str]] = {
    "missing": lambda _: "缺少这一项",
    "extra_forbidden": lambda _: "没有这个名称的项，请检查拼写或删去",
    "string_type": lambda _: "应为文字；数字或 true/false 请加引号",
    "string_too_short": lambda _: "不能为空",
    "string_too_long": lambda c: f"不能超过 {c['max_length']} 个字符",
    "string_pattern_mismatch": lambda c: f"写法不符合要求（{c['pattern']}）",
    "int_type": lambda _: "应为整数",
    "int_from_float": lambda _: "应为整数",
    "int_parsing": lambda _: "应为整数",
    "float_type": lambda _: "应为数字",
    "finite_number": lambda _: "应为数字",
    "bool_type": lambda _: "应为 true 或 false",
    "greater_than": lambda c: f"须大于 {_number(c['gt'])}",
    "greater_than_equal": lambda c: f"不能小于 {_number(c['ge'])}",
    "less_than_equal": lambda c: f"不能大于 {_number(c['le'])}",
    "enum": lambda c: f"只能是以下之一：{_choices(c)}",
    "literal_error": lambda c: f"只能是以下之一：{_choices(c)}",
    "timezone_aware": lambda _: "时间须写明时区，如 2024-10-01T00:00:00+08:00",
    "tuple_type": lambda _: "应为列表",
    "dict_type": lambda _: "应为“名称: 值”的列表",
    "model_type": lambda _: "应为“名称: 值”的列表",
    "too_short": lambda c: f"至少要有 {c['min_length']} 项",
}


def sentence(detail: ErrorDetails) -> str:
    """One Chinese sentence for one error of the schema."""
    kind = detail["type"]
    if kind.startswith("datetime"):
        return "应为带时区的时间，如 2024-10-01T00:00:00+08:00"
    known = _BY_TYPE.get(kind)
    return known(detail.get("ctx", {})) if known else f"不符合要求：{detail['msg']}"


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _choices(context: _Context) -> str:
    return str(context["expected"]).replace(" or ", "、").replace(", ", "、").replace("'", "")
