"""Fields and checks that several forms share, and what it means to save a draft."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from flask import request
from wtforms import Form, RadioField, SelectMultipleField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from services.intake.domain.mobile import normal_mobile
from shared.trouble import Refused
from shared.web.forms import ChineseForm, Chosen, Filled

DRAFT = "draft"


class _Coded(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...


def choices(items: Iterable[_Coded]) -> list[Any]:
    """The choices of a campaign's list."""
    return [SelectChoice(item.code, item.name) for item in items]


def is_draft() -> bool:
    """Whether the form is saved as it is, to be completed later."""
    return bool(request.form.get("then") == DRAFT)


class Needed(Filled):
    """Filled in, unless the form is saved as a draft."""

    def __call__(self, form: Form, field: Any) -> None:
        if not is_draft():
            super().__call__(form, field)


class Picked(Chosen):
    """Chosen, unless the form is saved as a draft."""

    def __call__(self, form: Form, field: Any) -> None:
        if not is_draft():
            super().__call__(form, field)


class FittingMobile:
    """A mainland mobile, however it is written."""

    def __call__(self, form: Form, field: Any) -> None:  # noqa: ARG002  # the library's signature
        if field.data:
            try:
                normal_mobile(field.data)
            except Refused as refused:
                raise ValidationError(refused.message) from None


class PlainChoice(RadioField):  # type: ignore[misc]  # wtforms ships no types
    """Radio buttons of which none may be taken yet."""

    def pre_validate(self, form: Form) -> None:
        """Nothing chosen is fine; anything chosen must be one of the choices."""
        if self.data not in (None, "", "None"):
            super().pre_validate(form)


class Boxes(SelectMultipleField):  # type: ignore[misc]  # wtforms ships no types
    """Several boxes, none of which need be ticked."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class PlainForm(ChineseForm):
    """Only a button."""
