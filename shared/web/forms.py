"""Forms in Chinese: the base class, the answer to a posted form, and the validators services use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import Response, make_response, render_template, request
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, Form, HiddenField, PasswordField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation, ValidationError

from shared.counting import count
from shared.text import bare_number, is_mail_address, is_mobile, one_line
from shared.trouble import Refused
from shared.web import arrival, kept
from shared.web.messages import ChineseMessages
from shared.web.watching import count_refusal

_MESSAGES = ChineseMessages()
_VERBS = ("再次输入", "输入", "选择", "上传")
"""Labels that say themselves what to do: 请再次输入密码。"""


_NOT_LINES = (TextAreaField, PasswordField, HiddenField)


def _line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _fresh_id(value: str | None) -> str:
    """A posted command id, or a new one when there is none or it is not one of ours."""
    try:
        return str(UUID(value or ""))
    except ValueError:
        return str(uuid4())


class ChineseForm(FlaskForm):
    """A form whose every message is Chinese and which bears the id of the command it gives."""

    class Meta(FlaskForm.Meta):
        """Own messages instead of the library's catalogue."""

        def get_translations(self, _form: Form) -> ChineseMessages:
            return _MESSAGES

        def bind_field(self, form: Form, unbound_field: Any, options: dict[str, Any]) -> Field:
            """A field of one line holds one line, whatever was pasted into it."""
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, _NOT_LINES):
                options = {**options, "filters": (_line, *unbound_field.kwargs.get("filters", ()))}
            return unbound_field.bind(form=form, **options)

    command_id = HiddenField(filters=[_fresh_id])
    refused_title = "未能完成"
    """Heads the summary where the rules refuse the whole and no field can be mended."""

    @property
    def command(self) -> str:
        """The id of the command: the same for the same contents posted twice, another for changed contents."""
        return str(uuid5(UUID(self.command_id.data), repr(arrival.contents())))

    def refuse(self, refused: Refused) -> None:
        """Put a refusal of the rules beside its field, or on top when it is about none."""
        field = self._fields.get(refused.field) if refused.field else None
        if field is None or isinstance(field, HiddenField):
            self.form_errors: list[str] = [*self.form_errors, refused.message]
        else:
            field.errors = [*field.errors, refused.message]


def answer_form(
    form: ChineseForm,
    template: str,
    act: Callable[[], Response],
    *,
    beside: Callable[[], Mapping[str, Any]] = dict,
    **values: Any,
) -> Response:
    """Show the form, or do ``act`` when it was posted and is valid; what was typed returns with each message.

    ``act`` reads the form, gives the command and returns the response, usually a redirect. When it raises Refused,
    the message is shown on the form. ``beside`` gives what the page shows besides ``values`` and is asked only where
    the page is shown.
    """

    def page(status: int = 200) -> Response:
        return make_response(render_template(template, form=form, **values, **beside()), status)

    if request.method != "POST" or kept.is_arriving():
        return page()
    if not form.validate():
        return page(422)
    try:
        return act()
    except Refused as refused:
        if refused.status in {403, 404}:
            raise
        count_refusal(refused)
        form.refuse(refused)
        return page(refused.status)


class Filled:
    """The field must be filled in; the message names it: 请填写姓名。 请再次输入密码。"""

    field_flags = {"required": True}  # noqa: RUF012 # wtforms reads it so

    def __init__(self, message: str | None = None) -> None:
        self.message = message

    def __call__(self, _form: Form, field: Field) -> None:
        if field.data and (not isinstance(field.data, str) or field.data.strip()):
            return
        field.errors = []
        label = field.label.text
        asked = f"请{label}。" if label.startswith(_VERBS) else f"请填写{label}。"
        raise StopValidation(self.message or asked)


class Chosen(Filled):
    """One of the choices must be taken; the message names the field: 请选择案例类别。"""

    def __call__(self, _form: Form, field: Field) -> None:
        if field.data in (None, "", [], "None"):
            field.errors = []
            raise StopValidation(self.message or f"请选择{field.label.text}。")


class Ticked(Filled):
    """A box must be ticked: 请勾选“…”。"""

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data:
            field.errors = []
            raise StopValidation(self.message or f"请勾选“{field.label.text}”。")


class Mobile:
    """A mobile number of the mainland: eleven digits beginning with 1."""

    def __call__(self, _form: Form, field: Field) -> None:
        if field.data and not is_mobile(field.data):
            raise ValidationError("手机号应为11位数字，例如13800001234。")


class Mail:
    """An e-mail address that could exist, and that mail servers take."""

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data or is_mail_address(field.data):
            return
        if not field.data.isascii():
            raise ValidationError("电子邮箱只能使用英文字母、数字和英文符号，例如name@example.com。")
        raise ValidationError("电子邮箱格式不正确，例如name@example.com。")


class Rows(FieldList):
    """A list of fields whose numbers are plain ones: ``people-²-name`` is nobody's."""

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        for name in formdata:
            number = name.removeprefix(f"{prefix}-").split("-", 1)[0] if name.startswith(f"{prefix}-") else ""
            if number.isascii() and number.isdecimal() and len(number) < 4:
                yield int(number)


class WordsAtMost:
    """No more than ``limit`` 字, counted as the notice's limits are; the page counts along."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.field_flags = {"words": limit}

    def __call__(self, _form: Form, field: Field) -> None:
        over = count(field.data or "").low - self.limit
        if over > 0:
            raise ValidationError(f"{field.label.text}最多{self.limit}字，请删去{over}字。")


class AtMost:
    """No more than ``letters`` letters."""

    def __init__(self, letters: int) -> None:
        self.letters = letters

    def __call__(self, _form: Form, field: Field) -> None:
        if field.data and len(field.data) > self.letters:
            over = len(field.data) - self.letters
            raise ValidationError(f"{field.label.text}最多{self.letters}个字，请删去{over}个字。")


def pick(*pairs: tuple[str, str]) -> list[SelectChoice]:
    """Choices of a radio, select or checkbox field, each a value and its words; ``pick(("", "请选择"), …)``."""
    return [SelectChoice(value, words) for value, words in pairs]


def bare(value: str | None) -> str | None:
    """A filter that takes spaces and line ends off both sides: ``filters=[bare]``."""
    return value.strip() if value else value


def digits(value: str | None) -> str | None:
    """A filter that takes spaces and dashes out of a number as people write it: 138 0000-1234."""
    return bare_number(value) if value else value
