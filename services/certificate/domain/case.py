"""What this service knows of a case: its sheet, its result, how its authors are found. It comes from others' news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.certificate.domain.names import name_key, printed_name
from shared.aggregates import Aggregate
from shared.text import one_line


@dataclass(frozen=True)
class Author:
    """One author as the sheet names them; ``person`` is the pseudonym that stands for their mobile."""

    name: str
    unit: str
    person: str


@dataclass(frozen=True)
class Lookup:
    """A keyed hash of name and last four of the mobile, by which this person's certificate is found."""

    person: str
    key: str


@dataclass(frozen=True)
class Unwilling:
    """A person who does not agree to be named as an author, of this version of the sheet nor of any before it."""

    person: str
    version: int


@dataclass(kw_only=True)
class Case(Aggregate):
    """The newest sheet, the published result and the authors' lookups, in whatever order they were heard."""

    campaign_id: str = ""
    title: str = ""
    category: str = ""
    province: str = ""
    sheet_version: int = 0
    authors: tuple[Author, ...] = ()
    outcome: str = ""
    result_version: int = 0
    published_at: datetime | None = None
    disqualified_at: datetime | None = None
    lookups: tuple[Lookup, ...] = ()
    unwilling: tuple[Unwilling, ...] = ()

    @property
    def named(self) -> tuple[int, ...]:
        """The places of the authors whom certificates name: all but those who do not agree to it."""
        out = {each.person for each in self.unwilling if self.sheet_version <= each.version}
        return tuple(place for place, author in enumerate(self.authors) if author.person not in out)

    @property
    def is_due(self) -> bool:
        """Result and sheet are known, and it was not disqualified: certificates are to be made."""
        return self.published_at is not None and self.has_sheet and self.disqualified_at is None

    @property
    def has_sheet(self) -> bool:
        return 0 < self.sheet_version >= self.result_version

    def take_sheet(
        self, *, campaign_id: str, version: int, title: str, category: str, province: str, authors: tuple[Author, ...]
    ) -> None:
        """Take the sheet of a submitted version, unless a newer one is known."""
        if version < self.sheet_version:
            return
        self.campaign_id, self.sheet_version = campaign_id, version
        self.title, self.category, self.province = one_line(title).strip(), category, province
        self.authors = tuple(Author(printed_name(a.name), one_line(a.unit).strip(), a.person) for a in authors)

    def refuse(self, person: str, *, version: int) -> None:
        """Somebody does not agree to be named; the news may arrive before the sheet that names them."""
        self.unwilling = (*self.unwilling, Unwilling(person, version))

    def publish(self, *, campaign_id: str, outcome: str, version: int, at: datetime) -> None:
        """Take the published result."""
        self.campaign_id, self.outcome, self.result_version, self.published_at = campaign_id, outcome, version, at

    def disqualify(self, *, at: datetime) -> None:
        """No certificate is to be made any more."""
        self.disqualified_at = self.disqualified_at or at

    def add_lookups(self, lookups: tuple[Lookup, ...]) -> None:
        """Add ways to find its authors; earlier mobiles stay good."""
        self.lookups = tuple(dict.fromkeys((*self.lookups, *lookups)))

    def places_found_by(self, key: str, *, name: str) -> tuple[int, ...]:
        """The places of the authors whom this lookup means."""
        persons = {lookup.person for lookup in self.lookups if lookup.key == key}
        wanted = name_key(name)
        found = ((place, self.authors[place]) for place in self.named)
        return tuple(place for place, a in found if a.person in persons and name_key(a.name) == wanted)
