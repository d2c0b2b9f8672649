"""What tests of validation share: the campaign of the notice, and one warm sandbox."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.validation import wiring
from services.validation.adapters.sandbox import Sandbox
from services.validation.checking import check_file
from services.validation.domain.verdict import FileVerdict, Role
from services.validation.settings import ValidationSettings
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign
from shared.clock import FixedClock
from shared.identity import SigningKey
from shared.messaging.memory import MemoryBus
from shared.records import Database
from shared.settings import PublicKey
from tests.conftest import setting
from tests.validation.world import NOON, World, a_checker

ROOT = Path(__file__).resolve().parents[2]
Check = Callable[..., FileVerdict]
KINDS = ("author", "staff")


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    return load_campaign(ROOT / "campaigns" / "2024-teacher-training.yaml")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def check(campaign: Campaign, sandbox: Sandbox, tmp_path: Path) -> Check:
    """Check bytes under a name, as the service would."""

    def check(content: bytes, name: str = "案例.docx", *, as_: Role = "document") -> FileVerdict:
        path = tmp_path / "file"
        path.write_bytes(content)
        return check_file(path, as_=as_, name=name, campaign=campaign, sandbox=sandbox)

    return check


@pytest.fixture
def world(new_database: Callable[[str], Database], campaign: Campaign, sandbox: Sandbox) -> Iterator[World]:
    keys = {kind: SigningKey(kid=kind, key=base64.b64encode(kind.encode().ljust(32, b".")).decode()) for kind in KINDS}
    settings = ValidationSettings(
        mongo_uri=setting("MONGO_URI"),
        kafka_servers="unused:9092",
        s3_endpoint=setting("S3_ENDPOINT"),
        s3_public_endpoint=setting("S3_PUBLIC_ENDPOINT"),
        s3_access_key=setting("S3_ACCESS_KEY"),
        s3_secret_key=setting("S3_SECRET_KEY"),
        s3_bucket=f"validation-test-{uuid.uuid4().hex[:8]}",
        public_url="http://127.0.0.1:8080",
        secret_key="a secret for tests",
        author_public_keys=[PublicKey(kid="author", key=keys["author"].public())],
        staff_public_keys=[PublicKey(kid="staff", key=keys["staff"].public())],
        trust_door=False,
    )
    clock = FixedClock(NOON)
    app = wiring.build(settings, database=new_database("validation"), clock=clock)
    app.objects.ensure_bucket()
    wiring.migrate(app)
    bus = MemoryBus()
    loops = wiring.loops(app, bus)
    yield World(
        app=app,
        web=wiring.create_app(app=app),
        bus=bus,
        clock=clock,
        campaign=campaign,
        keys=keys,
        loops=loops,
        checker=a_checker(app, sandbox),
        listener=bus.listener("test", ["validation.internal"]),
    )
    for loop in loops:
        if loop.close:
            loop.close()
    for found in list(app.objects._inside.list_objects(settings.s3_bucket, recursive=True)):
        app.objects.remove(str(found.object_name))
    app.objects._inside.remove_bucket(settings.s3_bucket)
