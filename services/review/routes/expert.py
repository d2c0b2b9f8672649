"""Pages of an expert: the tasks, the statement, one case with its marks, stepping back."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, jsonify, make_response, redirect, render_template, request

from services.review.domain.scoring import ReviewState
from services.review.handlers import experts, reviews
from services.review.queries.expert import TaskList, expert_account, original_address, scoring_page, tasks
from services.review.routes.at_hand import account, bell_for, pieces, to
from services.review.routes.expert_forms import RecuseForm, StatementForm, marks_of, score_form
from shared.web.access import asks, who
from shared.web.forms import answer_form
from shared.web.frame import Bell
from shared.web.problems import wants_json

DECLARED = "本人申报"


def _bell() -> Bell | None:
    window = pieces().campaigns.current().windows.review
    return bell_for(window, "专家推荐截止") if window.announced else None


@asks("review_cases")
def overview() -> Response:
    """The expert's cases; the statement first."""
    if account().statement_at is None:
        return make_response(redirect("/expert/statement"))
    app = pieces()
    return make_response(
        render_template(
            "expert/overview.html",
            todo=tasks(app, who().id),
            campaign=app.campaigns.current(),
            bell=_bell(),
        )
    )


@asks("review_cases")
def statement() -> Response:
    """Promise confidentiality and avoidance, and say what to avoid."""
    app = pieces()
    expert = expert_account(app, who().id)
    known = [one.unit for one in expert.conflicts if one.reason == DECLARED]
    form = StatementForm(data={"units": "\n".join(known), "accepted": expert.statement_at is not None})

    def act() -> Response:
        experts.accept_statement(
            app,
            account_id=expert.id,
            accepted=form.accepted.data,
            units=(form.units.data or "").splitlines(),
            command=form.command,
        )
        flash("承诺已保存。", "done")
        return to("/expert")

    accepted_at = expert.statement_at
    back = ("返回推荐任务", "/expert") if accepted_at else None
    return answer_form(
        form, "expert/statement.html", act, accepted_at=accepted_at, campaign=app.campaigns.current(), back=back
    )


@asks("review_cases")
def case(case_id: str) -> Response:
    """One case without names, and the expert's marks."""
    app, expert_id = pieces(), who().id
    if account().statement_at is None:
        return make_response(redirect("/expert/statement"))
    page = scoring_page(app, expert_id, case_id)
    form = score_form(page.rubric, {**page.review.marks, "comment": page.review.comment})

    def act() -> Response:
        given: dict[str, Any] = {
            "expert_id": expert_id,
            "case_id": case_id,
            "marks": marks_of(form, page.rubric),
            "comment": form.comment.data or "",
            "command": form.command,
        }
        if request.form.get("then") == "draft":
            reviews.save_review(app, **given)
            if wants_json():
                return jsonify(rev="", saved_at=app.clock().isoformat())
            flash("评分已暂存，尚未提交。", "done")
            return to(f"/expert/cases/{case_id}")
        total = reviews.submit_review(app, **given)
        flash(f"已提交“{page.title}”的评分，总分{total:g}分。", "done")
        return to(_next(tasks(app, expert_id)))

    shown: dict[str, Any] = {
        "page": page,
        "open": page.review.state is ReviewState.OPEN,
        "bell": _bell(),
        "back": ("返回推荐任务", "/expert"),
    }
    return answer_form(form, "expert/case.html", act, **shown)


def _next(todo: TaskList) -> str:
    """Where to go after a case is done: the next open one, or the list."""
    left = [task.case_id for task in todo.tasks if task.state == ReviewState.OPEN]
    return f"/expert/cases/{left[0]}" if left else "/expert"


@asks("review_cases")
def recuse(case_id: str) -> Response:
    """Step back from a case; somebody else gets it."""
    app, expert_id = pieces(), who().id
    if request.method == "POST" and reviews.has_recused(app, expert_id=expert_id, case_id=case_id):
        flash("您已回避这件案例，平台将改由其他专家推荐。", "done")  # sent again: the first answer was lost
        return to("/expert")
    page = scoring_page(app, expert_id, case_id)
    if request.method == "GET" and page.review.state is not ReviewState.OPEN:
        return make_response(redirect(f"/expert/cases/{case_id}"))
    form = RecuseForm()

    def act() -> Response:
        reviews.recuse(app, expert_id=expert_id, case_id=case_id, reason=form.reason.data, command=form.command)
        flash(f"已回避“{page.title}”，平台将改由其他专家推荐。", "done")
        return to("/expert")

    back = ("返回案例", f"/expert/cases/{case_id}")
    return answer_form(form, "expert/recuse.html", act, page=page, back=back)


@asks("review_cases")
def open_file(case_id: str, file_id: str) -> Response:
    """Send the expert to an address at which the file can be read for some minutes, under a neutral name."""
    return make_response(redirect(original_address(pieces(), who().id, case_id, file_id)))
