"""Giving cases to experts: what is to be assigned, a planned round with its loads and gaps; and the scores."""

from __future__ import annotations

from flask import Response, make_response, render_template
from wtforms import IntegerField
from wtforms.validators import NumberRange

from services.review.handlers import assignment as commands
from services.review.queries import centre as queries
from services.review.queries.cases import Filters, case_list
from services.review.queries.scores import marks
from services.review.routes.at_hand import pieces, to
from services.review.routes.campaign_shown import at, shown_campaign
from services.review.routes.centre_at_hand import Number, asked_page, campaign, job_notice, me, to_desk
from services.review.routes.staff_forms import PlainForm
from shared.trouble import NotThere
from shared.web.access import asks
from shared.web.forms import ChineseForm, answer_form

STATES = {"planned": "待下达", "published": "已下达"}


class PlanForm(ChineseForm):
    """How many experts each case gets."""

    experts_per_case = IntegerField(
        "每件案例的专家人数",
        validators=[Number(), NumberRange(1, 9, "每件案例的专家人数应在1至9之间。")],
    )


def _back() -> tuple[str, str]:
    return "返回专家分配", at("/centre/assignment")


@asks("assign_experts")
def assignment() -> Response:
    """What is to be assigned and the rounds so far; posting plans another round."""
    app, running = pieces(), campaign()
    form = PlanForm(data={"experts_per_case": running.experts_per_case})

    def act() -> Response:
        round_id = commands.plan_assignment(
            app, experts_per_case=form.experts_per_case.data, by=me(), campaign_id=running.id, command=form.command
        )
        return to(f"/centre/assignment/{round_id}")

    return answer_form(
        form,
        "centre/assignment.html",
        act,
        rounds=queries.rounds(app, running),
        states=STATES,
        waiting=case_list(app, running, Filters(stage="eligible"), most=1).total,
        judged=len(commands.judged_cases(app, running.id)),
        ready=len(commands.ready_experts(app, running.id)),
        k=running.experts_per_case,
        back=to_desk(),
    )


@asks("assign_experts")
def round_page(round_id: str) -> Response:
    """One round: loads, what cannot be met, and the way to send it out."""
    app = pieces()
    if app.rounds.find(round_id) is not None:
        return _round(round_id, PlainForm(formdata=None))
    state = queries.job(app, round_id).state
    if state == "done":
        raise NotThere
    return make_response(render_template("centre/round_waiting.html", failed=state == "failed", back=_back()))


@asks("assign_experts")
def publish(round_id: str) -> Response:
    """Send a round out."""
    return _round(round_id, PlainForm())


def _round(round_id: str, form: PlainForm) -> Response:
    app = pieces()
    found = app.rounds.get(round_id)
    people = {line.id: line for line in queries.people(app, shown_campaign(found.campaign_id), roles=("expert",))}
    loads = sorted(found.loads.items(), key=lambda load: (-load[1], load[0]))

    def act() -> Response:
        job_id = commands.publish_round(app, round_id=round_id, by=me(), command=form.command)
        return to(f"/centre/assignment/{round_id}?job={job_id}")

    return answer_form(
        form,
        "centre/round.html",
        act,
        round=found,
        state=STATES[found.state],
        loads=[(people[expert], count) for expert, count in loads if expert in people],
        job=job_notice(),
        back=_back(),
    )


@asks("read_centre")
def scores() -> Response:
    """How far the experts are; marks only once the sizes are fixed."""
    app, running = pieces(), campaign()
    return make_response(
        render_template(
            "centre/scores.html",
            experts=queries.people(app, running, roles=("expert",)),
            marks=marks(app, running, page=asked_page()),
            threshold=running.disagreement_threshold,
            back=to_desk(),
        )
    )
