"""The report on a case, as a page and for programs."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template

from services.validation import queries
from services.validation.app import App
from shared.web.access import asks, who, whose

pages = Blueprint("reports", __name__)


@pages.get("/reports/<case_id>")
@asks("read_report")
def newest(case_id: str) -> Response:
    return _page(case_id, None)


@pages.get("/reports/<case_id>/<int:version>")
@asks("read_report")
def of_version(case_id: str, version: int) -> Response:
    return _page(case_id, version)


@pages.get("/api/validation/reports/<case_id>")
@asks("read_report")
def for_programs(case_id: str) -> Response:
    """What a waiting page asks every few seconds, and what a play counts."""
    page = queries.report_page(_app(), case_id, person=who(), whose=whose(), version=None)
    return jsonify(
        case_id=page.case_id,
        version=page.version,
        ready=page.ready,
        state=page.state,
        ahead=page.ahead,
        findings=[{"code": line.code, "message": line.message, "place": line.place} for line in page.sheet],
        files=[
            {
                "file_id": card.file_id,
                "state": card.state,
                "ahead": card.ahead,
                "words_low": card.words_low,
                "words_high": card.words_high,
                "findings": [
                    {"code": line.code, "message": line.message, "place": line.place} for line in card.findings
                ],
            }
            for card in page.files
        ],
    )


def _page(case_id: str, version: int | None) -> Response:
    page = queries.report_page(_app(), case_id, person=who(), whose=whose(), version=version)
    back = ("返回我的案例", f"/cases/{case_id}") if page.own else None
    return make_response(render_template("report.html", page=page, back=back))


def _app() -> App:
    found: App = current_app.extensions["validation"]
    return found
