"""What people post about their account: code, password, number of the second factor."""

from __future__ import annotations

from wtforms import Field, Form, PasswordField, StringField
from wtforms.validators import ValidationError

from shared.web.forms import ChineseForm, Filled, Mobile, bare, digits


class Same:
    """The field says the same as another."""

    def __init__(self, other: str) -> None:
        self.other = other

    def __call__(self, form: Form, field: Field) -> None:
        if field.data and field.data != form[self.other].data:
            raise ValidationError("两次填写的密码不一致，请重新填写。")


class Number:
    """A number as authenticator apps show it: six digits."""

    def __call__(self, _form: Form, field: Field) -> None:
        if field.data and not (len(field.data) == 6 and field.data.isdecimal()):
            raise ValidationError("动态验证码为6位数字，请按手机应用上显示的填写。")


class PlainForm(ChineseForm):
    """Nothing but a button."""


class ActivateForm(ChineseForm):
    """Spends an activation code."""

    mobile = StringField("手机号", filters=[digits], validators=[Filled(), Mobile()])
    code = StringField("激活码", filters=[bare], validators=[Filled()])
    password = PasswordField("设置密码", validators=[Filled("请设置密码。")])
    password_again = PasswordField("再次输入密码", validators=[Filled("请再次输入密码。"), Same("password")])


class NumberForm(ChineseForm):
    """Shows that the app on the phone works."""

    number = StringField("动态验证码", filters=[digits], validators=[Filled(), Number()])


class LoginForm(ChineseForm):
    """Logs in; the number is judged together with the rest, so that nobody learns which part was wrong."""

    mobile = StringField("手机号", filters=[digits], validators=[Filled(), Mobile()])
    password = PasswordField("密码", validators=[Filled()])
    number = StringField("动态验证码", filters=[digits], validators=[Number()])


class PasswordForm(ChineseForm):
    """Changes the password."""

    password_present = PasswordField("现在的密码", validators=[Filled()])
    password = PasswordField("新密码", validators=[Filled()])
    password_again = PasswordField("再次输入新密码", validators=[Filled("请再次输入新密码。"), Same("password")])
