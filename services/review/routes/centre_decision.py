"""The decision: sizes first, then the ranking with its cut, changes by hand, a last look, and the published list."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Response, flash, make_response, render_template, request
from wtforms import IntegerField, RadioField, TextAreaField
from wtforms.validators import NumberRange

from services.review.domain.decision import Sizes
from services.review.domain.values import Outcome
from services.review.handlers import decision as commands
from services.review.queries import centre as queries
from services.review.queries.public import not_shown
from services.review.queries.words import OUTCOMES
from services.review.routes.at_hand import pieces, to
from services.review.routes.campaign_shown import at
from services.review.routes.centre_at_hand import Number, campaign, job_notice, me, to_desk
from services.review.routes.staff_forms import PlainForm
from shared.campaign.model import Campaign
from shared.trouble import NotThere
from shared.web.access import asks, who
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, answer_form, bare, pick


class OutcomeForm(ChineseForm):
    """Departs from the ranking for one case."""

    outcome = RadioField("结果", choices=pick(*OUTCOMES.items()), validators=[Chosen("请选择结果。")])
    reason = TextAreaField("理由", filters=[bare], validators=[Filled("请填写调整的理由，理由将存档。"), AtMost(500)])


class SizesForm(ChineseForm):
    """Two numbers for each category; the campaign says which."""


def _back() -> tuple[str, str]:
    return "返回结果确定", at("/centre/decision")


def _sizes_form(running: Campaign) -> type[SizesForm]:
    fields: dict[str, Any] = {}
    for one in running.categories:
        for outcome in ("exemplary", "showcase"):
            label = f"{one.short_name}：{OUTCOMES[outcome]}件数"
            checks = [Number(f"请填写{label}，没有请填0。"), NumberRange(0, 10_000, f"{label}应为0至10000的整数。")]
            fields[f"{one.code}_{outcome}"] = IntegerField(label, validators=checks)
    return type("SizesForm", (SizesForm,), fields)


@asks("decide_results")
def decision() -> Response:
    """Where the decision stands."""
    app, running = pieces(), campaign()
    page = queries.decision_page(app, running)
    by_category = [
        (one, _size(page, one.code), [line for line in page.lines if line.line.category == one.name])
        for one in running.categories
    ]
    published = page.decision.shown if page.decision and page.decision.published_at else ()
    return make_response(
        render_template(
            "centre/decision.html",
            page=page,
            by_category=by_category,
            outcomes=OUTCOMES,
            published=Counter(one.outcome.value for one in published),
            head="administrator" in who().roles,
            job=job_notice(),
            back=to_desk(),
        )
    )


def _size(page: queries.DecisionPage, category: str) -> Sizes | None:
    return page.decision.sizes_by_category.get(category) if page.decision else None


@asks("decide_results")
def sizes() -> Response:
    """Fix the sizes, once, before anybody sees a mark."""
    app, running = pieces(), campaign()
    page = queries.decision_page(app, running)
    suggested = {
        f"{code}_{outcome}": count
        for code, _, _, exemplary, showcase in page.suggested_sizes
        for outcome, count in (("exemplary", exemplary), ("showcase", showcase))
    }
    form = _sizes_form(running)(data=suggested)

    def act() -> Response:
        fixed = [
            Sizes(
                category=one.code,
                exemplary=form[f"{one.code}_exemplary"].data,
                showcase=form[f"{one.code}_showcase"].data,
            )
            for one in running.categories
        ]
        commands.fix_sizes(app, sizes=fixed, by=me(), campaign_id=running.id, command=form.command)
        flash("各类名额已确定并存档，现在可以查看成绩。", "done")
        return to(at("/centre/decision"))

    return answer_form(form, "centre/sizes.html", act, page=page, back=_back())


@asks("decide_results")
def by_hand(case_id: str) -> Response:
    """Decide one case by hand."""
    app, running = pieces(), campaign()
    line = next((one for one in queries.decision_page(app, running).lines if one.line.id == case_id), None)
    if line is None:
        raise NotThere("这件案例不在排序中，请返回后重新选择。")
    form = OutcomeForm(data={"outcome": line.outcome, "reason": line.by_hand})

    def act() -> Response:
        commands.decide_by_hand(
            app,
            case_id=case_id,
            outcome=Outcome(form.outcome.data),
            reason=form.reason.data,
            by=me(),
            campaign_id=running.id,
            command=form.command,
        )
        flash(f"{line.line.number}已确定为{OUTCOMES[form.outcome.data]}。", "done")
        return to(at("/centre/decision"))

    return answer_form(form, "centre/by_hand.html", act, line=line, outcomes=OUTCOMES, back=_back())


@asks("publish_results")
def publish() -> Response:
    """The last look at the list, and the button that publishes it."""
    app, running, form = pieces(), campaign(), PlainForm()
    page = queries.decision_page(app, running)
    if request.method == "GET" and page.decision and page.decision.published_at:
        return to(at("/centre/decision"))
    listed = [line for line in page.lines if line.outcome in {"exemplary", "showcase"}]

    def act() -> Response:
        count = commands.publish_decision(app, by=me(), campaign_id=running.id, command=form.command)
        flash(f"名单已公布，共{count}件案例。结果和证书将陆续送达作者。", "done")
        return to(at("/centre/decision"))

    return answer_form(
        form,
        "centre/decision_publish.html",
        act,
        page=page,
        listed=listed,
        unshown=not_shown(app, running) & {line.line.id for line in listed},
        counted=Counter((line.line.category, line.outcome) for line in listed),
        categories=[one.name for one in running.categories],
        outcomes=OUTCOMES,
        issuer=running.issuer,
        back=_back(),
    )
