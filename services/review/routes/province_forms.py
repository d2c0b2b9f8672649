"""What a province posts: marks, the order of its shortlist, its confirmation."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import Optional

from shared.web.forms import AtMost, ChineseForm, Chosen, Ticked, bare, pick

REASON = 300


class MarkForm(ChineseForm):
    """Recommends a case, or not, with a reason."""

    mark = RadioField(
        "初筛意见",
        choices=pick(("recommended", "推荐"), ("declined", "不推荐"), ("none", "暂不处理")),
        validators=[Chosen()],
    )
    reason = TextAreaField("理由", filters=[bare], validators=[AtMost(REASON)])


class RecommendForm(ChineseForm):
    """Recommends many cases at once; the cases are the fields ``case``."""

    reason = TextAreaField("推荐理由", filters=[bare], validators=[AtMost(REASON)])


class MoveForm(ChineseForm):
    """Moves one case to another place: by a button beside it (``move`` is ``<case id>:up``), or by two places."""

    move = StringField("移动")
    place = IntegerField("现在的位次", validators=[Optional()])
    to = IntegerField("移到第几位", validators=[Optional()])


class ConfirmForm(ChineseForm):
    """Nothing but a button."""


class NoneForm(ChineseForm):
    """The province recommends nothing."""

    sure = BooleanField("本省（自治区、直辖市）本次不推荐案例", validators=[Ticked("请先勾选确认，再提交。")])
