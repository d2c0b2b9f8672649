"""Writes the table of topics into docs/architecture.md from catalogue and reactions: `python -m docs.topics`."""

from __future__ import annotations

import importlib
from pathlib import Path

from shared.events.base import Event
from shared.events.catalogue import EVENTS, SERVICES

PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- topics: made by `python -m docs.topics` -->\n", "<!-- end of topics -->\n"


def table() -> str:
    """Topic by topic: each event, who hears it, and what it says."""
    listeners = {service: importlib.import_module(f"services.{service}.handlers").REACTIONS for service in SERVICES}
    lines = ["| topic | event | heard by |", "|---|---|---|"]
    before = ""
    for event in sorted(EVENTS.values(), key=lambda event: (event.topic, event.__name__)):
        heard = [service for service, reactions in listeners.items() if event in reactions]
        lines.append(
            f"| {'' if event.topic == before else f'`{event.topic}`'} | {event.__name__} | {_who(event, heard)} |"
        )
        before = event.topic
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page with the present table in its place."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + table() + END + tail


def _who(event: type[Event], heard: list[str]) -> str:
    return ", ".join([*heard, *(["outsiders"] if event.outsiders else [])])


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
