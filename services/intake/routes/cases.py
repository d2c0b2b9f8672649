"""Pages of a case: the list, a new one, the task list, checking and submitting, receipt, withdrawal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request

from services.intake import queries
from services.intake.app import App
from services.intake.domain.findings import NotReady
from services.intake.domain.window import check_drafting, in_the_way, over
from services.intake.handlers import cases as commands
from services.intake.queries import ToDo
from services.intake.routes.at_hand import account, closed_page, pieces, submission_bell
from services.intake.routes.forms.fields import PlainForm
from services.intake.routes.forms.sheet import NewCaseForm
from shared.campaign.model import Campaign
from shared.trouble import NotThere
from shared.web import arrival
from shared.web.access import asks, who
from shared.web.admission import hands_in
from shared.web.app import received_at
from shared.web.forms import answer_form


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))


@asks("own_cases")
def my_cases() -> Response:
    """The author's cases, and those that name them as a co-author."""
    app, author = pieces(), account()
    return make_response(
        render_template(
            "cases.html",
            cases=queries.my_cases(app, author.id),
            others=queries.cases_i_am_in(app, author),
            campaign=app.campaigns.current(),
            closed=_no_new_case(app),
            bell=submission_bell(app.campaigns.current()),
        )
    )


def _no_new_case(app: App) -> str:
    """Why no draft can be begun now; empty while one can."""
    campaign, at = app.campaigns.current(), received_at()
    if campaign.windows.submission.has_closed(at):
        return f"{over(campaign)}，不能再建立案例。"
    return in_the_way(lambda: check_drafting(campaign, at))


@asks("own_cases")
def new_case() -> Response:
    """Begin a draft."""
    app, author = pieces(), account()
    if closed := _no_new_case(app):
        return closed_page("建立案例草稿", closed, onward=[("返回我的案例", "/cases")])
    form = NewCaseForm()
    form.offer(app.campaigns.current())

    def act() -> Response:
        case_id = commands.open_case(
            app,
            commands.OpenCase(
                account_id=author.id,
                title=form.title.data,
                category=form.category.data,
                received_at=received_at(),
                command=form.command,
            ),
        )
        flash("草稿已建立。请依次完成下面各项，再核对并报送。", "done")
        return _to(f"/cases/{case_id}")

    lead = "名称和类型以后还可以修改。参与教师可自主选择参与其中一类案例成果征集。"
    return answer_form(
        form, "form.html", act, heading="建立案例草稿", button="建立草稿", lead=lead, back=("返回我的案例", "/cases")
    )


@asks("own_cases")
def case(case_id: str) -> Response:
    """The task list of a case, its files and its timeline."""
    app = pieces()
    page = queries.case_page(app, case_id, who().id)
    bell = submission_bell(app.campaigns.get(page.campaign_id), saved_at=page.saved_at, late_until=page.late_until)
    back = ("返回我的案例", "/cases")
    return make_response(render_template("case.html", page=page, bell=bell, back=back))


@asks("own_cases")
@hands_in
def check(case_id: str) -> Response:
    """Check the answers and submit; what is missing is listed whole, each item a link."""
    app = pieces()
    case = app.own_case(case_id, who().id)
    form = PlainForm()
    form.refused_title = "未能报送"
    campaign = app.campaigns.get(case.campaign_id)

    def shown(missing: Sequence[ToDo] | None = None) -> dict[str, Any]:
        page = queries.page_of(app, case)
        return {
            "page": page,
            "missing": queries.to_do(app, case) if missing is None else missing,
            "answers": queries.answers(app, case, change=page.can_edit),
            "campaign": campaign,
            "bell": submission_bell(campaign, saved_at=case.saved_at, late_until=page.late_until),
            "back": ("返回案例", f"/cases/{case_id}"),
        }

    def act() -> Response:
        at = received_at()
        if case.saved_at > at:  # it was turned away then, and what would be handed in now is not what was there then
            at = arrival.now()
        try:
            submitted = commands.submit_case(
                app,
                commands.SubmitCase(case_id=case_id, account_id=who().id, received_at=at, command=form.command),
            )
        except NotReady as not_ready:
            missing = queries.as_links(case_id, not_ready.findings)
            return make_response(render_template("check.html", form=form, **shown(missing)), 422)
        if submitted.stood_already:
            flash(_stands(campaign, submitted.version))
        return _to(f"/cases/{case_id}/receipt?version={submitted.version}")

    return answer_form(form, "check.html", act, beside=shown)


def _stands(campaign: Campaign, version: int) -> str:
    """Said on the receipt when nothing new was handed in."""
    if campaign.windows.submission.has_closed(received_at()):
        return f"{over(campaign)}，没有重新报送；有效版本为第{version}版。"
    return f"内容没有改动，没有重新报送；有效版本为第{version}版。"


@asks("own_cases")
@hands_in
def withdraw(case_id: str) -> Response:
    """Take back what was submitted, after saying what that means."""
    app = pieces()
    page = queries.case_page(app, case_id, who().id)
    if not page.was_submitted:
        raise NotThere("这个案例尚未报送，无须撤回。")
    if request.method == "GET" and page.no_withdrawal:
        onward = [("返回案例", f"/cases/{case_id}")]
        return closed_page("撤回案例", page.no_withdrawal, above=page.title, onward=onward)
    form = PlainForm()
    form.refused_title = "未能撤回"

    def act() -> Response:
        commands.withdraw_case(
            app,
            commands.WithdrawCase(
                case_id=case_id, account_id=who().id, received_at=received_at(), command=form.command
            ),
        )
        flash("案例已撤回。草稿仍然保留，截止前可以再次报送。", "done")
        return _to(f"/cases/{case_id}")

    return answer_form(form, "withdraw.html", act, page=page, back=("返回案例", f"/cases/{case_id}"))
