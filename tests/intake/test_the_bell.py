"""Rule I7, instant by instant: what counts at the bell, within the grace, and after it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.intake.domain.case import Case
from services.intake.domain.sheet import About
from shared.trouble import Refused
from tests.intake.cases import CAMPAIGN, CLOSES, NOON, a_case, put, reserve, submit

MS = timedelta(milliseconds=1)
GRACE = timedelta(minutes=CAMPAIGN.grace_minutes)
OVER = "报送已于北京时间2024年10月15日23:59:59截止，不能再报送。草稿仍可查看。"
ALL_IN = "报送已于北京时间2024年10月15日23:59:59截止，不能再报送。请等截止前已登记的文件传完后再报送；草稿仍可查看。"

BEFORE, AT, LAST, END, AFTER = -MS, timedelta(0), GRACE - MS, GRACE, GRACE + MS


def nothing(_case: Case, _at: datetime) -> None:
    """The draft is as it was at noon."""


def upload(case: Case, at: datetime) -> None:
    """Registered a millisecond before the bell, there when the draft is handed in."""
    reserve(case, "late", at=CLOSES - MS)
    case.arrive("late", campaign=CAMPAIGN, at=at)


def upload_that_replaces(case: Case, at: datetime) -> None:
    """The same, in the place of another file."""
    reserve(case, "late", at=CLOSES - MS, replaces="material-1", kind="announcement")
    case.arrive("late", campaign=CAMPAIGN, at=at)


def upload_and_edit(case: Case, at: datetime) -> None:
    """An upload in time, and a word changed at that instant."""
    upload(case, at)
    case.edited_at = at


def upload_and_another_too_late(case: Case, at: datetime) -> None:
    """One upload in time, another one registered at the bell itself."""
    upload(case, at)
    late = CAMPAIGN.model_copy(update={"windows": _longer()})
    reserve_in(case, "later", late, at=CLOSES)
    case.arrive("later", campaign=CAMPAIGN, at=max(at, CLOSES))


def under_way(case: Case, _at: datetime) -> None:
    """Registered in time, and not there yet."""
    reserve(case, "late", at=CLOSES - MS)


def _longer() -> object:
    windows = CAMPAIGN.windows
    later = windows.submission.model_copy(update={"closes": CLOSES + timedelta(days=1)})
    return windows.model_copy(update={"submission": later})


def reserve_in(case: Case, file_id: str, campaign: object, *, at: datetime) -> None:
    """Reserve under a campaign whose window is longer: the only way that a draft has such a file at all."""
    from services.intake.domain.files import Announced

    case.reserve(
        Announced(role="material", name="晚.pdf", kind="other", size=10, sha256="b" * 64),
        campaign=campaign,  # type: ignore[arg-type]
        upload_id=file_id,
        object_key=file_id,
        multipart_id="m",
        received_at=at,
    )


TABLE = [
    # what came later                    -1 ms    0     grace-1 ms  grace  grace+1 ms
    (nothing, True, OVER, OVER, OVER, OVER),
    (upload, True, True, True, OVER, OVER),
    (upload_that_replaces, True, True, True, OVER, OVER),
    (upload_and_edit, True, OVER, OVER, OVER, OVER),
    (upload_and_another_too_late, True, OVER, OVER, OVER, OVER),
    (under_way, True, ALL_IN, ALL_IN, OVER, OVER),
]


@pytest.mark.parametrize(
    ("change", "after", "counts"),
    [
        pytest.param(change, after, counts, id=f"{change.__name__} {after}")
        for change, *row in TABLE
        for after, counts in zip((BEFORE, AT, LAST, END, AFTER), row, strict=True)
    ],
)
def test_what_counts(change: object, after: timedelta, counts: bool | str) -> None:
    case, at = a_case(), CLOSES + after
    change(case, at)  # type: ignore[operator]
    if counts is True:
        assert submit(case, at=at) == 1
        return
    with pytest.raises(Refused) as refused:
        submit(case, at=at)
    assert (refused.value.code, refused.value.message, refused.value.status) == ("window-closed", counts, 409)


def test_the_millisecond_before_still_belongs_to_the_window_and_the_bell_does_not() -> None:
    assert datetime.fromisoformat("2024-10-16T00:00:00.000+08:00") == CLOSES
    case = a_case()
    case.save(About(title="来得及", category="region"), campaign=CAMPAIGN, received_at=CLOSES - MS)
    assert (case.about.title, case.edited_at) == ("来得及", CLOSES - MS)


def test_what_was_deleted_before_the_bell_is_no_change_after_it() -> None:
    case = a_case()
    put(case, "gone", at=NOON)
    case.delete_file("gone", campaign=CAMPAIGN, received_at=CLOSES - MS)
    upload(case, CLOSES)
    assert submit(case, at=CLOSES) == 1


def test_within_the_grace_a_version_follows_one_that_was_handed_in_before() -> None:
    case = a_case()
    assert submit(case, at=CLOSES - MS) == 1
    upload(case, CLOSES + MS)
    assert submit(case, at=CLOSES + 2 * MS) == 2
    assert submit(case, at=CLOSES + 2 * GRACE) == 2  # pressed again: nothing new, so nothing that is late
