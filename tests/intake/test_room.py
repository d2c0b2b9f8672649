"""How large a case may grow: what the limits allow fits everywhere, and what they do not is said in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bson
import pytest

from services.intake.domain.case import MOST_VERSIONS, Case
from services.intake.domain.files import (
    MOST_FILES,
    MOST_FILES_EVER,
    RESERVED_FOR,
    Announced,
    tidied,
)
from services.intake.domain.files import NAME_LETTERS as FILE_NAME_LETTERS
from services.intake.domain.findings import NotReady
from services.intake.domain.sheet import (
    NAME_LETTERS,
    SOURCES_LETTERS,
    SUMMARY_LETTERS,
    TITLE_LETTERS,
    UNIT_LETTERS,
    About,
    Authors,
)
from shared.events.base import Event
from shared.events.wire import Told, outbox_entry, to_message
from shared.records.mapping import to_row
from shared.trouble import Refused
from tests.intake.cases import CAMPAIGN, NOON, a_case, a_check, an_author, put, reserve, submit

BROKER_TAKES = 1024 * 1024
MONGODB_TAKES = 16 * 1024 * 1024
WIDE = "\U00020bb7"
"""Four octets: no letter of a name takes more."""


def the_largest_case() -> Case:
    """As long and as many as forms and files allow, in the widest letters."""
    limits = CAMPAIGN.limits
    person = an_author(WIDE * NAME_LETTERS, unit=WIDE * UNIT_LETTERS, title=WIDE * NAME_LETTERS, email="e" * 100)
    case = a_case(
        about=About(title=WIDE * TITLE_LETTERS, category="region", summary=(WIDE * 9 + "\\") * (SUMMARY_LETTERS // 10)),
        authors=Authors(people=(person, *(replace(person, person=f"p{n}") for n in range(1, limits.authors)))),
    )
    case.about = replace(case.about, summary=case.about.summary[: limits.summary_words])
    case.declaration = replace(case.declaration, sources=(WIDE + '"') * (SOURCES_LETTERS // 2))
    for number in range(MOST_FILES - 2):
        put(case, f"{number:036}", name=WIDE * (FILE_NAME_LETTERS - 4) + ".pdf", size=10)
    return case


def entry(event: Event) -> dict[str, Any]:
    """As an outbox holds it; ValueError when it is too large."""
    return outbox_entry(
        Told(id="i" * 36, event=event, subject="s" * 36, seq=1, epoch=1, time=NOON, correlation="c" * 32)
    )


def octets(event: Event) -> int:
    """The record that carries it."""
    message = to_message(entry(event))
    return len(message.value or b"") + sum(len(name) + len(value) for name, value in message.headers)


def test_the_largest_case_the_limits_allow_can_be_submitted() -> None:
    case = the_largest_case()
    assert submit(case) == 1
    assert max(octets(event) for event in case.news) < BROKER_TAKES
    with pytest.raises(Refused, match="too-many-files"):
        reserve(case, "one-more")


def test_the_largest_case_stays_one_document_however_often_it_is_submitted() -> None:
    case = the_largest_case()
    for number in range(MOST_VERSIONS):
        case.save(replace(case.about, title=f"{number:0{TITLE_LETTERS}}"), campaign=CAMPAIGN, received_at=NOON)
        assert submit(case) == number + 1
    outbox = sum(len(bson.encode(entry(event))) for event in case.news)
    assert len(bson.encode(to_row(case))) + outbox < MONGODB_TAKES
    case.save(replace(case.about, title="再改"), campaign=CAMPAIGN, received_at=NOON)
    with pytest.raises(Refused, match="too-many-versions"):
        submit(case)


def test_uploads_under_way_count_among_the_files() -> None:
    case = a_case()
    for number in range(MOST_FILES - 2):
        reserve(case, f"u{number}", size=1)
    with pytest.raises(Refused, match="too-many-files"):
        reserve(case, "one-more", size=1)
    reserve(case, "another-document", role="document", name="案例.docx")
    reserve(case, "in-its-place", size=1, replaces="material-1")
    reserve(case, "a-day-later", size=1, at=NOON + RESERVED_FOR)


def test_files_that_are_gone_count_too_in_the_end() -> None:
    case = a_case()
    for number in range(MOST_FILES_EVER - 2):
        put(case, f"f{number}")
        case.delete_file(f"f{number}", campaign=CAMPAIGN, received_at=NOON)
    with pytest.raises(Refused, match="too-many-files-ever"):
        reserve(case, "one-more")


def test_a_kind_is_kept_for_materials_only() -> None:
    wish = Announced(role="document", name="a/案例.docx", kind="x" * 70_000, size=1, sha256="a" * 64)
    assert tidied(wish) == replace(wish, name="案例.docx", kind="")


def test_a_file_known_not_to_be_what_was_announced_holds_back_the_submission() -> None:
    case = a_case()
    assert submit(case) == 1  # before it is known, nothing is held back
    case.hear_check(a_check("material-1", role="material", sha256_agrees=False, outcome="failed"))
    case.save(replace(case.about, title="再改"), campaign=CAMPAIGN, received_at=NOON)
    with pytest.raises(NotReady) as held:
        submit(case)
    assert [(found.code, found.page) for found in held.value.findings] == [("HASH_MISMATCH", "materials")]
