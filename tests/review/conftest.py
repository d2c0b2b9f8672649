"""A review with real MongoDB and MinIO, a clock that stands still, staff of every role, and their browsers."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from nacl.public import PrivateKey
from werkzeug.test import TestResponse

from services.review import wiring
from services.review.app import App
from services.review.domain.account import AccountState, StaffAccount
from services.review.domain.case import Case
from services.review.domain.values import CaseAuthor, CaseFile, Report
from services.review.handlers.accounts import session_token
from services.review.handlers.campaign import load_campaign_draft, publish_campaign
from services.review.settings import ReviewSettings, SigningKeySetting
from shared.campaign.copy import CampaignCopy
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.identity import SigningKey
from shared.records import Database
from shared.settings import PublicKey
from tests.conftest import setting
from tests.review.turning import Turning

SCREENING = datetime(2024, 10, 20, 4, 0, tzinfo=UTC)
"""Noon in Beijing, while provinces recommend."""
KEY = SigningKey(kid="t1", key=base64.b64encode(b"k" * 32).decode())
LETTERS = PrivateKey(b"l" * 32)
LATER = timedelta(minutes=1)


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    """The notice of 2024."""
    return load_campaign(Path("campaigns/2024-teacher-training.yaml"))


@pytest.fixture
def clock() -> FixedClock:
    """Stands in the middle of the recommendation window."""
    return FixedClock(SCREENING)


@pytest.fixture
def app(new_database: Callable[[str], Database], clock: FixedClock, campaign: Campaign) -> App:
    """The pieces of a review that has heard the campaign."""
    database = new_database("review")
    settings = ReviewSettings(
        mongo_uri=setting("MONGO_URI"),
        mongo_prefix=database.db.name.removesuffix("_review"),
        kafka_servers="nowhere:1",
        s3_endpoint=setting("S3_ENDPOINT"),
        s3_public_endpoint=setting("S3_PUBLIC_ENDPOINT"),
        s3_access_key=setting("S3_ACCESS_KEY"),
        s3_secret_key=setting("S3_SECRET_KEY"),
        s3_region=setting("S3_REGION"),
        s3_bucket="zhengji-test",
        public_url="http://127.0.0.1",
        secret_key="s" * 32,
        staff_public_keys=[PublicKey(kid=KEY.kid, key=KEY.public())],
        staff_signing_key=SigningKeySetting(kid=KEY.kid, key=KEY.key),
        person_secret="p" * 32,
        letter_public_key=base64.b64encode(bytes(LETTERS.public_key)).decode(),
        trust_door=True,
    )
    app = wiring.build(settings, clock=clock, database=database)
    wiring.migrate(app)
    copy = CampaignCopy(id=campaign.id, revision=campaign.revision, campaign=campaign.model_dump(mode="json"))
    app.campaigns.records.ensure(copy)
    return app


def next_campaign(last: Campaign) -> Campaign:
    """The campaign of the year after ``last``."""
    later = timedelta(days=365)
    windows = {
        name: {**window, "opens": window["opens"] + later, "closes": window["closes"] + later}
        for name, window in last.windows.model_dump().items()
    }
    return Campaign.model_validate(
        {**last.model_dump(), "id": "2025-teacher-training", "subtitle": "2025年教师研修专项", "windows": windows}
    )


def another_campaign(app: App, last: Campaign, turning: Turning | None = None) -> Campaign:
    """The campaign of the year after ``last``, published: from now on the one people work in.

    A test that turns the worker itself gives its own.
    """
    made = next_campaign(last)
    load_campaign_draft(app, made)
    publish_campaign(app, campaign_id=made.id, by="administrator")
    (turning or Turning(app)).turn()
    return made


@pytest.fixture
def web(app: App) -> Flask:
    """The web role on these pieces."""
    return wiring.create_app(app=app)


class Browser:
    """One person's browser: keeps cookies, and posts forms with the hidden fields of the page they are on."""

    def __init__(self, web: Flask, clock: FixedClock) -> None:
        self.client = web.test_client()
        self._clock = clock
        self.page = ""

    def open(self, path: str, **more: Any) -> TestResponse:
        """GET a page."""
        return self._seen(self.client.get(path, headers=self._headers(None), **more))

    def fill(self, path: str, *, received_at: datetime | None = None, to: str = "", **fields: Any) -> TestResponse:
        """Open the page at ``path``, fill in its form and post it (``to``: the action of the form)."""
        self.open(path)
        return self.post(to or path, received_at=received_at, **fields)

    def post(self, path: str, *, received_at: datetime | None = None, **fields: Any) -> TestResponse:
        """Post the form of the page that is open."""
        data = {**self.hidden(), **fields}
        return self._seen(self.client.post(path, data=data, headers=self._headers(received_at)))

    def hidden(self) -> dict[str, Any]:
        """The hidden fields of the page's forms, the first of each name."""
        found: dict[str, Any] = {}
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page):
            found.setdefault(name, unescape(value))
        return found

    def errors(self) -> list[str]:
        """The messages in the error summary."""
        box = re.search(r'govuk-error-summary__list">(.*?)</ul>', self.page, re.S)
        items = re.findall(r"<li>(.*?)</li>", box[1], re.S) if box else []
        return [unescape(re.sub(r"<[^>]+>", "", item)).strip() for item in items]

    def typed(self, name: str) -> str:
        """What stands in a field of the page."""
        area = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n?(.*?)</textarea>', self.page, re.S)
        field = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', self.page, re.S)
        found = area or field
        return unescape(found[1]) if found else ""

    def text(self) -> str:
        """What a person reads on the page, spaces folded."""
        main = re.search(r"<main.*?</main>", self.page, re.S)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main[0] if main else self.page)))

    def _headers(self, received_at: datetime | None) -> dict[str, str]:
        return {"X-Received-At": f"{(received_at or self._clock()).timestamp():.3f}"}

    def _seen(self, response: TestResponse) -> TestResponse:
        self.page = response.get_data(as_text=True)
        return response


@pytest.fixture
def new_browser(web: Flask, clock: FixedClock) -> Callable[[], Browser]:
    """One more person's browser."""
    return lambda: Browser(web, clock)


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    """A browser in which nobody is logged in."""
    return new_browser()


def staff_account(app: App, role: str, **fields: Any) -> StaffAccount:
    """An active account of a role, second factor included; its id is the role unless told otherwise."""
    known: dict[str, Any] = {
        "id": role,
        "campaign_id": app.campaigns.current().id,
        "name": "周敏",
        "mobile": f"139{zlib.crc32(role.encode()) % 10**8:08d}",
        "email": f"{role}@example.com",
        "state": AccountState.ACTIVE,
        "totp_confirmed": True,
        "province": "320000" if role in {"province", "helper"} else None,
        "unit": "江苏省教育厅" if role == "province" else "",
    }
    made = StaffAccount(**{**known, "role": role, **fields})
    made.person = made.person or app.person(made.mobile)
    made.login = made.mobile
    app.accounts.create(made)
    return app.accounts.get(made.id)


@pytest.fixture
def logged_in(app: App, new_browser: Callable[[], Browser]) -> Callable[..., Browser]:
    """A browser in which somebody of a role is logged in: ``logged_in("province", province="510000")``."""

    def enter(role: str, **fields: Any) -> Browser:
        person = staff_account(app, role, **fields)
        browser = new_browser()
        browser.client.set_cookie("staff", session_token(app, person), domain="localhost")
        return browser

    return enter


def submitted_case(app: App, id: str = "case-1", **fields: Any) -> Case:
    """A submitted case of 江苏省 with two authors, a document, a material and a report without findings."""
    first, second = (app.person(f"{start}{zlib.crc32(id.encode()) % 10**8:08d}") for start in ("138", "139"))
    known: dict[str, Any] = {
        "campaign_id": app.campaigns.current().id,
        "case_version": 1,
        "number": f"2024-482-130-{id[-3:]:0>3}",
        "province": "320000",
        "city": "南京市",
        "unit": "南京市第一中学",
        "unit_type": "school",
        "account_id": "author-1",
        "title": "智研共同体：平台助力校本研修",
        "category": "school",
        "summary": "以平台研修群为纽带，建立常态化校本研修机制。",
        "sources": "无",
        "authors": (
            CaseAuthor(name="王小明", unit="南京市第一中学", title="高级教师", person=first),
            CaseAuthor(name="李明", unit="南京市第二中学", title="一级教师", person=second),
        ),
        "files": (
            _file(f"{id}-document", "document", "王小明案例.docx"),
            _file(f"{id}-material", "material", "研修通知.pdf", kind="announcement"),
            _file(f"{id}-sheet", "sheet", "信息表.pdf"),
        ),
        "submitted_at": SCREENING - timedelta(days=8),
        "report": Report(case_version=1, outcome="passed", words_low=2986, words_high=2990, scanned=False),
    }
    made = Case(id=id, **{**known, **fields})
    app.cases.create(made)
    return app.cases.get(id)


def _file(file_id: str, role: str, name: str, *, kind: str = "") -> CaseFile:
    return CaseFile(
        file_id=file_id, role=role, name=name, kind=kind, size=71_400, sha256="a" * 64, object_key=f"review/{file_id}"
    )


@pytest.fixture
def letter_key() -> str:
    """The private key with which notify opens activation codes."""
    return base64.b64encode(bytes(LETTERS)).decode()
