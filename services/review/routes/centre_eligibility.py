"""The eligibility check: recommended cases confirmed one by one or many at once, after a look at which."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, request
from wtforms import Field, Form, HiddenField, RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import ValidationError

from services.review.handlers import eligibility as commands
from services.review.queries.cases import CaseLine, Filters, case_list, case_page
from services.review.routes.at_hand import pieces, to
from services.review.routes.campaign_shown import at, kept, shown_campaign
from services.review.routes.centre_at_hand import (
    asked_page,
    campaign,
    category_filter,
    job_notice,
    me,
    province_filter,
    to_desk,
)
from shared.campaign.model import Campaign
from shared.trouble import Refused
from shared.web.access import asks
from shared.web.forms import AtMost, ChineseForm, Chosen, answer_form, bare, pick

MOST = 100_000
SHOWN = 100
STATES = {"recommended": "待审定", "eligible": "已通过", "ineligible": "未通过"}


class EveryPoint:
    """To confirm a case, every point of the checklist holds."""

    def __call__(self, form: Form, field: Field) -> None:
        if form["decision"].data == "yes" and len(field.data or ()) < len(field.choices):
            raise ValidationError("请逐项核对并勾选；有一项不符合时，请选择“不通过”并填写原因。")


class ReasonForNo:
    """A refusal says why."""

    def __call__(self, form: Form, field: Field) -> None:
        if form["decision"].data == "no" and not (field.data or "").strip():
            raise ValidationError("请填写不通过的原因，作者和省级单位会收到。")


class CheckForm(ChineseForm):
    """The centre's word on one case."""

    points = SelectMultipleField("核对项目", validators=[EveryPoint()])
    decision = RadioField("审定结果", choices=pick(("yes", "通过"), ("no", "不通过")), validators=[Chosen()])
    reason = TextAreaField("不通过的原因", filters=[bare], validators=[ReasonForNo(), AtMost(500)])


class ManyForm(ChineseForm):
    """Confirms what the preview shows; ``expected`` is how many that were."""

    expected = HiddenField()


def _back() -> tuple[str, str]:
    return "返回资格审定", at("/centre/eligibility")


def _filters(stage: str) -> Filters:
    asked = request.args
    return Filters(
        stage=stage if stage in STATES else "recommended",
        province=asked.get("province", ""),
        category=asked.get("category", ""),
        q=asked.get("q", "").strip(),
        page=asked_page(),
    )


@asks("check_eligibility")
def eligibility() -> Response:
    """Recommended cases by what the centre said of them."""
    app, running = pieces(), campaign()
    filters = _filters(request.args.get("stage", "recommended"))
    found = case_list(app, running, filters)
    shown = [
        {"name": "stage", "label": "审定结果", "value": filters.stage, "options": list(STATES.items())},
        province_filter(running, filters.province),
        category_filter(running, filters.category),
        {"name": "q", "label": "案例名称、编号、单位或作者", "value": filters.q},
    ]
    query = {"stage": filters.stage, "province": filters.province, "category": filters.category, "q": filters.q}
    return make_response(
        render_template(
            "centre/eligibility.html",
            found=found,
            filters=shown,
            asked=filters,
            query={**kept(), **{name: value for name, value in query.items() if value}},
            job=job_notice(),
            window=running.windows.recommendation,
            back=to_desk(),
        )
    )


@asks("check_eligibility")
def check(case_id: str) -> Response:
    """Check one case against the campaign's list."""
    app = pieces()
    page = case_page(app, case_id)
    shown_campaign(page.case.campaign_id)
    form = CheckForm()
    form.points.choices = pick(*((one.code, one.name) for one in app.campaigns.get(page.case.campaign_id).eligibility))

    def act() -> Response:
        eligible = form.decision.data == "yes"
        commands.check_eligibility(
            app,
            case_id=case_id,
            eligible=eligible,
            reason="" if eligible else form.reason.data,
            by=me(),
            command=form.command,
        )
        flash(f"{page.case.number}资格审定{'通过' if eligible else '未通过，作者和省级单位会收到原因'}。", "done")
        return to(at("/centre/eligibility"))

    return answer_form(form, "centre/eligibility_case.html", act, page=page, back=_back())


def _chosen(running: Campaign) -> list[CaseLine]:
    """The cases the address or the form names; with ``all``, every case that waits under the filters."""
    filters = _filters("recommended")
    whole = Filters(province=filters.province, category=filters.category, q=filters.q, stage="recommended")
    waiting = case_list(pieces(), running, whole, most=MOST).lines
    if request.args.get("all") == "y":
        return list(waiting)
    asked = set(request.args.getlist("case"))
    return [line for line in waiting if line.id in asked]


@asks("check_eligibility")
def confirm_many() -> Response:
    """Confirm many: the preview says which, and posting it confirms exactly those."""
    running = campaign()
    lines = _chosen(running)
    form = ManyForm(data={"expected": str(len(lines))})

    def act() -> Response:
        if begun := commands.confirming(pieces(), command=form.command):
            return to(at(f"/centre/eligibility?job={begun}"))
        posted = request.form.getlist("case")
        if form.expected.data != str(len(posted)) or {line.id for line in lines} != set(posted):
            raise Refused("changed", "待审定的案例刚刚有变化，请返回列表重新选择。", status=409)
        job_id = commands.confirm_many(pieces(), case_ids=posted, by=me(), command=form.command)
        return to(at(f"/centre/eligibility?job={job_id}"))

    remarks = sum(line.report != "passed" for line in lines)
    return answer_form(
        form, "centre/eligibility_many.html", act, lines=lines, shown=SHOWN, remarks=remarks, back=_back()
    )
