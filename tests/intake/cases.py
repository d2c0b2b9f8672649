"""Cases, files and events for tests, with everything in place unless told otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from services.intake.domain.case import Case
from services.intake.domain.files import Announced
from services.intake.domain.sheet import About, Agreed, Author, Authors, Declaration
from services.intake.domain.version import Submitter
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign, FileRole
from shared.events.validation import FileChecked, ToldFinding

CAMPAIGN: Campaign = load_campaign(Path("campaigns/2024-teacher-training.yaml"))
OPENS, CLOSES = CAMPAIGN.windows.submission.opens, CAMPAIGN.windows.submission.closes
NOON = datetime.fromisoformat("2024-10-10T12:00:00+08:00")
WANG = Submitter(
    account_id="account-wang",
    person="person-wang",
    name="王小明",
    mobile="13800001234",
    email="wang@example.com",
    province="320000",
    city="南京市",
    county="鼓楼区",
    unit="南京市第一中学",
    unit_type="school",
)


def an_author(name: str = "王小明", **fields: Any) -> Author:
    known = {"unit": "南京市第一中学", "title": "高级教师", "mobile": "13800001234", "person": "person-wang"}
    return Author(name=name, **{**known, **fields})


def a_case(**fields: Any) -> Case:
    """A draft in which nothing is missing, last edited at noon."""
    declaration = Declaration(
        declared=Agreed(code="declaration", wording="…", by="person-wang", at=NOON),
        consents=tuple(
            Agreed(code=consent.code, wording=consent.wording, by="person-wang", at=NOON)
            for consent in CAMPAIGN.texts.consents
        ),
        sources="无",
        minors="none",
    )
    case = Case(
        id="case-1",
        campaign_id=CAMPAIGN.id,
        account_id="account-wang",
        opened_at=NOON,
        edited_at=NOON,
        saved_at=NOON,
        about=About(title="智研共同体", category="region", summary="概述。" * 60),
        authors=Authors(people=(an_author(), an_author("李明", mobile="13900005678", person="person-li"))),
        declaration=declaration,
    )
    put(case, "document-1", role="document", name="案例.docx")
    put(case, "material-1", role="material", name="通知.pdf", kind="announcement")
    case.news.clear()
    return replace(case, **fields)


def put(case: Case, file_id: str, *, at: datetime = NOON, **fields: Any) -> None:
    """Reserve room for a file and let it arrive."""
    reserve(case, file_id, at=at, **fields)
    case.arrive(file_id, campaign=CAMPAIGN, at=at)


def reserve(
    case: Case,
    file_id: str,
    *,
    role: FileRole = "material",
    name: str = "材料.pdf",
    kind: str = "other",
    size: int = 1000,
    at: datetime = NOON,
    **fields: Any,
) -> None:
    case.reserve(
        Announced(role=role, name=name, kind=kind, size=size, sha256="a" * 64, **fields),
        campaign=CAMPAIGN,
        upload_id=file_id,
        object_key=f"key/{file_id}",
        multipart_id="m",
        received_at=at,
    )


def submit(case: Case, *, at: datetime = NOON, by: Submitter = WANG, campaign: Campaign = CAMPAIGN) -> int:
    return case.submit(campaign=campaign, by=by, received_at=at, number="2024-482-130-572")


def a_check(file_id: str = "document-1", *findings: ToldFinding, **fields: Any) -> FileChecked:
    """Validation's word on a file."""
    known = {
        "campaign_id": CAMPAIGN.id,
        "case_id": "case-1",
        "file_id": file_id,
        "role": "document",
        "sha256": "a" * 64,
        "sha256_agrees": True,
        "outcome": "failed" if findings else "passed",
        "true_type": "docx",
        "findings": findings,
        "checker": "1",
        "at": NOON,
    }
    return FileChecked.model_validate({**known, **fields})
