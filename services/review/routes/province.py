"""Pages of a province's desk: where it stands, its cases, one case with its mark, many recommended at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request

from services.review.handlers import shortlists as commands
from services.review.queries.cases import Filters, case_list, case_page, cities, file_address
from services.review.queries.province import desk, is_listed
from services.review.queries.recommending import concerns, listed_now, mark_now, mark_word, neighbours, preview
from services.review.queries.transfers import waiting, why_no_transfer
from services.review.queries.words import MARKS, REPORTS
from services.review.routes.at_hand import account, bell_for, own_province, pieces, to
from services.review.routes.campaign_shown import at, kept, shown_campaign
from services.review.routes.province_forms import MarkForm, RecommendForm
from shared.trouble import Refused
from shared.web.access import asks, who
from shared.web.app import received_at
from shared.web.forms import answer_form

FILTERED = ("category", "city", "mark", "report", "q")


def frame(campaign_id: str = "") -> dict[str, Any]:
    """What every page of the desk shows: the desk itself and the bell; of this campaign, or of the one asked for."""
    app = pieces()
    campaign = shown_campaign(campaign_id)
    return {
        "campaign": campaign,
        "desk": desk(app, campaign, own_province(), now=app.clock()),
        "bell": bell_for(campaign.windows.recommendation, "推荐截止"),
        "may_recommend": "province" in who().roles,
    }


@asks("read_province_cases")
def overview() -> Response:
    """Where the province stands."""
    shown = frame()
    offered = waiting(pieces(), shown["campaign"], own_province())
    return make_response(render_template("province/overview.html", **shown, offered=offered))


@asks("read_province_cases")
def cases() -> Response:
    """The province's cases, filtered and sorted by the address."""
    app, province = pieces(), own_province()
    shown = frame()
    query = {name: request.args.get(name, "").strip() for name in FILTERED}
    sort = request.args.get("sort", "number")
    page = request.args.get("page", 1, type=int)
    found = case_list(app, shown["campaign"], Filters(province=province, sort=sort, page=page, **query))
    listed = listed_now(app, shown["campaign"], province)
    return make_response(
        render_template(
            "province/cases.html",
            **shown,
            found=found,
            marks={line.id: mark_now(line.id, line.mark, listed) for line in found.lines},
            mark_words=MARKS,
            asked=any(query.values()),
            query={**kept(), **{name: value for name, value in query.items() if value}},
            sort=sort,
            filters=_filters(shown, query, cities(app, shown["campaign"], province)),
            back=("返回本省概况", at("/province")),
        )
    )


def _filters(shown: Mapping[str, Any], query: Mapping[str, str], towns: list[str]) -> list[dict[str, Any]]:
    def choice(name: str, label: str, options: list[tuple[str, str]]) -> dict[str, Any]:
        return {"name": name, "label": label, "value": query[name], "options": options}

    categories = [(one.code, one.short_name) for one in shown["campaign"].categories]
    return [
        choice("category", "案例类型", categories),
        choice("city", "市", [(town, town) for town in towns]),
        choice("mark", "初筛意见", list(MARKS.items())),
        choice("report", "检查结果", [(code, word) for code, word in REPORTS.items() if code]),
        {"name": "q", "label": "名称、编号、单位或作者", "value": query["q"]},
    ]


@asks("read_province_cases")
def case(case_id: str) -> Response:
    """Everything of one case, for reading."""
    return make_response(render_template("province/case.html", **_about(case_id), form=_mark_form(case_id)))


@asks("recommend_cases")
def mark(case_id: str) -> Response:
    """Recommend a case, or not."""
    app, province = pieces(), own_province()
    shown, form = _about(case_id), _mark_form(case_id)

    def act() -> Response:
        given: dict[str, Any] = {
            "province": province,
            "by": who().id,
            "received": received_at(),
            "command": form.command,
        }
        reason = form.reason.data or ""
        if form.mark.data == "recommended":
            left = commands.recommend_cases(app, case_ids=[case_id], reason=reason, **given)
        elif form.mark.data == "declined":
            left = commands.decline_case(app, case_id=case_id, reason=reason, **given)
        else:
            left = commands.unlist_case(app, case_id=case_id, **given)
        flash(f"已保存：{mark_word(form.mark.data)}。推荐名单现有{left}件，共{shown['desk'].places}个名额。", "done")
        return to(f"/province/cases/{case_id}")

    return answer_form(form, "province/case.html", act, **shown)


def _mark_form(case_id: str) -> MarkForm:
    app, province = pieces(), own_province()
    page = case_page(app, case_id, province=province)
    listed = is_listed(app, app.campaigns.get(page.case.campaign_id), province, case_id)
    now = mark_now(case_id, page.case.mark.value, {case_id} if listed else set())
    return MarkForm(data={"mark": now if now != "none" else None, "reason": page.case.mark_reason})


def _about(case_id: str) -> dict[str, Any]:
    app, province = pieces(), own_province()
    page = case_page(app, case_id, province=province)
    before, after = neighbours(app, page.case)
    listed = is_listed(app, app.campaigns.get(page.case.campaign_id), province, case_id)
    mark_code = mark_now(case_id, page.case.mark.value, {case_id} if listed else set())
    return {
        **frame(page.case.campaign_id),
        "page": page,
        "concerns": concerns(page.case, account()),
        "mark_code": mark_code,
        "mark_word": mark_word(mark_code),
        "may_transfer": not why_no_transfer(app.campaigns.get(page.case.campaign_id), app.clock()),
        "before": before,
        "after": after,
        "back": ("返回本省案例", at("/province/cases")),
    }


@asks("read_province_cases")
def open_file(case_id: str, file_id: str) -> Response:
    """Send the clerk to an address at which the file can be read for some minutes."""
    return make_response(redirect(file_address(pieces(), case_id, file_id, province=own_province())))


@asks("recommend_cases")
def recommend() -> Response:
    """Recommend many cases at once, after a look at what that does."""
    app, province = pieces(), own_province()
    chosen = request.values.getlist("case")
    if not chosen and request.method == "GET":
        flash("请先勾选要推荐的案例。")
        return to(at("/province/cases"))
    shown, form = frame(), RecommendForm()
    planned = preview(app, shown["campaign"], account(), chosen)

    def act() -> Response:
        if not chosen:
            raise Refused("nothing-chosen", "请先勾选要推荐的案例。")
        listed = commands.recommend_cases(
            app,
            province=province,
            case_ids=list(dict.fromkeys(chosen)),
            reason=form.reason.data or "",
            by=who().id,
            received=received_at(),
            command=form.command,
        )
        flash(f"已推荐{len(planned.fit)}件。推荐名单现有{listed}件，共{shown['desk'].places}个名额。", "done")
        return to(at("/province/shortlist"))

    left = shown["desk"].places - shown["desk"].used
    back = ("返回本省案例", at("/province/cases"))
    return answer_form(form, "province/recommend.html", act, **shown, planned=planned, left_places=left, back=back)
