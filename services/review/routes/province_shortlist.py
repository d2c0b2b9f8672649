"""Pages of a province's shortlist: its order, its confirmation, the summary to print, the spreadsheet."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, render_template

from services.review.handlers import shortlists as commands
from services.review.queries.province import shortlist_page
from services.review.queries.recommending import file_name, recommended, shortlist_workbook
from services.review.routes.at_hand import own_province, pieces, to
from services.review.routes.campaign_shown import at, shown_campaign
from services.review.routes.province import frame
from services.review.routes.province_forms import ConfirmForm, MoveForm, NoneForm
from shared.clock import SHANGHAI
from shared.trouble import Refused
from shared.web.access import asks, who
from shared.web.app import received_at
from shared.web.download import attachment
from shared.web.forms import answer_form

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _lines() -> list[str]:
    app = pieces()
    page = shortlist_page(app, shown_campaign(), own_province(), now=app.clock())
    return [line.id for line in page.lines]


@asks("read_province_cases")
def shortlist() -> Response:
    """The shortlist in its order."""
    return make_response(render_template("province/shortlist.html", **_shown(), form=MoveForm()))


def _shown() -> dict[str, Any]:
    app = pieces()
    page = shortlist_page(app, shown_campaign(), own_province(), now=app.clock())
    return {**frame(), "page": page, "back": ("返回本省概况", at("/province"))}


@asks("recommend_cases")
def move() -> Response:
    """Put one case in another place."""
    form = MoveForm()

    def act() -> Response:
        ids = _lines()
        place_now, place = _places(form, ids)
        ids.insert(place, ids.pop(place_now))
        commands.reorder_shortlist(
            pieces(),
            province=own_province(),
            case_ids=ids,
            received=received_at(),
            campaign_id=shown_campaign().id,
            command=form.command,
        )
        flash(f"已移到第{place + 1}位。", "done")
        return to(at("/province/shortlist"))

    return answer_form(form, "province/shortlist.html", act, beside=_shown)


def _places(form: MoveForm, ids: list[str]) -> tuple[int, int]:
    """From which place to which, counted from 0."""
    case_id, _, way = (form.move.data or "").rpartition(":")
    if case_id:
        if case_id not in ids:
            raise Refused("order-differs", "推荐名单刚刚有变化，请核对后重新排序。", status=409)
        at = ids.index(case_id)
        return at, max(0, at - 1) if way == "up" else min(len(ids) - 1, at + 1)
    for field in (form.place, form.to):
        if field.data is None or not 1 <= field.data <= len(ids):
            raise Refused("no-such-place", f"{field.label.text}应在1至{len(ids)}之间。", field=field.name)
    return form.place.data - 1, form.to.data - 1


@asks("submit_shortlist")
def confirm() -> Response:
    """Send the shortlist as it stands."""
    form = ConfirmForm()

    def act() -> Response:
        count = commands.confirm_shortlist(
            pieces(),
            province=own_province(),
            by=who().id,
            received=received_at(),
            campaign_id=shown_campaign().id,
            command=form.command,
        )
        flash(f"推荐名单已提交，共{count}件。截止前仍可修改，修改后须重新提交。", "done")
        return to(at("/province/shortlist"))

    def shown() -> dict[str, Any]:
        return {**_shown(), "back": ("返回推荐名单", at("/province/shortlist"))}

    return answer_form(form, "province/confirm.html", act, beside=shown)


@asks("submit_shortlist")
def declare_none() -> Response:
    """Say that the province recommends nothing."""
    form = NoneForm()

    def act() -> Response:
        commands.declare_none(
            pieces(),
            province=own_province(),
            by=who().id,
            received=received_at(),
            campaign_id=shown_campaign().id,
            command=form.command,
        )
        flash("已提交：本省本次不推荐案例。截止前仍可改为推荐案例。", "done")
        return to(at("/province"))

    return answer_form(form, "province/none.html", act, **{**frame(), "back": ("返回本省概况", at("/province"))})


@asks("read_province_cases")
def summary() -> Response:
    """The shortlist to print, stamp and keep."""
    app, province = pieces(), own_province()
    shown = frame()
    lines = recommended(app, shown["campaign"], province)
    back = ("返回推荐名单", at("/province/shortlist"))
    return make_response(render_template("province/summary.html", **shown, lines=lines, back=back))


@asks("read_province_cases")
def workbook() -> Response:
    """The shortlist as a spreadsheet."""
    app, province = pieces(), own_province()
    campaign = shown_campaign()
    name = file_name(campaign, province, app.clock().astimezone(SHANGHAI))
    return attachment(shortlist_workbook(app, campaign, province), name=name, media_type=SPREADSHEET)
