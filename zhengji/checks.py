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
    failed = False
    with Sandbox() as sandbox:
        for file in files:
            if not file.is_file():
                complain(f"{file}：{'是文件夹，请写明其中的文件' if file.is_dir() else '没有这个文件'}")
                failed = True
                continue
            verdict = check_file(file, as_=as_.value, name=file.name, campaign=rules, sandbox=sandbox)
            failed = failed or verdict.outcome.value == "failed"
            plain(_as_json(file, verdict) if as_json else _as_text(file, verdict))
    raise typer.Exit(1 if failed else 0)


def _as_json(file: Path, verdict: FileVerdict) -> str:
    return json.dumps({"file": str(file), **asdict(verdict)}, ensure_ascii=False)


_OUTCOMES = {"passed": "通过", "remarks": "有提示", "failed": "未通过"}
_SEVERITIES = {"blocked": "阻止报送", "failed": "未通过", "remark": "提示", "info": "说明"}


def _words(verdict: FileVerdict) -> str:
    low, high = verdict.words_low, verdict.words_high
    if low is None:
        return ""
    return f"，{low} 字" if high in (None, low) else f"，{low}–{high} 字"


def _as_text(file: Path, verdict: FileVerdict) -> str:
    lines = [f"{file}：{_OUTCOMES[verdict.outcome.value]}（{verdict.kind}{_words(verdict)}）"]
    lines += [
        f"  {_SEVERITIES[finding.severity.value]} {finding.code.value} {finding.place} {finding.message}"
        for finding in verdict.findings
    ]
    return "\n".join(lines)
