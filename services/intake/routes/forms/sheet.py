"""Forms of the information sheet: a new case, about it, its authors, the declaration."""

from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import NumberRange, Optional, ValidationError
from wtforms.widgets import TableWidget

from services.intake.domain.mobile import normal_mobile
from services.intake.domain.sheet import (
    NAME_LETTERS,
    SOURCES_LETTERS,
    SUMMARY_LETTERS,
    TITLE_LETTERS,
    UNIT_LETTERS,
    About,
    Author,
    Authors,
    Declaration,
)
from services.intake.routes.forms.fields import Boxes, Needed, Picked, PlainChoice, choices, is_draft
from shared.campaign.model import Campaign
from shared.counting import count
from shared.trouble import Refused
from shared.web.forms import AtMost, ChineseForm, Chosen, Filled, Mail, Rows, bare

_ENTRIES_READ = 10
"""So many authors are read from a form; more than the campaign's limit are refused, not cut off."""


class NewCaseForm(ChineseForm):
    """Begin a draft."""

    title = StringField("案例名称", filters=[bare], validators=[Filled(), AtMost(TITLE_LETTERS)])
    category = RadioField("案例类型", validators=[Chosen()])

    def offer(self, campaign: Campaign) -> None:
        """Fill the choices from the campaign."""
        self.category.choices = choices(campaign.categories)


class SheetForm(ChineseForm):
    """The case itself: name, category, summary, and a studio's facts."""

    rev = HiddenField()
    title = StringField("案例名称", filters=[bare], validators=[Needed(), AtMost(TITLE_LETTERS)])
    category = PlainChoice("案例类型", validators=[Picked()])
    summary = TextAreaField("案例概述", filters=[bare], validators=[Needed(), AtMost(SUMMARY_LETTERS)])
    studio_address = StringField("工作室平台地址", filters=[bare], validators=[AtMost(300)])
    studio_contribution = IntegerField("年度贡献值", validators=[Optional(), NumberRange(min=0, max=1_000_000)])
    studio_live_sessions = IntegerField("全年直播活动次数", validators=[Optional(), NumberRange(min=0, max=10_000)])

    def offer(self, campaign: Campaign) -> None:
        """Fill the choices from the campaign, and hold its limits."""
        self.category.choices = choices(campaign.categories)
        self.campaign = campaign

    def validate_summary(self, field: Any) -> None:
        """No more 字 than the campaign allows, unless it is a draft."""
        limit, words = self.campaign.limits.summary_words, count(field.data or "").low
        if not is_draft() and words > limit:
            raise ValidationError(f"案例概述{words}字，不超过{limit}字，请删去至少{words - limit}字。")

    def show(self, about: About) -> None:
        """Fill the fields from what is kept."""
        self.process(
            data={
                "rev": str(about.rev),
                "title": about.title,
                "category": about.category or None,
                "summary": about.summary,
                "studio_address": about.studio.address,
                "studio_contribution": about.studio.contribution,
                "studio_live_sessions": about.studio.live_sessions,
            }
        )


class AuthorForm(Form):  # type: ignore[misc]  # wtforms ships no types
    """One author."""

    class Meta:
        """Own messages instead of the library's catalogue."""

        get_translations = ChineseForm.Meta.get_translations
        bind_field = ChineseForm.Meta.bind_field

    name = StringField("姓名", filters=[bare], validators=[AtMost(NAME_LETTERS)])
    unit = StringField("工作单位", filters=[bare], validators=[AtMost(UNIT_LETTERS)])
    title = StringField("职称/职务", filters=[bare], validators=[AtMost(NAME_LETTERS)])
    mobile = StringField("手机", filters=[bare], validators=[])
    email = StringField("电子邮箱", filters=[bare], validators=[Mail(), AtMost(100)])
    host = BooleanField("工作室主持人")

    def is_blank(self) -> bool:
        """Whether nothing was filled in."""
        return not any((self.name.data, self.unit.data, self.title.data, self.mobile.data, self.email.data))

    def author(self) -> Author:
        """What the form says; a mobile in its one spelling where it is one."""
        return Author(
            name=self.name.data or "",
            unit=self.unit.data or "",
            title=self.title.data or "",
            mobile=_normal_or_typed(self.mobile.data or ""),
            email=self.email.data or "",
            host=bool(self.host.data),
        )


def _normal_or_typed(written: str) -> str:
    try:
        return normal_mobile(written)
    except Refused:
        return written[:40]


class AuthorsForm(ChineseForm):
    """At most three authors, in the order in which certificates name them."""

    rev = HiddenField()
    people = Rows(FormField(AuthorForm), min_entries=3, max_entries=_ENTRIES_READ, widget=TableWidget())

    limit = 3

    def filled(self) -> list[tuple[int, AuthorForm]]:
        """The authors that were filled in, with their places on the page."""
        return [(place, entry.form) for place, entry in enumerate(self.people) if not entry.form.is_blank()]

    def validate(self, extra_validators: Any = None) -> bool:
        """Each author complete, none twice, none too many; a draft is taken as it is."""
        fits = bool(super().validate(extra_validators))
        filled = self.filled()
        if len(filled) > self.limit:
            over = len(filled) - self.limit
            self.form_errors = [f"作者{len(filled)}人，每件案例不超过{self.limit}人，请删去{over}人。"]
            return False
        if is_draft():
            return fits
        if not filled:
            self.people[0].form.name.errors = ["请填写第1位作者的姓名。"]
            return False
        for place, entry in filled:
            fits = self._complete(place, entry) and fits
        return self._distinct(filled) and fits

    @staticmethod
    def _complete(place: int, entry: AuthorForm) -> bool:
        fits = True
        for field in (entry.name, entry.unit, entry.title, entry.mobile):
            if not (field.data or "").strip():
                field.errors = [f"请填写第{place + 1}位作者的{field.label.text}。"]
                fits = False
        if entry.mobile.data:
            try:
                normal_mobile(entry.mobile.data)
            except Refused as refused:
                entry.mobile.errors = [refused.message]
                fits = False
        return fits

    @staticmethod
    def _distinct(filled: list[tuple[int, AuthorForm]]) -> bool:
        seen: dict[str, int] = {}
        for place, entry in filled:
            mobile = _normal_or_typed(entry.mobile.data or "")
            if mobile and mobile in seen:
                earlier = seen[mobile] + 1
                entry.mobile.errors = [f"第{place + 1}位作者与第{earlier}位作者的手机号相同，请核对。"]
                return False
            seen[mobile] = place
        return True

    def authors(self) -> Authors:
        """What the form says."""
        return Authors(rev=as_rev(self.rev.data), people=tuple(entry.author() for _, entry in self.filled()))

    def show(self, authors: Authors) -> None:
        """Fill the fields from what is kept."""
        people = [
            {name: getattr(author, name) for name in ("name", "unit", "title", "mobile", "email", "host")}
            for author in authors.people
        ]
        blank = max(0, self.limit - len(people))
        self.process(data={"rev": str(authors.rev), "people": [*people, *({} for _ in range(blank))]})


def as_rev(written: str | None) -> int:
    """The revision a form bears; one that was tampered with fits none."""
    return int(written) if written and written.isascii() and written.isdecimal() and len(written) < 9 else -1


class DeclarationForm(ChineseForm):
    """Declaration, consents, sources. The boxes for the consents are made for each campaign by ``declaration_form``."""

    rev = HiddenField()
    sources = TextAreaField("非原创部分的出处", filters=[bare], validators=[Needed(), AtMost(SOURCES_LETTERS)])
    minors = PlainChoice(
        "材料中是否出现不满十四周岁的未成年人",
        choices=[SelectChoice("none", "没有出现"), SelectChoice("consented", "有出现，已取得监护人同意")],
        validators=[Picked("请说明材料中是否出现不满十四周岁的未成年人。")],
    )
    declared = BooleanField("作者声明")
    signed_on_scan = Boxes("已在上传的附表1上手写签名的作者")


def declaration_form(campaign: Campaign) -> type[DeclarationForm]:
    """The form with a box for each consent of the campaign."""
    boxes: dict[str, Any] = {
        f"consent_{consent.code}": BooleanField(consent.wording) for consent in campaign.texts.consents
    }

    def validate(self: DeclarationForm, extra_validators: Any = None) -> bool:
        fits = bool(DeclarationForm.validate(self, extra_validators))
        if is_draft():
            return fits
        if not self.declared.data:
            self.declared.errors = ["请阅读并勾选作者声明。"]
            fits = False
        for name in boxes if campaign.consents_are_conditions else ():
            field = self[name]
            if not field.data:
                field.errors = [f"请阅读并勾选{campaign.texts.consents_title}：{field.label.text.rstrip('。')}。"]
                fits = False
        return fits

    return type("CampaignDeclarationForm", (DeclarationForm,), {**boxes, "validate": validate})


def shown_declaration(declaration: Declaration) -> dict[str, Any]:
    """The form's fields from what is kept."""
    given = {f"consent_{agreed.code}": True for agreed in declaration.consents}
    return {
        "rev": str(declaration.rev),
        "sources": declaration.sources,
        "minors": declaration.minors or None,
        "declared": declaration.declared is not None,
        "signed_on_scan": list(declaration.signed_on_scan),
        **given,
    }
