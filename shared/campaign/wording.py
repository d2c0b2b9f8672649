"""What the schema refuses, said in Chinese to whoever writes a campaign file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml
from pydantic_core import ErrorDetails

_Context = Mapping[str, Any]

_WRITTEN: Mapping[str, str] = {
    r"^[0-9]{4}-[a-z0-9]+(-[a-z0-9]+)*$": "应为年份加小写英文词，用短横线相连，如 2024-teacher-training",
    r"^[^@\s]+@[^@\s]+$": "应为电子邮箱地址，如 name@example.com",
    r"^[a-z][a-z0-9_]*$": "应为小写英文字母开头的代码，只含小写字母、数字和下划线，如 region_1",
    r"^\.[a-z0-9]+$": "应为扩展名，如 .docx",
    r"^[0-9]{6}$": "应为6位数字的行政区划代码，如 110000",
}
"""What the patterns of the model ask for, in words."""
_YAML: Mapping[str, str] = {
    "mapping values are not allowed here": "这里不应有冒号（上一行可能缺引号，或缩进不对）",
    "could not find expected ':'": "缺少冒号",
    "did not find expected": "结构没有写完",
    "expected ',' or ']'": "方括号中的列表缺少逗号或右括号 ]",
    "expected ',' or '}'": "花括号中的内容缺少逗号或右括号 }",
    "expected <block end>": "缩进与前面的行不一致",
    "found character '\\t'": "行首用了制表符（Tab），请改用空格",
    "found unexpected end of stream": "引号没有成对",
    "found undefined alias": "引用（*）的名称没有定义",
    "found duplicate anchor": "锚点（&）的名称重复",
    "but found another document": "文件中只能有一份内容，请删去分隔行 ---",
    "special characters are not allowed": "有不可见的特殊字符",
}
"""What the reader of YAML says in English, by its beginning or a piece of it."""

_BY_TYPE: Mapping[str, Callable[[_Context], str]] = {
    "missing": lambda _: "缺少这一项",
    "extra_forbidden": lambda _: "没有这个名称的项，请检查拼写或删去",
    "string_type": lambda _: "应为文字；数字或 true/false 请加引号",
    "string_too_short": lambda _: "不能为空",
    "string_too_long": lambda c: f"不能超过 {c['max_length']} 个字符",
    "string_pattern_mismatch": lambda c: _WRITTEN.get(c["pattern"], "写法不符合要求"),
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


def yaml_sentence(error: yaml.YAMLError) -> str:
    """One Chinese sentence for a file that is no YAML."""
    said = " ".join(str(getattr(error, name, None) or "") for name in ("context", "problem", "reason"))
    known = next((words for piece, words in _YAML.items() if piece in said), "")
    return f"YAML 格式有误：{f'{known}；' if known else ''}请检查缩进、冒号和引号"


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _choices(context: _Context) -> str:
    return str(context["expected"]).replace(" or ", "、").replace(", ", "、").replace("'", "")
