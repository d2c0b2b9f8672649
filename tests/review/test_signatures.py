"""Signatures that come after the submission clear what stood in the way of recommending (I11)."""

from __future__ import annotations

from datetime import UTC, datetime

from services.review.domain.case import Case
from shared.events.intake import SignaturesAdded

AT = datetime(2024, 10, 17, tzinfo=UTC)


def added(version: int) -> SignaturesAdded:
    return SignaturesAdded(campaign_id="c", case_id="case", case_version=version, unsigned=(), at=AT)


def test_later_signatures_of_the_present_version_count() -> None:
    case = Case(id="case", campaign_id="c", case_version=2, unsigned=("李明",))
    case.take_signatures(added(1))
    assert list(case.unsigned) == ["李明"]
    case.take_signatures(added(2))
    assert list(case.unsigned) == []
