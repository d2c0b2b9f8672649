"""Pages that hand a case over to a co-author: for the holder, and for the one it is offered to."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, request
from wtforms import RadioField
from wtforms.fields import SelectChoice

from services.intake import queries
from services.intake.domain.handover import check_handing_over, may_take, open_offer
from services.intake.domain.window import in_the_way
from services.intake.handlers import handover as commands
from services.intake.routes.at_hand import account, closed_page, opened, pieces
from services.intake.routes.forms.fields import PlainForm
from shared.web.access import asks, who
from shared.web.app import received_at
from shared.web.forms import ChineseForm, Chosen, answer_form

KEEP = "keep"
TAKE = "take"


class OfferForm(ChineseForm):
    """To whom."""

    refused_title = "未能移交"
    person = RadioField("移交给", validators=[Chosen("请选择移交给哪位作者。")])


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))


@asks("own_cases")
def hand_over(case_id: str) -> Response:
    """The holder offers the case to a co-author, or keeps it after all."""
    app, case, campaign = opened(case_id)
    back = ("返回案例", f"/cases/{case_id}")
    if request.method == "GET" and (closed := in_the_way(lambda: check_handing_over(case, campaign, pieces().clock()))):
        return closed_page("移交案例", closed, above=case.about.title, onward=[back])
    waiting, form = open_offer(case), OfferForm()
    mine = account().person
    others = [one for one in case.authors.people if one.person != mine and may_take(case, one.person)]
    form.person.choices = [SelectChoice(one.person, f"{one.name}（{one.unit}）") for one in others]
    if request.form.get("then") == KEEP:
        return _keep(case_id)

    def act() -> Response:
        name = commands.offer_case(
            app,
            commands.OfferCase(
                case_id=case_id,
                account_id=who().id,
                person=form.person.data,
                received_at=received_at(),
                command=form.command,
            ),
        )
        flash(f"已请{name}接手。对方接手前，案例仍由您填写和报送。", "done")
        return _to(f"/cases/{case_id}")

    page = queries.page_of(app, case)
    return answer_form(form, "hand_over.html", act, page=page, waiting=waiting, others=others, back=back)


def _keep(case_id: str) -> Response:
    form = PlainForm()
    if form.validate():
        commands.take_back_case(
            pieces(),
            commands.TakeBackCase(
                case_id=case_id, account_id=who().id, received_at=received_at(), command=form.command
            ),
        )
        flash("已收回移交，案例仍由您填写和报送。", "done")
    return _to(f"/cases/{case_id}")


@asks("own_cases")
def take_over(case_id: str) -> Response:
    """The co-author takes the case, or declines."""
    app, author = pieces(), account()
    if request.method == "GET" and app.cases.get(case_id).account_id == author.id:
        return _to(f"/cases/{case_id}")
    shared = queries.shared_case(app, case_id, author)
    back = ("返回案例", f"/cases/{case_id}/read")
    form = PlainForm()
    form.refused_title = "未能办理"

    def act() -> Response:
        taken = commands.answer_handover(
            app,
            commands.AnswerHandover(
                case_id=case_id,
                account_id=author.id,
                taken=request.form.get("then") == TAKE,
                received_at=received_at(),
                command=form.command,
            ),
        )
        if taken:
            flash("案例已由您接手，由您填写和报送。", "done")
            return _to(f"/cases/{case_id}")
        flash("已记录：您不接手这个案例，填写人会收到通知。", "done")
        return _to(f"/cases/{case_id}/read")

    if request.method == "GET" and not shared.offered:
        why = "没有等您答复的移交，可能已被收回或已经办理。"
        return closed_page("接手案例", why, above=shared.title, onward=[back])
    return answer_form(form, "take_over.html", act, shared=shared, back=back)
