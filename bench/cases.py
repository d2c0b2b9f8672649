"""An intake of its own, and drafts in which nothing is missing."""

from __future__ import annotations

import hashlib
import io
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.intake import wiring
from services.intake.app import App
from services.intake.domain.account import Account, Profile
from services.intake.domain.case import Case
from services.intake.domain.files import Announced
from services.intake.domain.sheet import About, Agreed, Author, Authors, Declaration
from services.intake.settings import IntakeSettings
from shared.campaign.copy import CampaignCopy
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign, FileRole
from shared.campaign.pacing import paced
from shared.clock import system_clock

ACCOUNT = "bench-author"


def open_campaign() -> Campaign:
    """The notice's campaign with its submission window open now."""
    campaign = load_campaign(Path("campaigns/2024-teacher-training.yaml"))
    begun = system_clock() - timedelta(seconds=5)
    return paced(campaign, begun, {"contact_forms": 1, "submission": 36_000})


def new_intake(campaign: Campaign, prefix: str) -> App:
    """An intake with its own databases, which knows the campaign and one author."""
    app = wiring.build(IntakeSettings(mongo_prefix=prefix))
    wiring.migrate(app)
    app.campaigns.records.ensure(CampaignCopy(id=campaign.id, revision=1, campaign=campaign.model_dump(mode="json")))
    app.accounts.ensure(_account(app))
    return app


def _account(app: App) -> Account:
    mobile = "13800001234"
    profile = Profile(
        name="王小明",
        province="320000",
        city="南京市",
        county="鼓楼区",
        unit="南京市第一中学",
        unit_type="school",
        role="teacher",
        email="wang@example.com",
    )
    known: dict[str, Any] = {"id": ACCOUNT, "mobile": mobile, "person": app.person(mobile), "profile": profile}
    return Account(**known, password="", registered_at=system_clock(), privacy_revision=1)


@dataclass(frozen=True)
class Stored:
    """A file that lies in the store."""

    object_key: str
    announced: Announced


def store_file(app: App, content: bytes, *, role: FileRole, name: str, kind: str = "") -> Stored:
    """Put a file into the store."""
    key = f"bench/{uuid.uuid4().hex}"
    app.objects.put(key, io.BytesIO(content), size=len(content))
    digest = hashlib.sha256(content).hexdigest()
    return Stored(key, Announced(role=role, name=name, kind=kind, size=len(content), sha256=digest))


def put_draft(app: App, campaign: Campaign, *files: Stored) -> str:
    """Keep a whole draft with a document and a material; gives its id."""
    now = system_clock()
    case = whole_draft(app, campaign, now)
    for number, file in enumerate(files):
        case.reserve(
            file.announced,
            campaign=campaign,
            upload_id=f"file-{number}",
            object_key=file.object_key,
            multipart_id="m",
            received_at=now,
        )
        case.arrive(f"file-{number}", campaign=campaign, at=now)
    app.cases.create(case)
    return case.id


def whole_draft(app: App, campaign: Campaign, now: datetime) -> Case:
    """A draft with its sheet filled in."""
    person = app.person("13800001234")
    me = Author(name="王小明", unit="南京市第一中学", title="高级教师", mobile="13800001234", person=person)
    texts = campaign.texts
    return Case(
        id=str(uuid.uuid4()),
        campaign_id=campaign.id,
        account_id=ACCOUNT,
        opened_at=now,
        edited_at=now,
        saved_at=now,
        about=About(title="智研共同体：县域教师数字素养提升的三年实践", category="region", summary="概述。" * 60),
        authors=Authors(people=(me,)),
        declaration=Declaration(
            declared=Agreed(code="declaration", wording=str(texts.declaration), by=person, at=now),
            consents=tuple(
                Agreed(code=consent.code, wording=consent.wording, by=person, at=now) for consent in texts.consents
            ),
            sources="无",
            minors="none",
        ),
    )
