"""zhengji campaign: check a campaign file, and load it as a draft that the centre publishes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn, get_args

import typer
from pydantic import ValidationError

from shared.campaign.loading import CampaignErrors, load_campaign
from shared.campaign.model import Campaign
from shared.campaign.pacing import paced
from shared.campaign.parts import WindowName
from shared.clock import SHANGHAI, system_clock
from zhengji.options import VAR, Var
from zhengji.saying import complain, plain
from zhengji.surroundings import settings_of

app = typer.Typer(no_args_is_help=True, help="Campaign files.")


class From(StrEnum):
    """Where the windows begin."""

    FILE = "file"
    NOW = "now"


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The campaign file (YAML).")]) -> None:
    """Say everything that is wrong with a campaign file, each with its line."""
    campaign = _read(file)
    plain(f"{file}：有效。{campaign.id}，{len(campaign.categories)} 类案例，{len(campaign.provinces)} 个省级单位。")


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="The campaign file (YAML).")],
    windows_from: Annotated[
        From, typer.Option(help="file: windows as written; now: one after another from now on.")
    ] = From.FILE,
    pace: Annotated[float, typer.Option(min=1, help="Seconds of each window with --windows-from now.")] = 60,
    id: Annotated[str, typer.Option("--id", help="Another id than the file's, for a rehearsal beside it.")] = "",
    var: Var = VAR,
) -> None:
    """Put a campaign file before the centre as a draft; the centre publishes it on its pages."""
    campaign = _read(file)
    if id:
        campaign = renamed(campaign, id)
    if windows_from is From.NOW:
        campaign = paced(campaign, system_clock(), pace)
    replaced = keep_draft(campaign, var=var)
    for name in get_args(WindowName):
        window = getattr(campaign.windows, name)
        opens, closes = (at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") for at in (window.opens, window.closes))
        plain(f"{name:14} {opens} – {closes}")
    plain(f"{campaign.id}：已存为草稿{'，替换了原来的草稿' if replaced else ''}，等待中心在“活动”页面发布。")


def renamed(campaign: Campaign, id: str) -> Campaign:
    """The same campaign under another id; the model judges the id."""
    try:
        return Campaign.model_validate({**campaign.model_dump(), "id": id})
    except ValidationError as error:
        raise typer.BadParameter(
            f"{id!r} is no campaign id: a year and words, as 2024-demo-1", param_hint="--id"
        ) from error


def keep_draft(campaign: Campaign, *, var: Path) -> bool:
    """Hand a campaign to review as a draft; gives whether it took the place of an unpublished one."""
    from services.review import wiring
    from services.review.handlers.campaign import load_campaign_draft
    from services.review.settings import ReviewSettings

    app = wiring.build(settings_of(ReviewSettings, var=var, service="review"))
    before = app.campaign_files.find(campaign.id)
    load_campaign_draft(app, campaign)
    return before is not None and bool(before.draft)


def _read(file: Path) -> Campaign:
    try:
        return load_campaign(file)
    except CampaignErrors as errors:
        for line in errors.lines():
            complain(line)
        raise typer.Exit(1) from errors
    except OSError as error:
        _unreadable(file, error)


def _unreadable(file: Path, error: OSError) -> NoReturn:
    complain(f"{file}: {error.strerror}")
    raise typer.Exit(1) from error
