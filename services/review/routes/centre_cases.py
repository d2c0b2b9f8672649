"""Every case for the centre: search, one case whole, its files, and taking it out by two people."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request
from wtforms import RadioField, TextAreaField

from services.review.handlers import disqualification as commands
from services.review.handlers import transfers
from services.review.queries import centre as queries
from services.review.queries.cases import Filters, case_list, case_page, file_address
from services.review.queries.scores import marks_open
from services.review.queries.words import REPORTS
from services.review.routes.at_hand import pieces, to
from services.review.routes.campaign_shown import at, kept, shown_campaign
from services.review.routes.centre_at_hand import (
    asked_page,
    campaign,
    category_filter,
    me,
    province_filter,
    record_words,
    to_desk,
)
from services.review.routes.province_transfers import TransferForm
from services.review.routes.staff_forms import PlainForm
from shared.web.access import asks
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, answer_form, bare, pick

BACK = ("返回案例", "/centre/cases")
PROPOSALS = ("返回取消资格", "/centre/disqualifications")
STAGES = (
    ("submitted", "已报送"),
    ("recommended", "省级推荐"),
    ("eligible", "资格审定通过"),
    ("ineligible", "资格审定未通过"),
    ("in_review", "专家推荐中"),
    ("scored", "专家推荐已完成"),
    ("published", "已公布结果"),
    ("disqualified", "已取消资格"),
)
STATES = {"proposed": "待确认", "confirmed": "已取消资格", "rejected": "不予取消"}


class ProposalForm(ChineseForm):
    """Proposes to take a case out."""

    reason = RadioField("理由", validators=[Chosen("请选择取消资格的理由。")])
    statement = TextAreaField("事实说明", filters=[bare], validators=[Filled("请说明取消资格的事实。"), AtMost(2000)])
    evidence = TextAreaField("证据及来源", filters=[bare], validators=[Filled("请写明证据及其来源。"), AtMost(2000)])


class WhyForm(ChineseForm):
    """A rejection says why."""

    why = TextAreaField(
        "不予取消的理由", filters=[bare], validators=[Filled("请填写不予取消资格的理由。"), AtMost(500)]
    )


@asks("read_centre")
def cases() -> Response:
    """Submitted cases that fit the address."""
    app, running, asked = pieces(), campaign(), request.args
    filters = Filters(
        q=asked.get("q", "").strip(),
        province=asked.get("province", ""),
        category=asked.get("category", ""),
        stage=asked.get("stage", ""),
        report=asked.get("report", ""),
        page=asked_page(),
    )
    query = {name: getattr(filters, name) for name in ("q", "province", "category", "stage", "report")}
    shown = [
        {"name": "q", "label": "案例名称、编号、单位或作者", "value": filters.q},
        province_filter(running, filters.province),
        category_filter(running, filters.category),
        {"name": "stage", "label": "阶段", "value": filters.stage, "options": STAGES},
        {
            "name": "report",
            "label": "检查结果",
            "value": filters.report,
            "options": [(code, word) for code, word in REPORTS.items() if code],
        },
    ]
    return make_response(
        render_template(
            "centre/cases.html",
            found=case_list(app, running, filters),
            filters=shown,
            query={**kept(), **{name: value for name, value in query.items() if value}},
            back=to_desk(),
        )
    )


@asks("read_centre")
def case(case_id: str) -> Response:
    """Everything the centre knows of a case."""
    app = pieces()
    page = case_page(app, case_id)
    running = shown_campaign(page.case.campaign_id)
    experts = [(id_, app.accounts.find(id_)) for id_ in page.case.expert_ids]
    return make_response(
        render_template(
            "centre/case.html",
            page=page,
            campaign=running,
            experts=[(known.name if known else id_, id_) for id_, known in experts],
            marks_open=marks_open(app, running.id),
            proposals=[one for one in queries.proposals(app) if one.proposal.case_id == case_id],
            states=STATES,
            history=queries.record_entries(app, about=case_id),
            words=record_words,
            back=(BACK[0], at(BACK[1])),
        )
    )


@asks("read_centre")
def case_file(case_id: str, file_id: str) -> Response:
    """Send the browser to the file; the address ends in ten minutes."""
    return make_response(redirect(file_address(pieces(), case_id, file_id), 303))


@asks("disqualify_cases")
def propose(case_id: str) -> Response:
    """Propose to disqualify a case."""
    app = pieces()
    page = case_page(app, case_id)
    running = app.campaigns.get(page.case.campaign_id)
    form = ProposalForm()
    form.reason.choices = pick(*((one.code, one.name) for one in running.disqualification_reasons))

    def act() -> Response:
        id_ = commands.propose_disqualification(
            app,
            case_id=case_id,
            reason=form.reason.data,
            statement=form.statement.data,
            evidence=form.evidence.data,
            by=me(),
            command=form.command,
        )
        flash("已提请取消资格，须由另一位工作人员确认。", "done")
        return to(f"/centre/disqualifications/{id_}")

    back = ("返回案例", f"/centre/cases/{case_id}")
    return answer_form(form, "centre/propose.html", act, page=page, back=back)


@asks("disqualify_cases")
def proposals() -> Response:
    """Proposals of every campaign, those that wait first."""
    lines = queries.proposals(pieces())
    return make_response(render_template("centre/proposals.html", lines=lines, states=STATES, back=to_desk()))


def _proposal(proposal_id: str) -> queries.ProposalLine:
    app = pieces()
    return queries.proposal_line(app, app.disqualifications.get(proposal_id))


@asks("disqualify_cases")
def proposal(proposal_id: str) -> Response:
    """One proposal, and for another person the button that confirms it."""
    line = _proposal(proposal_id)
    own = line.proposal.proposed_by == me()
    return make_response(
        render_template(
            "centre/proposal.html",
            form=PlainForm(formdata=None),
            line=line,
            own=own,
            state=STATES[line.proposal.state],
            back=PROPOSALS,
        )
    )


@asks("disqualify_cases")
def confirm(proposal_id: str) -> Response:
    """A second person confirms."""
    form, line = PlainForm(), _proposal(proposal_id)

    def act() -> Response:
        commands.confirm_disqualification(pieces(), proposal_id=proposal_id, by=me(), command=form.command)
        flash(f"{line.number}已取消资格，作者和省级单位会收到通知，证书随之撤销。", "done")
        return to(f"/centre/disqualifications/{proposal_id}")

    own = line.proposal.proposed_by == me()
    return answer_form(
        form, "centre/proposal.html", act, line=line, own=own, state=STATES[line.proposal.state], back=PROPOSALS
    )


@asks("disqualify_cases")
def reject(proposal_id: str) -> Response:
    """The proposal does not hold."""
    form, line = WhyForm(), _proposal(proposal_id)

    def act() -> Response:
        commands.reject_disqualification(
            pieces(), proposal_id=proposal_id, why=form.why.data, by=me(), command=form.command
        )
        flash(f"{line.number}不予取消资格，理由已存档。", "done")
        return to("/centre/disqualifications")

    back = ("返回提请", f"/centre/disqualifications/{proposal_id}")
    return answer_form(form, "form.html", act, heading=f"{line.number}不予取消资格", button="不予取消", back=back)


@asks("decide_province")
def province(case_id: str) -> Response:
    """Decide which province a case belongs to."""
    app = pieces()
    page = case_page(app, case_id)
    form = TransferForm()
    form.offer(app.campaigns.get(page.case.campaign_id), but=page.case.province)

    def act() -> Response:
        transfers.decide_province(
            app, case_id=case_id, to=form.target.data, reason=form.reason.data, by=me(), command=form.command
        )
        flash("所属省份已变更，几秒内各页面即可看到。", "done")
        return to(f"/centre/cases/{case_id}")

    back = ("返回案例", f"/centre/cases/{case_id}")
    return answer_form(form, "centre/province.html", act, page=page, back=back)
