"""zhengji check: what validation would say of a file, without any server."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.campaign.loading import CampaignErrors, load_campaign
from zhengji.saying import complain, plain

if TYPE_CHECKING:
    from services.validation.domain.verdict import FileVerdict

_CAMPAIGN = Path("campaigns/2024-teacher-training.yaml")


class Role(StrEnum):
    """What the file is to be."""

    DOCUMENT = "document"
    MATERIAL = "material"
    SHEET = "sheet"


def check(
    files: Annotated[list[Path], typer.Argument(help="Files to look at.")],
    as_: Annotated[Role, typer.Option("--as", help="What the files are to be.")] = Role.DOCUMENT,
    campaign: Annotated[Path, typer.Option(help="The campaign whose limits hold.")] = _CAMPAIGN,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Check files as the platform does; exits with 1 when one of them fails."""
    from services.validation.adapters.sandbox import Sandbox
    from services.validation.checking import check_file

    try:
        rules = load_campaign(campaign)
    except (CampaignErrors, OSError) as error:
        complain(str(error))
        raise typer.Exit(2) from error
    sandbox, failed = Sandbox(), False
    for file in files:
        if not file.is_file():
            complain(f"{file}: no such file")
            failed = True
            continue
        verdict = check_file(file, as_=as_.value, name=file.name, campaign=rules, sandbox=sandbox)
        failed = failed or verdict.outcome.value == "failed"
        plain(_as_json(file, verdict) if as_json else _as_text(file, verdict))
    raise typer.Exit(1 if failed else 0)


def _as_json(file: Path, verdict: FileVerdict) -> str:
    return json.dumps({"file": str(file), **asdict(verdict)}, ensure_ascii=False)


def _as_text(file: Path, verdict: FileVerdict) -> str:
    words = "" if verdict.words_low is None else f"，{verdict.words_low}–{verdict.words_high} 字"
    lines = [f"{file}：{verdict.outcome.value}（{verdict.kind}{words}）"]
    lines += [
        f"  {finding.severity.value:8} {finding.code.value} {finding.place} {finding.message}"
        for finding in verdict.findings
    ]
    return "\n".join(lines)
