"""Pages on which a province lets a case go to another one, and takes or declines what is offered to it."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template
from wtforms import SelectField, TextAreaField

from services.review.handlers import transfers as commands
from services.review.queries.cases import case_page
from services.review.queries.transfers import transfer_line, transfers
from services.review.routes.at_hand import own_province, pieces, to
from services.review.routes.campaign_shown import at, shown_campaign
from services.review.routes.province_forms import REASON
from shared.campaign.model import Campaign
from shared.web.access import asks, who
from shared.web.app import received_at
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, answer_form, bare, pick

LIST = "/province/transfers"


class ReasonForm(ChineseForm):
    """Why; authors read it."""

    reason = TextAreaField(
        "理由", filters=[bare], validators=[Filled("请填写理由，理由将存档，作者会看到。"), AtMost(REASON)]
    )


class TransferForm(ReasonForm):
    """Which province, and why."""

    target = SelectField("转往的省份", validators=[Chosen("请选择转往的省份。")])

    def offer(self, campaign: Campaign, *, but: str) -> None:
        """Fill in every province but the case's own."""
        others = ((one.code, one.name) for one in campaign.provinces if one.code != but)
        self.target.choices = pick(("", "请选择"), *others)


@asks("transfer_cases")
def overview() -> Response:
    """Cases on their way to or from the province."""
    lines = transfers(pieces(), shown_campaign(), own_province())
    return make_response(
        render_template("province/transfers.html", lines=lines, back=("返回本省概况", at("/province")))
    )


@asks("transfer_cases")
def offer(case_id: str) -> Response:
    """Let a case go."""
    app, province = pieces(), own_province()
    page = case_page(app, case_id, province=province)
    campaign, form = app.campaigns.get(page.case.campaign_id), TransferForm()
    form.offer(campaign, but=province)

    def act() -> Response:
        commands.offer_transfer(
            app,
            case_id=case_id,
            province=province,
            to=form.target.data,
            reason=form.reason.data,
            by=who().id,
            received=received_at(),
            command=form.command,
        )
        flash("已申请转省。对方接收前，案例仍属本省。", "done")
        return to(LIST)

    back = ("返回案例", f"/province/cases/{case_id}")
    return answer_form(form, "province/transfer.html", act, page=page, back=back)


@asks("transfer_cases")
def accept(transfer_id: str) -> Response:
    """Take a case that was offered."""
    return _answer(transfer_id, accepted=True)


@asks("transfer_cases")
def decline(transfer_id: str) -> Response:
    """Do not take it."""
    return _answer(transfer_id, accepted=False)


def _answer(transfer_id: str, *, accepted: bool) -> Response:
    app, province = pieces(), own_province()
    line, form = transfer_line(app, transfer_id, province), ReasonForm()
    command = commands.accept_transfer if accepted else commands.decline_transfer

    def act() -> Response:
        command(
            app,
            transfer_id=transfer_id,
            province=province,
            reason=form.reason.data,
            by=who().id,
            received=received_at(),
            command=form.command,
        )
        flash("已接收，案例几秒内转入本省。" if accepted else "已记录：本省不接收这件案例。", "done")
        return to(LIST)

    back = ("返回转省案例", LIST)
    return answer_form(form, "province/transfer_answer.html", act, line=line, accepted=accepted, back=back)
