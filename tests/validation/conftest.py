"""What tests of validation share: the campaign of the notice, and one warm sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.validation.adapters.sandbox import Sandbox
from services.validation.checking import check_file
from services.validation.domain.verdict import FileVerdict, Role
from shared.campaign.loading import load_campaign
from shared.campaign.model import Campaign

ROOT = Path(__file__).resolve().parents[2]
Check = Callable[..., FileVerdict]


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
