"""Pages for anybody: query, download, verification by number, QR code or file, and the authority's certificate."""

from __future__ import annotations

import hashlib
from datetime import datetime

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from flask_wtf.file import FileField
from wtforms import StringField
from wtforms.validators import Length, Regexp, ValidationError

from services.certificate import queries
from services.certificate.app import UNKNOWN_NUMBER
from services.certificate.domain.certificate import Standing
from services.certificate.domain.names import name_key
from services.certificate.domain.numbering import number_as_typed
from services.certificate.routes.here import here
from shared.identity.permissions import CENTRE
from shared.trouble import NotThere, Refused
from shared.web.access import public, somebody
from shared.web.download import attachment
from shared.web.forms import ChineseForm, Filled, answer_form, bare, digits

open_pages = Blueprint("certificates", __name__)

NOT_FOUND = "没有查到符合条件的证书。请核对姓名与手机号后四位是否与报送时一致，或改用证书编号查询。"

NAME_LIMIT_OF_ALL = "1000/hour"
"""For one name, whoever asks: so many last four digits do not get tried, and no stranger alone shuts a name."""


class NameForm(ChineseForm):
    """Query by name and the end of the mobile."""

    refused_title = "未能查到证书"

    name = StringField("姓名", filters=[bare], validators=[Filled(), Length(max=100)])
    last_four = StringField(
        "手机号后四位",
        filters=[bare, digits],
        validators=[Filled(), Regexp(r"^[0-9]{4}$", message="手机号后四位应为4位数字，例如1234。")],
    )


class NumberForm(ChineseForm):
    """Query by number."""

    number = StringField("证书编号", filters=[bare], validators=[Filled()])

    def validate_number(self, field: StringField) -> None:
        """Say what a number looks like before looking for it."""
        if number_as_typed(field.data or "") is None:
            raise ValidationError("证书编号由年份、字母和8位字符组成，例如2024A-7K3M-9QXR。")


class FileForm(ChineseForm):
    """Verification of a downloaded file."""

    file = FileField("证书文件（PDF）")


@open_pages.route("/certificates", methods=["GET", "POST"])
@public
def query() -> Response:
    form = NameForm()

    def act() -> Response:
        found = _found_by_name(form.name.data or "", form.last_four.data or "")
        if not found:
            raise Refused("certificate-unknown", NOT_FOUND)
        return make_response(render_template("found.html", found=found, back=("重新查询", "/certificates")))

    person = somebody()
    of_centre = bool(person and person.roles & CENTRE)
    return answer_form(form, "query.html", act, opens=queries.query_opens(here()), of_centre=of_centre)


@open_pages.route("/certificates/number", methods=["GET", "POST"])
@public
def query_number() -> Response:
    form = NumberForm(data={"number": request.args.get("number", "")})

    def act() -> Response:
        found = queries.by_number(here(), form.number.data or "")
        if not found:
            raise Refused("certificate-unknown", UNKNOWN_NUMBER, field="number")
        return make_response(render_template("found.html", found=found, back=("重新查询", "/certificates")))

    return answer_form(form, "query_number.html", act, back=("按姓名查询", "/certificates"))


@open_pages.get("/certificates/<number>/download")
@public
def download(number: str) -> Response:
    certificate = here().store.certificate_numbered(number_as_typed(number) or "")
    if certificate is None or not queries.query_is_open(here(), certificate.campaign_id):
        raise NotThere(UNKNOWN_NUMBER)
    issue = certificate.numbered(number_as_typed(number) or "")
    standing = certificate.standing(issue.number)
    if standing is not Standing.VALID:
        shown = queries.shown_to_public(certificate, issue)
        return make_response(render_template("verified.html", shown=shown, signature=None), 410)
    pdf = here().objects.read(issue.object_key)
    if hashlib.sha256(pdf).hexdigest() != issue.sha256:
        raise RuntimeError(f"the stored file of certificate {issue.number} is not the one that was issued")
    name = f"电子证书-{issue.wording.holder_name}-{issue.number}.pdf"
    response = attachment(pdf, name=name, media_type="application/pdf")
    response.headers["Cache-Control"] = "no-store"
    return response


@open_pages.get("/certificates/verify/<number>")
@public
def verify_number(number: str) -> Response:
    shown = queries.verified(here(), number, token=request.args.get("t"))
    page = render_template("verified.html", shown=shown, signature=None)
    return make_response(page, 200 if shown else 404)


@open_pages.route("/certificates/verify", methods=["GET", "POST"])
@public
def verify_file() -> Response:
    form = FileForm()

    def act() -> Response:
        chosen = request.files.get("file")
        pdf = chosen.read() if chosen else b""
        if not pdf:
            raise Refused("file-missing", "请选择要核验的证书文件（PDF）。", field="file")
        signature = here().judge.verify_pdf(pdf)
        sha256 = hashlib.sha256(pdf).hexdigest()
        certificate = here().store.certificate_of_file(sha256)
        shown = None
        if certificate is not None and signature.valid:
            issue = next(issue for issue in certificate.issues if issue.sha256 == sha256)
            shown = queries.shown_to_public(certificate, issue)
        return make_response(render_template("verified.html", shown=shown, signature=signature))

    return answer_form(form, "verify_file.html", act, back=("证书查询", "/certificates"))


@open_pages.get("/certificates/ca.pem")
@public
def authority() -> Response:
    chain = b"".join(here().authorities)
    return attachment(chain, name="zhengji-ca.pem", media_type="application/x-pem-file")


@open_pages.get("/api/certificate/verify/<number>")
@public
def verify_for_programs(number: str) -> Response:
    shown = queries.verified(here(), number, token=request.args.get("t"))
    if shown is None:
        raise NotThere(UNKNOWN_NUMBER)
    return jsonify(
        number=shown.number,
        standing=shown.standing.value,
        holder_masked=shown.holder,
        case_title=shown.case_title,
        category=shown.category,
        outcome=shown.outcome,
        issuer=shown.issuer,
        dated=_iso(shown.dated),
        revoked_at=_iso(shown.revoked_at),
        revoked_because=shown.revoked_because or None,
        replaced_by=shown.replaced_by or None,
    )


def _found_by_name(name: str, last_four: str) -> tuple[queries.Found, ...]:
    app = here()
    address, named = request.remote_addr or "", hashlib.sha256(name_key(name).encode()).hexdigest()
    app.throttle.spend(app.settings.query_limit, "address", address)
    app.throttle.spend(app.settings.query_name_limit, "name", named, address)
    app.throttle.spend(NAME_LIMIT_OF_ALL, "name", named)
    return queries.by_name(app, name=name, last_four=last_four)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
