"""Wordings, news and people that the tests of certificate start from."""

from __future__ import annotations

import base64
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.certificate.adapters.pdf import CertificateTypesetter, Print
from services.certificate.adapters.signing import Keys, new_authority
from services.certificate.domain.certificate import Wording
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.events.base import Event
from shared.events.intake import (
    AuthorContact,
    AuthorContacts,
    CaseSubmittedInFull,
    CoAuthorRefused,
    Sheet,
    SheetAuthor,
)
from shared.events.review import CampaignPublished, CaseDisqualified, ResultPublished
from shared.events.wire import Heard
from shared.identity.tokens import Principal, SigningKey, issue_token

PUBLISHED = datetime(2024, 12, 20, 2, 0, tzinfo=UTC)
LATER = datetime(2024, 12, 21, 2, 0, tzinfo=UTC)
STAFF_KEY = SigningKey(kid="test", key=base64.b64encode(bytes(range(32))).decode())

WORDING = Wording(
    heading="电子证书",
    subtitle="第二十八届教师活动 · 2024年教师研修专项",
    campaign="国家中小学智慧教育平台教师研修应用案例征集",
    category="区域研修应用案例",
    case_title="国家中小学智慧教育平台赋能县域教师研修的“三阶四环”实践",
    outcome="exemplary",
    authors=("李明", "王芳", "欧阳若曦"),
    holder=0,
    unit="江苏省南京市玄武区教师发展中心",
    issuer="全国师生信息素养提升实践活动（第二十八届教师活动）组委会",
    seal="全国师生信息素养提升实践活动组委会",
    dated=PUBLISHED,
)
NUMBER = "2024A-7K3M-9QXR"


@cache
def typesetter() -> CertificateTypesetter:
    return CertificateTypesetter()


def keys(organisation: str = "征集平台", *, year: int = 2024) -> Keys:
    """The same keys for the same arguments; another year is another authority of the same name."""
    return _keys(organisation, year)


@cache
def _keys(organisation: str, _year: int) -> Keys:
    made = new_authority(organisation=organisation, now=PUBLISHED)
    return Keys(key=made["signer.key"], certificate=made["signer.pem"], authority=made["ca.pem"])


def a_print(**changes: Any) -> Print:
    url = f"https://cases.example.cn/certificates/verify/{NUMBER}?t=8KQ2M4XN7P"
    return Print(wording=replace(WORDING, **changes), number=NUMBER, verify_url=url)


@cache
def campaign() -> Campaign:
    return load_campaign(Path("campaigns/2024-teacher-training.yaml"))


def heard(event: Event, *, subject: str, seq: int = 1) -> Heard:
    return Heard(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{event.type()}/{subject}/{seq}")),
        event=event,
        type=event.type(),
        topic=event.topic,
        subject=subject,
        seq=seq,
        epoch=1,
        key=event.key() or subject,
        time=PUBLISHED,
        correlation="test",
    )


def the_campaign(*, revision: int = 1, **changes: Any) -> Heard:
    found = campaign().model_dump(mode="json") | {"revision": revision} | changes
    event = CampaignPublished(campaign_id=campaign().id, revision=revision, campaign=found, at=PUBLISHED)
    return heard(event, subject=campaign().id, seq=revision)


def a_sheet(
    case_id: str, *, names: tuple[str, ...] = ("李明", "王芳"), title: str = "县域教师研修的实践", version: int = 1
) -> Heard:
    authors = tuple(
        SheetAuthor(name=name, unit=f"玄武区第{n}中学", title="教师", person=f"p-{name}")
        for n, name in enumerate(names, 1)
    )
    sheet = Sheet(title=title, category="region", summary="概述", authors=authors, declared=True, consents=("publish",))
    event = CaseSubmittedInFull(
        campaign_id=campaign().id,
        case_id=case_id,
        case_version=version,
        number="A-1",
        province="320000",
        city="南京市",
        unit="玄武区第1中学",
        unit_type="school",
        account_id="a",
        sheet=sheet,
        files=(),
        at=PUBLISHED,
    )
    return heard(event, subject=case_id, seq=version)


def contacts(case_id: str, mobiles: dict[str, str], *, seq: int = 1) -> Heard:
    people = tuple(AuthorContact(person=f"p-{name}", name=name, mobile=mobile) for name, mobile in mobiles.items())
    event = AuthorContacts(
        campaign_id=campaign().id,
        case_id=case_id,
        case_version=1,
        number="A-1",
        title="县域教师研修的实践",
        category="region",
        province="320000",
        contacts=people,
        at=PUBLISHED,
    )
    return heard(event, subject=case_id, seq=seq)


def a_result(case_id: str, *, outcome: str = "exemplary", version: int = 1) -> Heard:
    event = ResultPublished.model_validate(
        {
            "campaign_id": campaign().id,
            "case_id": case_id,
            "case_version": version,
            "number": "A-1",
            "province": "320000",
            "category": "region",
            "outcome": outcome,
            "at": PUBLISHED,
        }
    )
    return heard(event, subject=case_id)


def a_refusal(case_id: str, name: str, *, version: int = 1) -> Heard:
    event = CoAuthorRefused(
        campaign_id=campaign().id,
        case_id=case_id,
        case_version=version,
        person=f"p-{name}",
        name=name,
        title="县域教师研修的实践",
        account_id="a",
        holder="王芳",
        email="",
        at=PUBLISHED,
    )
    return heard(event, subject=f"{case_id}/{name}")


def a_disqualification(case_id: str) -> Heard:
    event = CaseDisqualified(campaign_id=campaign().id, case_id=case_id, at=LATER)
    return heard(event, subject=case_id, seq=2)


def staff_token(*roles: str, now: datetime) -> str:
    person = Principal(kind="staff", id="s-1", name="赵主任", roles=frozenset(roles))
    return issue_token(person, STAFF_KEY, now=now, lasting=timedelta(hours=1))
