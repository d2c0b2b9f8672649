"""Reading JSON bodies: a pydantic model in, or a refusal that names each field in Chinese."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from shared.text import legible

Model = TypeVar("Model", bound=BaseModel)

MESSAGES = {
    "missing": "缺少这一项。",
    "extra_forbidden": "不认识这一项，请删除。",
    "string_type": "应为文字。",
    "string_too_short": "内容太短。",
    "string_too_long": "内容太长。",
    "string_pattern_mismatch": "格式不正确。",
    "int_type": "应为整数。",
    "int_parsing": "应为整数。",
    "int_from_float": "应为整数。",
    "bool_type": "应为 true 或 false。",
    "bool_parsing": "应为 true 或 false。",
    "greater_than": "数值太小。",
    "greater_than_equal": "数值太小。",
    "less_than": "数值太大。",
    "less_than_equal": "数值太大。",
    "literal_error": "不在可选范围内。",
    "enum": "不在可选范围内。",
    "list_type": "应为列表。",
    "too_short": "数量太少。",
    "too_long": "数量太多。",
    "model_attributes_type": "应为 JSON 对象。",
    "model_type": "应为 JSON 对象。",
    "json_invalid": "不是有效的 JSON。",
}


class UnfitBody(Exception):
    """The body does not fit the model; ``errors`` name each field, never its value."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(f"{len(errors)} errors in the body")
        self.errors = errors


def body(model: type[Model]) -> Model:
    """The JSON body of this request as ``model``; UnfitBody names what does not fit."""
    try:
        return model.model_validate_json(_legible_json(request.get_data()))
    except ValidationError as error:
        raise UnfitBody([_named(each["loc"], each["type"]) for each in error.errors()]) from error


def _legible_json(content: bytes) -> bytes:
    """The same body with legible texts; one that cannot be read stays as it is, for the model to say why."""
    try:
        return json.dumps(_legible(json.loads(content))).encode()
    except (ValueError, RecursionError):
        return content


def _legible(value: Any) -> Any:
    if isinstance(value, str):
        return legible(value)
    if isinstance(value, list):
        return [_legible(each) for each in value]
    if isinstance(value, dict):
        return {legible(name): _legible(each) for name, each in value.items()}
    return value


def _named(place: tuple[int | str, ...], kind: str) -> dict[str, str]:
    return {"field": ".".join(map(str, place)), "detail": MESSAGES.get(kind, "内容不符合要求。")}
