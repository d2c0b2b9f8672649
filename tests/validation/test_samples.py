# ruff: noqa: E501 - tables read better with one case a line
"""Real files that programs in the wild wrote, against the verdict a careful reader expects."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from services.validation.adapters.sandbox import Sandbox
from services.validation.checking import check_file
from services.validation.domain.findings import Outcome
from shared.campaign.model import Campaign

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(os.environ.get("SAMPLES", ROOT.parent / "shared" / "samples"))
WORD_ENDINGS = (".doc", ".docx", ".docm", ".wps")
# The codes one of which a refused file must carry, and whether it may be accepted instead.
REFUSED: dict[str, set[str]] = {
    "archive": {"TYPE_NOT_ALLOWED"},
    "bomb_ooxml": {"BOMB"},
    "doc_old": {"UNSUPPORTED_OLD"},
    "docx_corrupt": {"CORRUPT"},
    "external_ref": {"EXTERNAL_REFERENCE"},
    "image_bomb": {"BOMB", "PIXEL_LIMIT"},
    "image_fuzz": {"CORRUPT", "TYPE_NOT_ALLOWED"},
    "image_truncated": {"CORRUPT"},
    "macro": {"MACRO"},
    "mislabeled": {"TYPE_MISMATCH", "TYPE_NOT_ALLOWED"},
    "mp4_encrypted": {"ENCRYPTED", "CORRUPT"},
    "mp4_no_video": {"NO_VIDEO_TRACK"},
    "office_encrypted": {"ENCRYPTED"},
    "ole_object": {"EMBEDDED_OBJECT", "EMBEDDED_PROGRAM"},
    "pdf_attachment": {"EMBEDDED_OBJECT"},
    "pdf_encrypted": {"ENCRYPTED"},
    "pdf_js": {"ACTIVE_CONTENT"},
    "video_other": {"TYPE_NOT_ALLOWED"},
    "wps_msworks": {"TYPE_NOT_ALLOWED"},
    "xxe": {"ENTITY"},
}
ACCEPTED = {
    "doc_ok", "docx_edit_protected", "docx_ok", "external_ref_soft", "image_exif_gps", "image_recoverable", "mp4_ok", "pdf_ok",
    "pdf_owner_only", "ppt_ok", "pptx_ok",
}  # fmt: skip


def _samples() -> list[dict[str, Any]]:
    listing = SAMPLES / "documents.json"
    if not listing.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the samples are not at {SAMPLES}", pytrace=False)
        return []
    entries: list[dict[str, Any]] = json.loads(listing.read_text(encoding="utf-8"))
    return entries


@pytest.mark.skipif(not (SAMPLES / "documents.json").is_file(), reason="the samples are not beside this project")
@pytest.mark.parametrize("sample", _samples(), ids=lambda sample: sample["file"])
def test_samples(sample: dict[str, Any], campaign: Campaign, sandbox: Sandbox) -> None:
    path = SAMPLES / "documents" / sample["file"]
    role = "document" if path.suffix.lower() in WORD_ENDINGS else "material"
    verdict = check_file(path, as_=role, name=path.name, campaign=campaign, sandbox=sandbox)  # type: ignore[arg-type]
    codes = {str(finding.code) for finding in verdict.findings}
    assert "UNREADABLE" not in codes
    assert verdict.seconds < 10
    class_ = sample["true_class"]
    if class_ in ACCEPTED:
        assert verdict.outcome in (Outcome.PASSED, Outcome.REMARKS), codes
    elif class_ in REFUSED:
        assert verdict.outcome == Outcome.FAILED
        assert codes & REFUSED[class_]
    else:  # either is right, as long as it says so
        assert verdict.outcome != Outcome.FAILED or codes & {
            "CORRUPT",
            "ENCRYPTED",
            "TYPE_NOT_ALLOWED",
            "ACTIVE_CONTENT",
            "BOMB",
            "NO_TEXT",
        }
