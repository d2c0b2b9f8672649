"""The one entrance to the checker, for the service and for `zhengji check` alike."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

from services.validation.adapters.sandbox import Sandbox
from services.validation.domain.headings import SoughtPart
from services.validation.domain.verdict import FileVerdict, Reading, Role, decide
from shared.campaign.model import Campaign

CHECKER_VERSION = "1"
"""Raised whenever a reader or a rule changes, so that kept readings are made anew."""


def check_file(path: Path, *, as_: Role, name: str, campaign: Campaign, sandbox: Sandbox) -> FileVerdict:
    """Read a file in the sandbox and decide about it. `name` is the name its author gave it."""
    return decide(read(path, name=name, campaign=campaign, sandbox=sandbox), role=as_, name=name, campaign=campaign)


def read(path: Path, *, name: str, campaign: Campaign, sandbox: Sandbox) -> Reading:
    """Only what the file shows, which can be kept and weighed again when the campaign changes."""
    sought = [SoughtPart.named(part.code, part.names) for part in campaign.parts]
    return sandbox.read(path, name=name, sought=sought)


def reading_key(sha256: str, *, name: str, campaign: Campaign) -> str:
    """Under which a reading is kept: the bytes, the name's ending, the parts sought and the checker's version."""
    ending = name.rsplit(".", 1)[-1].casefold()
    sought = sha1("/".join(title for part in campaign.parts for title in part.names).encode(), usedforsecurity=False)
    return f"{sha256}:{ending}:{sought.hexdigest()[:12]}:{CHECKER_VERSION}"
