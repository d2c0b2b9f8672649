"""What anybody may read: the published list, one published case, the showcase."""

from __future__ import annotations

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
    return _list("public/results.html")


@public
def showcase() -> Response:
    """The same cases to browse."""
    return _list("public/showcase.html")


def _list(template: str) -> Response:
    app, asked = pieces(), request.args
    try:
        running = app.campaigns.current()
    except NotThere:
        return make_response(render_template("public/none.html"))
    query = {name: asked.get(name, "").strip() for name in ("province", "category", "outcome", "q")}
    found = queries.results(app, running, **query)
    if found.published_at is None:
        window = running.windows.publication
        return make_response(render_template("public/none.html", opens=window.opens if window.announced else None))
    pages = max(1, -(-len(found.lines) // PAGE))
    page = min(asked_page(), pages)
    return make_response(
        render_template(
            template,
            campaign=running,
            found=found,
            lines=found.lines[(page - 1) * PAGE : page * PAGE],
            page=page,
            pages=pages,
            filters=_filters(running, query),
            query={name: value for name, value in query.items() if value},
        )
    )


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
    return make_response(render_template("public/result.html", page=page, back=("返回名单", "/results")))
