"""The centre's experts: the list, and the spreadsheet that is looked at before anybody is invited."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from flask import Response, make_response, render_template
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.datastructures import FileStorage
from wtforms import Field, FileField, Form, HiddenField
from wtforms.validators import StopValidation

from services.review.adapters.spreadsheets import write_table
from services.review.domain.expert_rows import COLUMNS, ExpertRow, RowFault
from services.review.handlers import experts as commands
from services.review.queries import centre as queries
from services.review.queries.words import category_name, province_name
from services.review.routes.at_hand import pieces, to
from services.review.routes.centre_at_hand import campaign, job_notice, me, to_desk
from shared.campaign.model import Campaign
from shared.trouble import Refused
from shared.web.access import asks
from shared.web.download import attachment
from shared.web.forms import ChineseForm, answer_form

BACK = ("返回专家", "/centre/experts")
AGAIN = ("重新选择文件", "/centre/experts/import")
EXAMPLE = ("张明", "13800001234", "zhangming@example.com", "湖北省", "华中师范大学", "校本研修应用案例", "武汉一中")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class FileChosen:
    """A file came along."""

    def __call__(self, _form: Form, field: Field) -> None:
        if not isinstance(field.data, FileStorage) or not field.data.filename:
            raise StopValidation("请选择专家表（.xlsx）。")


class ImportForm(ChineseForm):
    """Brings the spreadsheet."""

    file = FileField("专家表", validators=[FileChosen()])


class ConfirmForm(ChineseForm):
    """Carries the rows of the preview, signed."""

    rows = HiddenField()


@asks("read_centre")
def experts() -> Response:
    """The experts of this campaign, with what they have to do."""
    lines = queries.people(pieces(), campaign(), roles=("expert",))
    return make_response(render_template("centre/experts.html", lines=lines, job=job_notice(), back=to_desk()))


@asks("invite_experts")
def template() -> Response:
    """An empty spreadsheet with one example row."""
    return attachment(write_table("专家", COLUMNS, [EXAMPLE]), name="experts.xlsx", media_type=XLSX)


@asks("invite_experts")
def import_file() -> Response:
    """Read the spreadsheet and show what it would bring; nothing is kept."""
    running, form = campaign(), ImportForm()

    def act() -> Response:
        rows, faults = commands.preview_experts(pieces(), form.file.data.read())
        confirm = ConfirmForm(formdata=None, data={"rows": _signed(rows) if rows else ""})
        return make_response(
            render_template("centre/experts_preview.html", form=confirm, back=AGAIN, **_shown(running, rows, faults))
        )

    return answer_form(form, "centre/experts_import.html", act, columns=COLUMNS, back=BACK)


@asks("invite_experts")
def import_confirmed() -> Response:
    """Invite exactly the rows of the preview."""
    form = ConfirmForm()

    def act() -> Response:
        rows = _unsigned(form.rows.data or "")
        if rows is None:
            raise Refused("preview-gone", "预览已失效，请重新选择专家表。")
        job_id = commands.import_experts(pieces(), rows=rows, by=me(), command=form.command)
        return to(f"/centre/experts?job={job_id}")

    shown = _shown(campaign(), _unsigned(form.rows.data or "") or [], [])
    return answer_form(form, "centre/experts_preview.html", act, back=AGAIN, **shown)


def _shown(running: Campaign, rows: list[ExpertRow], faults: list[RowFault]) -> dict[str, Any]:
    """The values of the preview page."""
    named = [
        (row, province_name(running, row.province), [category_name(running, one) for one in row.categories])
        for row in rows
    ]
    return {"rows": named, "faults": faults}


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(pieces().settings.secret_key, salt="expert rows", serializer=json)


def _signed(rows: list[ExpertRow]) -> str:
    return str(_serializer().dumps({"by": me(), "rows": [asdict(row) for row in rows]}))


def _unsigned(text: str) -> list[ExpertRow] | None:
    """The rows of a preview that this account was shown; None where they are not ours."""
    try:
        found: dict[str, Any] = _serializer().loads(text)
    except BadData:
        return None
    if found["by"] != me():
        return None
    return [
        ExpertRow(**{**row, "categories": tuple(row["categories"]), "avoid": tuple(row["avoid"])})
        for row in found["rows"]
    ]
