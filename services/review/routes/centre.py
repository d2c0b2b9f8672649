"""The centre's desk: where the campaign stands, what waits, the shortlists, and the record of decisions."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from services.review.domain.campaign_file import CampaignFile
from services.review.handlers.record import verify_record
from services.review.queries import centre as queries
from services.review.queries.cases import Filters, case_list
from services.review.queries.words import province_name
from services.review.routes.at_hand import pieces
from services.review.routes.centre_at_hand import campaign, record_words, to_desk
from shared.trouble import NotThere
from shared.web.access import asks

ENTRIES = 200
BY = {"operator": "平台运行人员", "clock": "系统（按时间）"}


@asks("read_centre")
def desk() -> Response:
    """The dashboard; before the campaign is published, the way to publish it."""
    app = pieces()
    try:
        running = campaign()
    except NotThere:
        if app.campaigns.all():
            raise
        return make_response(render_template("centre/before.html", drafts=_drafts()))
    return make_response(
        render_template(
            "centre/desk.html",
            campaign=running,
            desk=queries.dashboard(app, running),
            shortlists={line.province: line for line in queries.shortlists(app, running)},
            eligibility_waiting=case_list(app, running, Filters(stage="recommended"), most=1).total,
            drafts=_drafts(),
        )
    )


def _drafts() -> list[CampaignFile]:
    return [file for file in queries.campaign_files(pieces()) if file.draft]


@asks("read_centre")
def shortlists() -> Response:
    """Every province's shortlist: whom to call."""
    running = campaign()
    lines = queries.shortlists(pieces(), running)
    window = running.windows.recommendation
    return make_response(render_template("centre/shortlists.html", lines=lines, window=window, back=to_desk()))


@asks("read_centre")
def record() -> Response:
    """The end of the record, and on request whether the whole of it holds."""
    app = pieces()
    about = request.args.get("about", "").strip()
    checked = "verify" in request.args
    entries = queries.record_entries(app, about=about, most=ENTRIES)
    return make_response(
        render_template(
            "centre/record.html",
            entries=entries,
            names={id_: _name(id_) for id_ in {entry["by"] for entry in entries}},
            things=_things({entry["about"] for entry in entries}),
            words=record_words,
            about=about,
            checked=checked,
            broken=verify_record(app) if checked else None,
            head=app.record.head(),
            most=ENTRIES,
            back=to_desk(),
        )
    )


def _name(account_id: str) -> str:
    known = pieces().accounts.find(account_id)
    return known.name if known else BY.get(account_id, account_id)


def _things(ids: set[str]) -> dict[str, tuple[str, str]]:
    """What entries are about, in words, and the page of it where there is one."""
    app, query = pieces(), {"_id": {"$in": sorted(ids)}}
    found = {
        row["_id"]: (row["number"], f"/centre/cases/{row['_id']}") for row in app.cases.rows(query, only=("number",))
    }
    for row in app.contacts.rows(query, only=("name",)):
        found[row["_id"]] = (f"联系人{row['name']}", f"/centre/contacts/{row['_id']}")
    for row in app.accounts.rows(query, only=("name",)):
        found[row["_id"]] = (f"账号{row['name']}", "")
    for row in app.shortlists.rows(query, only=("campaign_id", "province")):
        name = province_name(app.campaigns.get(row["campaign_id"]), row["province"])
        found[row["_id"]] = (f"{name}推荐名单", "/centre/shortlists")
    for row in app.rounds.rows(query, only=()):
        found[row["_id"]] = ("专家分配", f"/centre/assignment/{row['_id']}")
    for row in app.permissions.rows(query, only=("whom",)):
        found[row["_id"]] = (f"补报许可（{row['whom']}）", "/centre/late")
    for row in app.campaign_files.rows(query, only=()):
        found[row["_id"]] = ("征集活动", "/centre/campaign")
    return found
