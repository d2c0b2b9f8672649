"""What anybody may read: the published list, one published case, the showcase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from services.review.queries import public as queries
from services.review.queries.words import OUTCOMES
from services.review.routes.at_hand import pieces
from services.review.routes.centre_at_hand import asked_page, category_filter, province_filter
from shared.campaign.model import Campaign
from shared.trouble import NotThere
from shared.web.access import public

PAGE = 50
SHOWN_OUTCOMES = ("exemplary", "showcase")


@public
def results() -> Response:
    """The published list by province and category."""
    return _list("public/results.html", queries.results)


@public
def showcase() -> Response:
    """The same cases to browse."""
    return _list("public/showcase.html", queries.showcase)


def _list(template: str, lines: Callable[..., queries.Results]) -> Response:
    app, asked = pieces(), request.args
    published = queries.published_campaigns(app)
    if not published:
        return _nothing_yet()
    shown = _asked_campaign(published)
    query = {name: asked.get(name, "").strip() for name in ("province", "category", "outcome", "q")}
    found = lines(app, shown, **query)
    keep = {"campaign": shown.id} if shown.id != published[0].campaign.id else {}
    pages = max(1, -(-len(found.lines) // PAGE))
    page = min(asked_page(), pages)
    return make_response(
        render_template(
            template,
            campaign=shown,
            published=published if len(published) > 1 else [],
            found=found,
            lines=found.lines[(page - 1) * PAGE : page * PAGE],
            page=page,
            pages=pages,
            filters=_filters(shown, query),
            keep=keep,
            query={**keep, **{name: value for name, value in query.items() if value}},
        )
    )


def _nothing_yet() -> Response:
    """Before the first list: when the running campaign's is to come."""
    try:
        window = pieces().campaigns.current().windows.publication
    except NotThere:
        return make_response(render_template("public/none.html"))
    return make_response(render_template("public/none.html", opens=window.opens if window.announced else None))


def _asked_campaign(published: Sequence[queries.PublishedCampaign]) -> Campaign:
    """The campaign that the address asks for; the one published last where it asks for none."""
    asked = request.args.get("campaign", "")
    if not asked:
        return published[0].campaign
    for each in published:
        if each.campaign.id == asked:
            return each.campaign
    raise NotThere("没有找到这次活动的名单，请返回公布名单重新选择。")


def _filters(running: Campaign, query: dict[str, str]) -> list[dict[str, object]]:
    outcomes = [(code, OUTCOMES[code]) for code in SHOWN_OUTCOMES]
    return [
        province_filter(running, query["province"]),
        category_filter(running, query["category"]),
        {"name": "outcome", "label": "结果", "value": query["outcome"], "options": outcomes},
        {"name": "q", "label": "案例名称、作者、单位或编号", "value": query["q"]},
    ]


@public
def result(case_id: str) -> Response:
    """One published case."""
    page = queries.result_page(pieces(), case_id)
    back = ("返回名单", f"/results?{urlencode({'campaign': page.campaign_id})}")
    return make_response(render_template("public/result.html", page=page, back=back))
