"""The centre's permissions to hand in after the bell: the list of them, and the form that gives one."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, request
from wtforms import StringField, TextAreaField

from services.review.handlers import late as commands
from services.review.queries.late import permissions
from services.review.routes.at_hand import pieces, to
from services.review.routes.centre_at_hand import campaign, me, to_desk
from services.review.routes.centre_campaign import BeijingTime, beijing
from shared.text import bare_number, is_mobile
from shared.web.access import asks
from shared.web.forms import AtMost, ChineseForm, Filled, answer_form, bare


def _either(text: str) -> str:
    """A mobile or a case's number as the platform writes them, however they were typed."""
    digits = bare_number(text)
    if len(digits) == len("2024482130572"):
        return f"{digits[:4]}-{digits[4:7]}-{digits[7:10]}-{digits[10:]}"
    return digits if is_mobile(digits) else text


class LateForm(ChineseForm):
    """Permits one case, or one of an account's, to be handed in late."""

    whom = StringField(
        "案例编号或作者手机号", filters=[bare], validators=[Filled("请填写案例编号，或作者登录用的手机号。")]
    )
    expires = StringField("有效期至", filters=[bare], validators=[Filled("请填写有效期。"), BeijingTime()])
    reason = TextAreaField("原因", filters=[bare], validators=[Filled("请填写许可的原因，作者会看到。"), AtMost(200)])


@asks("permit_late")
def overview() -> Response:
    """Permissions given, used and expired."""
    lines = permissions(pieces(), campaign())
    return make_response(render_template("centre/late.html", lines=lines, back=to_desk()))


@asks("permit_late")
def give() -> Response:
    """Give a permission."""
    running, form = campaign(), LateForm()
    if not form.is_submitted():
        form.whom.data = request.args.get("number", "")

    def act() -> Response:
        name = commands.permit_late(
            pieces(),
            campaign=running,
            text=_either(form.whom.data),
            expires_at=beijing(form.expires.data),
            reason=form.reason.data,
            by=me(),
            command=form.command,
        )
        flash(f"已许可{name}补报一次，几秒内作者在案例页面即可看到。", "done")
        return to("/centre/late")

    return answer_form(form, "centre/late_give.html", act, campaign=running, back=("返回补报许可", "/centre/late"))
