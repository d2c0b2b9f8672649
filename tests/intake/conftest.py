"""An intake with real MongoDB and MinIO, a clock that stands still, and a browser that fills in forms."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from nacl.public import PrivateKey
from werkzeug.test import TestResponse

from services.intake import wiring
from services.intake.app import App
from services.intake.settings import IntakeSettings
from shared.campaign.copy import CampaignCopy
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.identity import SigningKey
from shared.records import Database
from shared.settings import PublicKey
from tests.conftest import setting

NOON = datetime(2024, 10, 10, 4, 0, tzinfo=UTC)
"""Noon in Beijing, in the middle of the submission window."""
LETTERS = PrivateKey.generate()
"""Notify's pair of keys: opens what is sealed for letters."""
KEY = SigningKey(kid="t1", key=base64.b64encode(b"k" * 32).decode())

RECEIPT_KEY = SigningKey(kid="receipts-2", key=base64.b64encode(b"r" * 32).decode())
OLD_RECEIPT_KEY = SigningKey(kid="receipts-1", key=base64.b64encode(b"o" * 32).decode())
"""Signed receipts until it was rotated."""


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    """The notice of 2024."""
    return load_campaign(Path("campaigns/2024-teacher-training.yaml"))


@pytest.fixture
def clock() -> FixedClock:
    """Stands at noon."""
    return FixedClock(NOON)


@pytest.fixture
def app(new_database: Callable[[str], Database], clock: FixedClock, campaign: Campaign) -> App:
    """The pieces of an intake that has heard the campaign."""
    database = new_database("intake")
    settings = IntakeSettings(
        mongo_uri=setting("MONGO_URI"),
        mongo_prefix=database.db.name.removesuffix("_intake"),
        kafka_servers="nowhere:1",
        s3_endpoint=setting("S3_ENDPOINT"),
        s3_public_endpoint=setting("S3_PUBLIC_ENDPOINT"),
        s3_access_key=setting("S3_ACCESS_KEY"),
        s3_secret_key=setting("S3_SECRET_KEY"),
        s3_region=setting("S3_REGION"),
        s3_bucket="zhengji-test",
        public_url="http://127.0.0.1",
        secret_key="s" * 32,
        author_public_keys=[PublicKey(kid=KEY.kid, key=KEY.public())],
        author_signing_key=PublicKey(kid=KEY.kid, key=KEY.key),
        receipt_signing_key=PublicKey(kid=RECEIPT_KEY.kid, key=RECEIPT_KEY.key),
        receipt_public_keys=[PublicKey(kid=OLD_RECEIPT_KEY.kid, key=OLD_RECEIPT_KEY.public())],
        person_secret="p" * 32,
        letter_public_key=base64.b64encode(bytes(LETTERS.public_key)).decode(),
        trust_door=True,
    )
    app = wiring.build(settings, clock=clock, database=database)
    wiring.migrate(app)
    publish(app, campaign)
    return app


def publish(app: App, campaign: Campaign) -> None:
    """Let the intake have a campaign without a bus."""
    copy = CampaignCopy(id=campaign.id, revision=campaign.revision, campaign=campaign.model_dump(mode="json"))
    app.campaigns.records.ensure(copy)


@pytest.fixture
def web(app: App) -> Flask:
    """The web role on these pieces."""
    return wiring.create_app(app=app)


class Browser:
    """One person's browser: keeps cookies, and posts forms with the hidden fields of the page they are on."""

    def __init__(self, web: Flask, clock: FixedClock) -> None:
        self._client = web.test_client()
        self._clock = clock
        self.page = ""
        self.status = 0

    def _headers(self, received_at: datetime | None) -> dict[str, str]:
        at = received_at or self._clock()
        return {"X-Received-At": f"{at.timestamp():.3f}"}

    def open(self, path: str, **more: Any) -> TestResponse:
        """GET a page."""
        return self._seen(self._client.get(path, headers=self._headers(None), **more))

    def fill(self, path: str, *, received_at: datetime | None = None, to: str = "", **fields: Any) -> TestResponse:
        """Open the page at ``path``, fill in its form and post it (``to``: the action of the form)."""
        self.open(path)
        return self.post(to or path, received_at=received_at, **fields)

    def post(
        self, path: str, *, received_at: datetime | None = None, environ: dict[str, str] | None = None, **fields: Any
    ) -> TestResponse:
        """Post the form of the page that is open."""
        data, headers = {**self.hidden(), **fields}, self._headers(received_at)
        return self._seen(self._client.post(path, data=data, headers=headers, environ_overrides=environ))

    def api(self, method: str, path: str, body: object = None, received_at: datetime | None = None) -> TestResponse:
        """A script's call, with the token of the open page."""
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.page)
        headers = {**self._headers(received_at), "X-CSRFToken": token[1] if token else ""}
        return self._client.open(path, method=method, json=body, headers=headers)

    def takes_cookie(self, other: Browser, name: str) -> None:
        """Bear the cookie that another browser bears now."""
        cookie = other._client.get_cookie(name)
        assert cookie
        self._client.set_cookie(name, cookie.value)

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's forms, the first of each name."""
        found: dict[str, str] = {}
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

    def _seen(self, response: TestResponse) -> TestResponse:
        self.page = response.get_data(as_text=True) if response.mimetype == "text/html" else ""
        self.status = response.status_code
        return response


@pytest.fixture
def new_browser(web: Flask, clock: FixedClock) -> Callable[[], Browser]:
    """One more person's browser."""
    return lambda: Browser(web, clock)


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    """A browser in which nobody is signed in."""
    return new_browser()


PASSWORD = "teach-2024-well"


def register(browser: Browser, *, mobile: str = "13800001234", name: str = "王小明") -> TestResponse:
    """Make an account, which signs in."""
    return browser.fill(
        "/register",
        name=name,
        mobile=mobile,
        password=PASSWORD,
        password_again=PASSWORD,
        province="320000",
        city="南京市",
        county="鼓楼区",
        unit="南京市第一中学",
        unit_type="school",
        role="teacher",
        email="wang@example.com",
        privacy="y",
    )


@pytest.fixture
def author(browser: Browser) -> Browser:
    """A registered author's browser."""
    assert register(browser).status_code == 303
    return browser


LATER = timedelta(minutes=1)
