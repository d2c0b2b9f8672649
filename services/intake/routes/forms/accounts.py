"""Forms about an account."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from services.intake.domain.account import Profile, check_password
from services.intake.domain.sheet import NAME_LETTERS, UNIT_LETTERS
from services.intake.routes.forms.fields import FittingMobile, choices
from shared.campaign.model import Campaign
from shared.trouble import Refused
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, Mail, Ticked, bare


class GoodPassword:
    """A password the rules accept for the mobile in the same form."""

    def __call__(self, form: Any, field: Any) -> None:
        mobile = form.mobile.data or "" if "mobile" in form else ""
        try:
            check_password(field.data or "", mobile=mobile)
        except Refused as refused:
            raise ValidationError(refused.message) from None


class SamePassword:
    """The same as the field of that name."""

    def __init__(self, other: str) -> None:
        self.other = other

    def __call__(self, form: Any, field: Any) -> None:
        if field.data != form[self.other].data:
            raise ValidationError("两次填写的密码不一致，请重新填写。")


class ProfileForm(ChineseForm):
    """Who an author is and where they work."""

    name = StringField("姓名", filters=[bare], validators=[Filled(), AtMost(NAME_LETTERS)])
    province = SelectField("省（自治区、直辖市）", validators=[Chosen()])
    city = StringField("市（州、盟）", filters=[bare], validators=[Filled(), AtMost(NAME_LETTERS)])
    county = StringField("县（市、区、旗）", filters=[bare], validators=[Filled(), AtMost(NAME_LETTERS)])
    unit = StringField("工作单位全称", filters=[bare], validators=[Filled(), AtMost(UNIT_LETTERS)])
    unit_type = RadioField("单位类型", validators=[Chosen()])
    role = RadioField("人员类别", validators=[Chosen()])
    email = StringField("电子邮箱", filters=[bare], validators=[Mail(), AtMost(100)])

    def offer(self, campaign: Campaign) -> None:
        """Fill the choices from the campaign."""
        self.province.choices = [SelectChoice("", "请选择"), *choices(campaign.provinces)]
        self.unit_type.choices = choices(campaign.unit_types)
        self.role.choices = choices(campaign.roles)

    def profile(self) -> Profile:
        """What the form says."""
        return Profile(
            name=self.name.data,
            province=self.province.data,
            city=self.city.data,
            county=self.county.data,
            unit=self.unit.data,
            unit_type=self.unit_type.data,
            role=self.role.data,
            email=self.email.data or "",
        )


class RegisterForm(ProfileForm):
    """Make an account."""

    refused_title = "未能注册"
    _fields: dict[str, Any]

    mobile = StringField("手机号", filters=[bare], validators=[Filled(), FittingMobile()])
    password = PasswordField("密码", validators=[Filled(), GoodPassword()])
    password_again = PasswordField("再次输入密码", validators=[Filled(), SamePassword("password")])
    privacy = BooleanField("我已阅读并同意隐私说明", validators=[Ticked("请先阅读并勾选同意隐私说明，再注册。")])

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        first = ("name", "mobile", "password", "password_again")  # as on the page, for the error summary goes by it
        self._fields = {name: self._fields[name] for name in (*first, *self._fields)}


class LoginForm(ChineseForm):
    """Sign in."""

    refused_title = "未能登录"

    mobile = StringField("手机号", filters=[bare], validators=[Filled(), FittingMobile()])
    password = PasswordField("密码", validators=[Filled()])


class ChangePasswordForm(ChineseForm):
    """Set another password."""

    password_present = PasswordField("现在的密码", validators=[Filled()])
    password_new = PasswordField("新密码", validators=[Filled(), GoodPassword()])
    password_again = PasswordField("再次输入新密码", validators=[Filled(), SamePassword("password_new")])


class AskResetForm(ChineseForm):
    """Ask for a code by mail."""

    mobile = StringField("手机号", filters=[bare], validators=[Filled(), FittingMobile()])


class ResetForm(ChineseForm):
    """Set another password by the code from the mail."""

    mobile = StringField("手机号", filters=[bare], validators=[Filled(), FittingMobile()])
    code = StringField("邮件中的验证码", filters=[bare], validators=[Filled()])
    password_new = PasswordField("新密码", validators=[Filled(), GoodPassword()])
    password_again = PasswordField("再次输入新密码", validators=[Filled(), SamePassword("password_new")])
