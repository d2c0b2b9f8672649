"""What an expert posts: the statement, marks by the campaign's rubric, a recusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import BooleanField, FloatField, HiddenField, TextAreaField
from wtforms.validators import Optional

from shared.campaign.parts import Criterion
from shared.web.forms import AtMost, ChineseForm, Filled, bare

COMMENT = 500


class StatementForm(ChineseForm):
    """The promise of confidentiality and avoidance, and units to keep away from."""

    units = TextAreaField("需要回避的单位", filters=[bare], validators=[AtMost(2000)])
    accepted = BooleanField("本人已阅读并接受以上承诺")


class RecuseForm(ChineseForm):
    """Steps back from a case."""

    reason = TextAreaField("回避原因", filters=[bare], validators=[Filled(), AtMost(COMMENT)])


class MarkField(FloatField):  # type: ignore[misc] # the form library has no types
    """A mark, written without needless decimals: 18, 18.5."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:g}"


class ScoreForm(ChineseForm):
    """The comment; ``score_form`` adds a field for each criterion. ``rev`` is there for saving while one types."""

    rev = HiddenField()
    comment = TextAreaField("推荐意见", filters=[bare], validators=[AtMost(COMMENT)])


def score_form(rubric: Sequence[Criterion], data: dict[str, Any]) -> ScoreForm:
    """A form with a mark for each criterion of the rubric, the field named by the criterion's code."""
    fields = {one.code: MarkField(one.name, validators=[Optional()]) for one in rubric}
    form: ScoreForm = type("RubricForm", (ScoreForm,), fields)(data=data)
    return form


def marks_of(form: ScoreForm, rubric: Sequence[Criterion]) -> dict[str, float]:
    """The marks that were given."""
    return {one.code: form[one.code].data for one in rubric if form[one.code].data is not None}
