"""The page on which an author sees their consents to sharing, takes them back, or gives them again."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect
from wtforms import BooleanField

from services.intake import queries
from services.intake.handlers.consents import ChooseConsents, choose_consents
from services.intake.queries import ConsentsPage
from services.intake.routes.at_hand import account, closed_page, pieces
from services.intake.routes.forms.fields import PlainForm
from shared.web.access import asks
from shared.web.app import received_at
from shared.web.forms import answer_form


@asks("own_cases")
def consents(case_id: str) -> Response:
    """See what one agreed to, take it back or give it again."""
    app, author = pieces(), account()
    page = queries.consents_page(app, case_id, author)
    back = ("返回案例", f"/cases/{case_id}" if page.is_holder else f"/cases/{case_id}/read")
    if page.closed:
        return closed_page(page.heading, page.closed, above=page.title, onward=[back])
    form = _form(page)(data={f"consent_{one.code}": one.given for one in page.lines})
    form.refused_title = "未能保存"

    def act() -> Response:
        changed = choose_consents(
            app,
            ChooseConsents(
                case_id=case_id,
                account_id=author.id,
                given=tuple(one.code for one in page.lines if form[f"consent_{one.code}"].data),
                received_at=received_at(),
                command=form.command,
            ),
        )
        flash("您的选择已保存并存档。" if changed else "没有改动。", "done")
        return make_response(redirect(f"/cases/{case_id}/consents", 303))

    return answer_form(form, "consents.html", act, page=page, back=back)


def _form(page: ConsentsPage) -> type[PlainForm]:
    boxes: dict[str, Any] = {f"consent_{one.code}": BooleanField(one.wording) for one in page.lines}
    return type("ConsentsForm", (PlainForm,), boxes)
