"""Pages of receipts: the author's own as page, PDF and signed text; verification of anybody's."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, render_template, request
from flask_wtf.file import FileField
from wtforms import StringField
from wtforms.validators import ValidationError

from services.intake import queries
from services.intake.adapters.seal import MOST_BYTES
from services.intake.domain.number import number_as_typed
from services.intake.domain.receipt import code_as_typed
from services.intake.routes.at_hand import pieces
from shared.trouble import Refused
from shared.web.access import asks, known_as, public, who
from shared.web.admission import hands_in
from shared.web.download import attachment
from shared.web.forms import ChineseForm, answer_form, bare

FORM_BYTES = 25 * 1024 * 1024
"""The door takes no larger body; a receipt is far smaller, and anything larger is refused in words."""
NUMBER_SLIP = "编号应为13位数字，例如2024-482-130-572；所填编号有误，请对照回执核对。"
CODE_SLIP = "核验码应为16位字母和数字，例如ABCD-2345-EFGH-6789；请对照回执核对。"
NOTHING = "请填写编号和核验码，或者选择回执文件。"


class VerifyForm(ChineseForm):
    """A receipt that somebody shows: on paper, or as a file."""

    refused_title = "未能核验"

    number = StringField("编号", filters=[bare])
    code = StringField("核验码", filters=[bare])
    file = FileField("回执文件（PDF或JSON）")

    def validate_number(self, field: StringField) -> None:
        """Say what a number looks like before looking for it."""
        if field.data and number_as_typed(field.data) is None:
            raise ValidationError(NUMBER_SLIP)
        if not field.data and self.code.data:
            raise ValidationError("请填写编号。")

    def validate_code(self, field: StringField) -> None:
        """Say what a code looks like before comparing it."""
        if field.data and code_as_typed(field.data) is None:
            raise ValidationError(CODE_SLIP)
        if not field.data and self.number.data:
            raise ValidationError("请填写核验码。")


@asks("own_cases")
@hands_in
def receipt(case_id: str) -> Response:
    """The receipt of the last version, or of the one asked for."""
    slip = queries.receipt(pieces(), case_id, who().id, version=_version())
    back = ("返回案例", f"/cases/{case_id}")
    return make_response(render_template("receipt.html", receipt=slip, back=back))


@asks("own_cases")
def paper(case_id: str, kind: str) -> Response:
    """The receipt to keep, as PDF or as signed text."""
    return _download(queries.receipt_paper(pieces(), case_id, who().id, kind=kind, version=_version()))


@asks("own_cases")
def sheet(case_id: str) -> Response:
    """The sheet's canonical form: the very bytes whose hash the receipt bears."""
    return _download(queries.receipt_paper(pieces(), case_id, who().id, kind="sheet", version=_version()))


@public
def verify() -> Response:
    """Whether a receipt is genuine, and of which version; its author is told what came after it."""
    form = VerifyForm()

    def act() -> Response:
        found = _shown(form)
        return make_response(render_template("receipt_verified.html", found=found))

    return answer_form(form, "receipt_verify.html", act)


@public
def keys() -> Response:
    """The public keys of receipts, for whoever verifies without asking us."""
    known = pieces().seal.public_keys
    return jsonify(keys=[{"kid": kid, "key": key} for kid, key in sorted(known.items())])


def _shown(form: Any) -> queries.Genuine:
    author = known_as("author")
    account_id = author.id if author else ""
    chosen = request.files.get(form.file.name)
    if chosen and chosen.filename:
        try:
            return queries.verified_file(pieces(), chosen.read(MOST_BYTES + 1), account_id=account_id)
        except Refused as refused:
            raise Refused(refused.code, refused.message, field="file") from None
    number, code = number_as_typed(form.number.data or ""), code_as_typed(form.code.data or "")
    if number is None or code is None:
        raise Refused("nothing-to-verify", NOTHING)
    return queries.verified_code(pieces(), number=number, code=code, account_id=account_id)


def _version() -> int | None:
    return request.args.get("version", type=int)


def _download(paper: queries.Paper) -> Response:
    return attachment(paper.content, name=paper.name, media_type=paper.media_type)
