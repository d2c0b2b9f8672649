"""Pages for the centre: how far the batch is, one certificate, its correction and its revocation."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from wtforms import HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import Length
from wtforms.widgets import HiddenInput

from services.certificate import handlers, queries
from services.certificate.app import UNKNOWN_NUMBER
from services.certificate.domain.certificate import Certificate
from services.certificate.handlers import REASON_LIMIT
from services.certificate.routes.here import here
from shared.trouble import NotThere
from shared.web.access import asks, who
from shared.web.app import received_at
from shared.web.forms import ChineseForm, Filled, WordsAtMost, answer_form, bare

centre = Blueprint("certificates_centre", __name__)


class RevokeForm(ChineseForm):
    """Why a certificate no longer holds."""

    reason = TextAreaField("撤销原因", filters=[bare], validators=[Filled(), WordsAtMost(REASON_LIMIT)])


class CorrectForm(ChineseForm):
    """What was printed wrongly, put right."""

    name = StringField("姓名", filters=[bare], validators=[Filled(), Length(max=100)])
    unit = StringField("工作单位", filters=[bare], validators=[Filled(), Length(max=200)])
    reason = TextAreaField("更正原因", filters=[bare], validators=[Filled(), WordsAtMost(REASON_LIMIT)])


class AgainForm(ChineseForm):
    """Which certificate to make again."""

    case_id = HiddenField()
    place = IntegerField(widget=HiddenInput())


@centre.get("/certificates/progress")
@asks("see_certificates")
def progress() -> Response:
    batch = queries.batch(here(), request.args.get("campaign", ""))
    return make_response(render_template("progress.html", batch=batch, again=AgainForm(formdata=None)))


@centre.post("/certificates/progress/again")
@asks("make_certificate_again")
def make_again() -> Response:
    form = AgainForm()
    handlers.try_again(
        here(),
        case_id=form.case_id.data or "",
        place=-1 if form.place.data is None else form.place.data,
        at=received_at(),
        command=form.command,
    )
    flash("已重新排队制作。", "done")
    return _back_to_progress()


@centre.get("/certificates/<number>")
@asks("see_certificates")
def certificate(number: str) -> Response:
    found, shown = _known(number)
    return make_response(
        render_template(
            "certificate.html", certificate=found, shown=shown, back=("证书制作进度", "/certificates/progress")
        )
    )


@centre.route("/certificates/<number>/revoke", methods=["GET", "POST"])
@asks("revoke_certificate")
def revoke(number: str) -> Response:
    _, shown = _known(number)
    form = RevokeForm()

    def act() -> Response:
        handlers.revoke_certificate(
            here(),
            shown.number,
            reason=form.reason.data or "",
            by=who().id,
            at=received_at(),
            command=form.command,
        )
        flash(f"证书{shown.number}已撤销，公众核验时将看到撤销日期和原因。", "done")
        return make_response(redirect(f"/certificates/{shown.number}", 303))

    return answer_form(form, "revoke.html", act, shown=shown, limit=REASON_LIMIT, back=_to(shown.number))


@centre.route("/certificates/<number>/correct", methods=["GET", "POST"])
@asks("correct_certificate")
def correct(number: str) -> Response:
    found, shown = _known(number)
    form = CorrectForm(data={"name": shown.holder, "unit": found.current.wording.unit})

    def act() -> Response:
        handlers.correct_certificate(
            here(),
            shown.number,
            name=form.name.data or "",
            unit=form.unit.data or "",
            reason=form.reason.data or "",
            by=who().id,
            at=received_at(),
            command=form.command,
        )
        flash("更正后的证书正在制作，完成后原编号将标明已被取代。", "done")
        return make_response(redirect(f"/certificates/{shown.number}", 303))

    return answer_form(form, "correct.html", act, shown=shown, limit=REASON_LIMIT, back=_to(shown.number))


def _known(number: str) -> tuple[Certificate, queries.Found]:
    page = queries.certificate_page(here(), number)
    if page is None:
        raise NotThere(UNKNOWN_NUMBER)
    return page


def _to(number: str) -> tuple[str, str]:
    return (f"证书{number}", f"/certificates/{number}")


def _back_to_progress() -> Response:
    asked = request.args.get("campaign", "")
    kept = f"?{urlencode({'campaign': asked})}" if asked else ""
    return make_response(redirect(f"/certificates/progress{kept}", 303))
