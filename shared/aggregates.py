"""The plain-Python base of everything that changes through verbs and tells facts."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.events.base import Event


@dataclass(kw_only=True)
class Aggregate:
    """One document's worth of state that changes as a whole; ``news`` are the facts not yet kept."""

    id: str
    news: list[Event] = field(default_factory=list, repr=False, compare=False)

    def tell(self, event: Event) -> None:
        """Add a fact; it is kept together with the state, in one write."""
        self.news.append(event)
