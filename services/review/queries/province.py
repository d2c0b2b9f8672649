"""What a province's desk shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from services.review.app import App
from services.review.domain.shortlist import shortlist_id
from services.review.queries.cases import LINE_FIELDS, TALLIED, CaseLine, line_of
from services.review.queries.words import province_name
from shared.campaign.model import Campaign
from shared.campaign.parts import Window


@dataclass(frozen=True, kw_only=True)
class CategoryCount:
    """Cases of one category by what the province did with them; ``out`` are those that were disqualified."""

    name: str
    total: int
    recommended: int
    declined: int
    out: int

    @property
    def waiting(self) -> int:
        """Those that still want a mark."""
        return self.total - self.recommended - self.declined - self.out


@dataclass(frozen=True, kw_only=True)
class Desk:
    """``used`` of ``places`` are taken; ``can_change`` says whether recommendation is open at ``now``."""

    province: str
    counts: tuple[CategoryCount, ...]
    used: int
    places: int
    confirmed_at: datetime | None
    declared_none: bool
    sealed_at: datetime | None
    window: Window
    can_change: bool


@dataclass(frozen=True, kw_only=True)
class ShortlistPage:
    """The shortlist in its order."""

    desk: Desk
    lines: tuple[CaseLine, ...]


def desk(app: App, campaign: Campaign, province: str, *, now: datetime) -> Desk:
    """Where the province stands."""
    shortlist = app.shortlists.find(shortlist_id(campaign.id, province))
    window = campaign.windows.recommendation
    sealed_at = shortlist.sealed_at if shortlist else None
    return Desk(
        province=province_name(campaign, province),
        counts=_counts(app, campaign, province),
        used=len(shortlist.case_ids) if shortlist else 0,
        places=shortlist.places if shortlist else campaign.limits.recommendations_per_province,
        confirmed_at=shortlist.confirmed_at if shortlist else None,
        declared_none=shortlist.declared_none if shortlist else False,
        sealed_at=sealed_at,
        window=window,
        can_change=window.contains(now) and sealed_at is None,
    )


def shortlist_page(app: App, campaign: Campaign, province: str, *, now: datetime) -> ShortlistPage:
    """The listed cases in the province's order."""
    shortlist = app.shortlists.find(shortlist_id(campaign.id, province))
    ids = shortlist.case_ids if shortlist else ()
    rows = {row["_id"]: row for row in app.cases.rows({"_id": {"$in": list(ids)}}, only=LINE_FIELDS)}
    lines = tuple(line_of(rows[case_id], campaign) for case_id in ids if case_id in rows)
    return ShortlistPage(desk=desk(app, campaign, province, now=now), lines=lines)


def is_listed(app: App, campaign: Campaign, province: str, case_id: str) -> bool:
    """Whether the case is on the shortlist at this moment; the case itself hears of it a little later."""
    shortlist = app.shortlists.find(shortlist_id(campaign.id, province))
    return shortlist is not None and case_id in shortlist.case_ids


def _counts(app: App, campaign: Campaign, province: str) -> tuple[CategoryCount, ...]:
    query = {
        "campaign_id": campaign.id,
        "province": province,
        "case_version": {"$gt": 0},
        "$expr": {"$gt": ["$case_version", "$withdrawn_version"]},
    }
    counted: Counter[tuple[str, str]] = Counter()
    for row, count in app.cases.tally(query, TALLIED):
        counted[row["category"], "out" if row["disqualified"] else row["mark"]] += count
    return tuple(
        CategoryCount(
            name=category.name,
            total=sum(count for (code, _), count in counted.items() if code == category.code),
            recommended=counted[(category.code, "recommended")],
            declined=counted[(category.code, "declined")],
            out=counted[(category.code, "out")],
        )
        for category in campaign.categories
    )
