"""Fills the sheet from an uploaded 附表1: choose the file, compare what was read with what is there, keep a draft.

Nothing is stored between the two pages: what was read stands in the fields of the second one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request

from services.intake.adapters.read_sheet import MOST_BYTES, rows_of_file
from services.intake.app import App
from services.intake.domain.case import Case
from services.intake.domain.paper_sheet import PaperSheet, read_sheet
from services.intake.domain.sheet import SavedMeanwhile
from services.intake.handlers.cases import SavePart, save_part
from services.intake.queries import page_of
from services.intake.routes.at_hand import closed_page, opened, submission_bell
from services.intake.routes.forms.sheet_fill import Comparison, FillForm, SheetFileForm
from shared.campaign.model import Campaign
from shared.trouble import Refused
from shared.web.access import asks, who
from shared.web.app import received_at
from shared.web.forms import answer_form
from shared.web.watching import count_refusal

TITLE = "用填好的附表1填写"
_MEANWHILE = (
    "这个案例刚刚在另一个窗口保存过。下面已与新保存的内容重新比较，请核对后再次确认。文件中读到的内容和您的改动都还在。"
)


@asks("own_cases")
def fill(case_id: str) -> Response:
    """Choose a filled-in 附表1; once it is read, the page that compares comes as the answer."""
    app, case, campaign = opened(case_id)
    if (closed := _closed(app, case)) is not None:
        return closed
    form = SheetFileForm()

    def act() -> Response:
        paper = _read(campaign)
        form = FillForm(formdata=None)
        form.offer(campaign)
        form.show(paper, case.about, case.authors)
        return _compare(form, app, case, campaign)

    return answer_form(form, "sheet_file.html", act, title=TITLE, beside=partial(_around, app, case, campaign))


def _read(campaign: Campaign) -> PaperSheet:
    content = request.files["file"].stream.read(MOST_BYTES + 1)
    paper = read_sheet(rows_of_file(content), campaign)
    if not paper.recognised:
        raise Refused(
            "sheet-unrecognised",
            "没有在文件中认出附表1的栏目（案例名称、作者信息、案例类型、案例概述）。请核对是否选错了文件，或直接在页面上填写。",
            field="file",
        )
    return paper


@asks("own_cases")
def take(case_id: str) -> Response:
    """Keep what was decided as the draft."""
    app, case, campaign = opened(case_id)
    if (closed := _closed(app, case)) is not None:
        return closed
    if request.method == "GET":  # the page that compares is an answer, it has no address of its own
        return make_response(redirect(f"/cases/{case_id}/sheet/fill", 303))
    form = FillForm()
    form.offer(campaign)
    if not form.validate():
        return _compare(form, app, case, campaign, status=422)
    if not form.is_of(case.about, case.authors):
        return _again(form, app, case, campaign)
    compared = Comparison(form, case.about, case.authors, campaign)
    if not compared.check():
        return _compare(form, app, case, campaign, compared=compared, status=422)
    try:
        for part in (compared.about(), compared.authors()):
            save_part(app, SavePart(case_id=case.id, account_id=who().id, part=part, received_at=received_at()))
    except SavedMeanwhile:
        return _again(form, app, app.own_case(case_id, who().id), campaign)
    except Refused as refused:
        if refused.status in {403, 404}:
            raise
        count_refusal(refused)
        form.refuse(refused)
        return _compare(form, app, case, campaign, status=refused.status)
    flash("已填入附表1的内容，草稿已保存。请逐页核对，尚未报送。", "done")
    return make_response(redirect(f"/cases/{case_id}/sheet", 303))


def _again(form: FillForm, app: App, case: Case, campaign: Campaign) -> Response:
    """The same beside what another window saved meanwhile; choices that were made are asked anew."""
    paper = form.paper()
    form = FillForm(formdata=None)
    form.offer(campaign)
    form.show(paper, case.about, case.authors)
    form.form_errors = [_MEANWHILE]
    return _compare(form, app, case, campaign, status=409)


def _compare(
    form: FillForm,
    app: App,
    case: Case,
    campaign: Campaign,
    *,
    compared: Comparison | None = None,
    status: int = 200,
) -> Response:
    compared = compared or Comparison(form, case.about, case.authors, campaign)
    values = _around(app, case, campaign)
    page = render_template("sheet_compare.html", form=form, compared=compared, title=TITLE, **values)
    return make_response(page, status)


def _closed(app: App, case: Case) -> Response | None:
    page = page_of(app, case)
    if page.can_edit:
        return None
    return closed_page(
        TITLE, page.no_edit, above=f"{page.title} · {page.state}", onward=[("返回案例", f"/cases/{case.id}")]
    )


def _around(app: App, case: Case, campaign: Campaign) -> dict[str, Any]:
    page = page_of(app, case)
    return {
        "page": page,
        "campaign": campaign,
        "most": MOST_BYTES,
        "bell": submission_bell(campaign, saved_at=case.saved_at, late_until=page.late_until),
        "back": ("返回案例信息表", f"/cases/{case.id}/sheet"),
    }
