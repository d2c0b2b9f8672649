"""Reads a campaign file and says, with line numbers, everything that is wrong with it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.campaign.model import Campaign, Windows
from shared.campaign.parts import repeats
from shared.campaign.wording import sentence, yaml_sentence

_Path = tuple[str | int, ...]
# Instants stay text for the model to judge, so that one without a time zone is refused, not guessed.
_PLAIN = ("null", "bool", "int", "float", "str")
# A file may repeat itself by anchors, but not grow beyond measure or contain itself.
_MOST_NODES = 50_000
_DEEPEST = 12


@dataclass(frozen=True, order=True)
class CampaignError:
    """One thing wrong: the line (from 1), the field (``windows.review.opens``; empty for the file) and what to do."""

    line: int
    path: str
    message: str


class CampaignErrors(Exception):
    """A campaign file that cannot be used; ``errors`` holds all that is wrong, in the order of the file."""

    def __init__(self, file: str, errors: list[CampaignError]) -> None:
        self.file = file
        self.errors = sorted(set(errors))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line for each error: file:line field: message."""
        return [f"{self.file}:{e.line} {e.path + '：' if e.path else ''}{e.message}" for e in self.errors]


def load_campaign(path: Path | str) -> Campaign:
    """The campaign in this file; CampaignErrors if it is not one, OSError if the file cannot be read."""
    path = Path(path)
    return read_campaign(path.read_bytes(), file=str(path))


def read_campaign(source: bytes, *, file: str = "campaign.yaml") -> Campaign:
    """As load_campaign, from the bytes of a file with this name."""
    root = _node_of(source, file)
    places = _Places()
    try:
        content = places.plain(root, ())
    except _TooMuch as error:
        raise CampaignErrors(file, [error.error]) from error
    found = [*places.errors, *_clashes(content, places), *_repeated_codes(content, (), places)]
    campaign: Campaign | None = None
    try:
        campaign = Campaign.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as error:
        found += _told(error, places)
    if found or campaign is None:
        raise CampaignErrors(file, found)
    return campaign


class _TooMuch(Exception):
    """A file that contains itself or multiplies itself; ``error`` says where."""

    def __init__(self, error: CampaignError) -> None:
        super().__init__(error.message)
        self.error = error


class _Places:
    """Turns YAML nodes into plain values and remembers on which line each path stands."""

    def __init__(self) -> None:
        self.lines: dict[_Path, int] = {}
        self.errors: list[CampaignError] = []
        self._nodes = 0

    def plain(self, node: yaml.Node, path: _Path) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES or len(path) > _DEEPEST:
            raise _TooMuch(
                CampaignError(node.start_mark.line + 1, _dotted(path), "内容过多或层次过深，请检查引用（& 和 *）")
            )
        # The key's line was set already; a value may start lower, but people look for the key.
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, n)) for n, item in enumerate(node.value)]
        return self._scalar(node, path)

    def line(self, path: _Path) -> int:
        """The line of this path, or of the nearest thing around it that is there."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def _mapping(self, node: yaml.MappingNode, path: _Path) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in content:
                first = self.lines[(*path, key)]
                self._wrong(line, (*path, key), f"这一项在第 {first} 行已经写过，请只保留一处")
                continue
            self.lines[(*path, key)] = line
            content[key] = self.plain(value_node, (*path, key))
        return content

    def _scalar(self, node: yaml.Node, path: _Path) -> Any:
        kind = node.tag.rpartition(":")[2]
        if kind not in _PLAIN and kind != "timestamp":
            self._wrong(node.start_mark.line + 1, path, f"不支持这种写法（{node.tag}）")
            return str(node.value)
        if kind == "timestamp":
            return str(node.value)
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_object(node)
        except ValueError:
            return str(node.value)
        finally:
            loader.dispose()

    def _wrong(self, line: int, path: _Path, message: str) -> None:
        self.errors.append(CampaignError(line, _dotted(path), message))


def _node_of(source: bytes, file: str) -> yaml.MappingNode:
    try:
        node = yaml.compose(source.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise CampaignErrors(file, [CampaignError(line, "", "文件不是 UTF-8 编码，请另存为 UTF-8")]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        wrong = CampaignError(mark.line + 1 if mark else 1, "", yaml_sentence(error))
        raise CampaignErrors(file, [wrong]) from error
    if not isinstance(node, yaml.MappingNode):
        line = node.start_mark.line + 1 if node else 1
        raise CampaignErrors(file, [CampaignError(line, "", "文件内容应是“名称: 值”的列表，第一层没有找到任何一项")])
    return node


def _clashes(content: Mapping[str, Any], places: _Places) -> Iterator[CampaignError]:
    """Windows that run into each other; wrong windows are told by the model."""
    try:
        windows = Windows.model_validate_json(json.dumps(content.get("windows"), default=str), strict=True)
    except ValidationError:
        return
    for place, message in windows.clashes():
        path = ("windows", *place)
        yield CampaignError(places.line(path), _dotted(path), message)


def _repeated_codes(content: Any, path: _Path, places: _Places) -> Iterator[CampaignError]:
    """Codes used twice in one list, also where something else in the list keeps the model from looking."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _repeated_codes(value, (*path, key), places)
    elif isinstance(content, list):
        coded = [((*path, n, "code"), e["code"]) for n, e in enumerate(content) if isinstance(e, dict) and "code" in e]
        for place, message in repeats(((at, str(code)) for at, code in coded), "代码"):
            yield CampaignError(places.line(place), _dotted(place), message)
        for n, value in enumerate(content):
            yield from _repeated_codes(value, (*path, n), places)


def _told(error: ValidationError, places: _Places) -> Iterator[CampaignError]:
    details = error.errors()
    for detail in details:
        if detail["type"] == "too_short" and _fails_within(detail["loc"], details):
            continue  # the list only counts as short because the faulty items were left out
        within = tuple(part for part in detail["loc"] if part != "[key]")
        if detail["type"] == "campaign_rule":
            for place, message in detail["ctx"]["places"]:
                path = (*within, *place)
                yield CampaignError(places.line(path), _dotted(path), message)
        else:
            yield CampaignError(places.line(within), _dotted(within), sentence(detail))


def _fails_within(loc: _Path, details: Sequence[ErrorDetails]) -> bool:
    return any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details)


def _dotted(path: _Path) -> str:
    """windows.review.opens, categories[0].rubric[2].weight: lists are counted from 0."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
